"""Epoch keys in a token: a real one, SoftHSM, through PKCS#11."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from comity.intake.epochs import BACKUPS_KEPT, begin, bring_over, end, known
from comity.record import key_file
from comity.record.epochs import HeldKey, Remembered
from comity.record.errors import KeyDestroyedError, KeyFileError, SealBrokenError
from comity.record.keys import WrappedKey, load_or_create
from comity.record.seal import place
from comity.record.store import data_keys, stored_keys
from comity.record.token import InToken, token
from comity.record.token_uri import TokenUri
from comity.store import Role

HERE, ELSEWHERE = place("record.subject_key", "wrapped", uuid4()), place("record.subject_key", "wrapped", uuid4())


@pytest.fixture
def held(token_uri):
    custodian = InToken(token_uri)
    return custodian.open(7, custodian.make(7))


@pytest.fixture
def path(tmp_path):
    load_or_create(tmp_path / "keys" / "record.keys")
    return tmp_path / "keys" / "record.keys"


def test_a_data_key_is_wrapped_in_the_token_and_opens_at_its_place_alone(held):
    key = secrets.token_bytes(32)
    wrapped = held.asked.wrap(key, HERE)
    assert key not in wrapped
    assert held.asked.unwrap(wrapped, HERE) == key
    with pytest.raises(SealBrokenError):
        held.asked.unwrap(wrapped, ELSEWHERE)
    with pytest.raises(SealBrokenError):
        held.asked.unwrap(wrapped[:-1] + bytes([wrapped[-1] ^ 1]), HERE)


@pytest.mark.parametrize("length", [0, 5, 12, 20, 28])
def test_attack_a_truncated_key_is_refused_without_a_traceback_of_a_library(held, length):
    with pytest.raises(SealBrokenError):
        held.asked.unwrap(bytes(length), HERE)


def test_the_wrapping_key_cannot_be_had_from_the_token(token_uri):
    import pkcs11

    identity = token(token_uri).make_key("comity epoch 9")
    found = token(token_uri)._session.get_key(id=identity)
    assert found[pkcs11.Attribute.ALWAYS_SENSITIVE]
    assert found[pkcs11.Attribute.NEVER_EXTRACTABLE]
    with pytest.raises(pkcs11.exceptions.AttributeSensitive):
        found[pkcs11.Attribute.VALUE]


def test_a_node_moves_its_keys_into_a_token_and_the_key_file_opens_nothing_any_more(path, token_uri):
    before = load_or_create(path)
    person, statement = uuid4(), uuid4()
    old, key = before.new_data_key(person, "police")
    assert key_file.begin_epoch(path, InToken(token_uri)) == 2
    before.refresh()
    new = before.rewrap(old)
    epoch, sealed = before.seal_verbatim(statement, b"a message")
    key_file.destroy_epoch(path, 1)

    after = load_or_create(path)  # as another process has it
    assert (after.node, after.epoch, after.held_in) == (before.node, 2, {2: "token comity"})
    assert after.unwrap(new) == key
    assert after.unseal_verbatim(statement, epoch, sealed) == b"a message"
    with pytest.raises(KeyDestroyedError):
        after.unwrap(old)
    written = path.read_text()
    assert not any(secret.hex() in written for secret in (before.node, key, after._epochs[2].messages))


def test_and_back_into_the_file(path, token_uri):
    node = load_or_create(path).node
    key_file.begin_epoch(path, InToken(token_uri))
    key_file.begin_epoch(path)
    assert load_or_create(path).held_in == {1: "file", 2: "token comity", 3: "token comity"}
    key_file.begin_epoch(path, key_file.custodian_named("file"))
    assert load_or_create(path).held_in[4] == "file"
    assert load_or_create(path).node == node
    assert node.hex() in path.read_text()


def test_what_a_destroyed_key_of_the_token_wrapped_is_gone_and_the_rest_is_there(path, token_uri):
    key_file.begin_epoch(path, InToken(token_uri))
    ring = load_or_create(path)
    wrapped, _ = ring.new_data_key(uuid4(), "police")
    key_file.begin_epoch(path)
    copy = path.read_bytes()  # a backup of the key file, from before
    key_file.destroy_epoch(path, 2)
    path.write_bytes(copy)
    again = load_or_create(path)
    assert set(again.held_in) == {1, 3}
    with pytest.raises(KeyDestroyedError):
        again.unwrap(wrapped)
    key_file.destroy_epoch(path, 2)  # stopped before its line went, it is destroyed again
    assert set(key_file.read(path).epochs) == {1, 3}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of the package, when its search ends
def test_the_token_is_asked_anew_when_its_session_was_lost(held, token_uri):
    wrapped = held.asked.wrap(b"k" * 32, HERE)
    token(token_uri)._session.close()
    assert held.asked.unwrap(wrapped, HERE) == b"k" * 32


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": "another"}, "NoSuchToken"),
        ({"module": Path("/nowhere/module.so")}, "/nowhere/module.so"),
        ({"pin": Path("/nowhere/pin")}, "/nowhere/pin"),
    ],
    ids=["token", "module", "pin"],
)
def test_a_token_that_cannot_be_used_is_told_with_the_mend(token_uri, change, told):
    with pytest.raises(KeyFileError, match=told):
        InToken(replace(token_uri, **change)).make(1)


def test_attack_a_pin_that_others_may_read_is_not_used(tokens):
    uri = tokens["open-pin"]
    uri.pin.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        InToken(uri).make(1)


def test_a_wrong_pin_is_told_and_neither_pin_is(tokens):
    uri = tokens["wrong-pin"]
    uri.pin.write_text("4711-wrong")
    with pytest.raises(KeyFileError, match="PinIncorrect") as refusal:
        InToken(uri).make(1)
    assert "4711" not in str(refusal.value)
    assert refusal.value.__suppress_context__


def test_the_same_key_in_a_token_and_in_a_file_makes_the_same_bytes(held):
    """What a token wrapped has the layout of what is sealed here, so that both are read alike."""
    wrapped = held.asked.wrap(b"k" * 32, HERE)
    assert len(wrapped) == len(HeldKey(b"e" * 32).wrap(b"k" * 32, HERE)) == 12 + 32 + 16
    with pytest.raises(InvalidTag):
        AESGCM(held.messages).decrypt(wrapped[:12], wrapped[12:], HERE)  # and is not under the messages' key


def test_a_working_node_is_brought_over_into_a_token(store, path, token_uri):
    now, people = datetime(2026, 11, 22, 9, tzinfo=UTC), [uuid4() for _ in range(30)]
    with store.connect(Role.INTAKE, autocommit=True) as conn:
        keys = data_keys(conn, load_or_create(path), "police", people)
        assert begin(conn, path, now, str(token_uri)) == 2
        assert bring_over(conn, path, lambda: now).data_keys == 30
        end(conn, path, 1, now + BACKUPS_KEPT)
        assert [(it.number, it.held_in, it.data_keys) for it in known(conn, path, now)] == [
            (1, None, 0),
            (2, "token comity", 30),
        ]
        assert stored_keys(conn, load_or_create(path), people) == keys


# What is remembered


class Counted:
    """A key that counts what it is asked."""

    held_in, messages = "counted", b""

    def __init__(self):
        self.asked, self.key = 0, HeldKey(b"e" * 32)

    def wrap(self, key, where):
        return self.key.wrap(key, where)

    def unwrap(self, wrapped, where):
        self.asked += 1
        return self.key.unwrap(wrapped, where)


def test_what_was_unwrapped_is_remembered_for_so_long_and_so_many():
    slow, now = Counted(), [0.0]
    key = Remembered(slow, most=3, seconds=60, clock=lambda: now[0])
    wrapped = [HeldKey(b"e" * 32).wrap(bytes([n]) * 32, HERE) for n in range(5)]
    assert [key.unwrap(each, HERE)[0] for each in wrapped] == [0, 1, 2, 3, 4]
    assert slow.asked == 5
    assert [key.unwrap(each, HERE)[0] for each in wrapped[2:]] == [2, 3, 4]
    assert slow.asked == 5
    key.unwrap(wrapped[0], HERE)
    assert (slow.asked, len(key._known)) == (6, 3)
    now[0] = 61
    key.unwrap(wrapped[0], HERE)
    assert slow.asked == 7
    assert len(key._known) == 1  # what is too old is not kept in memory
    assert "0000" not in repr(key)


def test_attack_what_is_remembered_for_one_place_does_not_open_at_another():
    key = Remembered(Counted())
    wrapped = key.wrap(b"k" * 32, HERE)
    assert key.unwrap(wrapped, HERE) == b"k" * 32
    with pytest.raises(SealBrokenError):
        key.unwrap(wrapped, ELSEWHERE)


# How a token is named

names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(names, names, names, st.none() | names)
def test_the_name_of_a_token_is_read_as_it_was_written(label, module, pin, serial):
    uri = TokenUri(label, Path("/") / module.lstrip("/"), Path("/") / pin.lstrip("/"), serial)
    assert TokenUri.parse(str(uri)) == uri


GOOD = "pkcs11:token=comity?module-path=/lib/p11.so&pin-source=file:/etc/pin"


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("token=comity", "named so"),
        ("pkcs11:token=comity?module-path=/lib/p11.so", "pin-source"),
        ("pkcs11:?module-path=/lib/p11.so&pin-source=/etc/pin", "token"),
        (GOOD.replace("/lib/", "lib/"), "full path"),
        (GOOD + "&slot-id=3", "slot-id"),
        (GOOD.replace("?", ";token=other?"), "twice"),
        (GOOD + "&pin-value=0815", "Change the PIN"),
    ],
)
def test_a_name_that_is_wrong_is_refused_with_the_mend_and_a_pin_in_it_is_not_repeated(uri, told):
    with pytest.raises(KeyFileError, match=told) as refusal:
        TokenUri.parse(uri)
    assert "0815" not in str(refusal.value)


def test_without_the_package_a_node_whose_keys_are_in_a_token_says_what_to_install(monkeypatch, token_uri):
    monkeypatch.setitem(__import__("sys").modules, "pkcs11", None)
    with pytest.raises(KeyFileError, match=r"comity\[hsm\]"):
        InToken(replace(token_uri, serial="none")).make(1)


def test_keys_are_shown_by_nothing(path, token_uri):
    key_file.begin_epoch(path, InToken(token_uri))
    ring = load_or_create(path)
    shown = " ".join(
        map(
            repr,
            (
                ring,
                ring._epochs,
                key_file.read(path),
                token(token_uri),
                token_uri,
                WrappedKey(uuid4(), "a", 1, b"secret"),
            ),
        )
    )
    secrets_ = [ring.node, ring._epochs[1].key, ring._epochs[2].messages, token_uri.pin.read_bytes().strip()]
    assert not any(secret.hex() in shown or repr(secret)[2:-1] in shown for secret in secrets_)
