"""Sealing, the key file and record ids."""

from __future__ import annotations

import secrets
import stat
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.record.errors import KeyDestroyedError, KeyFileError, SealBrokenError
from comity.record.ids import record_id
from comity.record.keys import Keyring, load_or_create
from comity.record.seal import blind, place, seal, unseal

KEY = bytes(range(32))
ROW = UUID(int=7)


def sealed(text=b"12 Hidden Lane", where=None):
    return seal(KEY, text, where or place("record.person", "protected_address", ROW), secrets.token_bytes(12))


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_where_it_was_sealed(text):
    where = place("record.person", "safe_contact", ROW)
    assert unseal(KEY, seal(KEY, text, where, secrets.token_bytes(12)), where) == text


@pytest.mark.parametrize(
    "where",
    [
        place("record.person", "protected_address", UUID(int=8)),
        place("record.person", "safe_contact", ROW),
        place("record.contact", "protected_address", ROW),
    ],
    ids=["another row", "another column", "another table"],
)
def test_attack_a_ciphertext_moved_elsewhere_does_not_open(where):
    with pytest.raises(SealBrokenError):
        unseal(KEY, sealed(), where)


@pytest.mark.parametrize("position", range(0, 40, 5))
def test_attack_a_flipped_bit_does_not_open(position):
    changed = bytearray(sealed())
    changed[position] ^= 1
    with pytest.raises(SealBrokenError):
        unseal(KEY, bytes(changed), place("record.person", "protected_address", ROW))


@pytest.mark.parametrize("short", [b"", b"123", bytes(12)])
def test_a_truncated_seal_is_refused_without_a_traceback_of_a_library(short):
    with pytest.raises(SealBrokenError):
        unseal(KEY, short, b"x")


def test_blind_index_is_equal_for_equal_values_of_one_field_only():
    assert blind(KEY, "person.safe_contact", "Anna  Berg") == blind(KEY, "person.safe_contact", "anna berg")
    assert blind(KEY, "person.safe_contact", "Anna Berg") != blind(KEY, "person.protected_address", "Anna Berg")
    assert blind(KEY, "person.safe_contact", "Anna Berg") != blind(bytes(32), "person.safe_contact", "Anna Berg")


fields = st.from_regex(r"[a-z_]{1,8}\.[a-z_]{1,8}", fullmatch=True)


@given(fields, fields, st.text(max_size=20))
def test_attack_equal_values_in_two_fields_or_tables_do_not_look_equal(one, other, value):
    assert (blind(KEY, one, value) == blind(KEY, other, value)) is (one == other)


def test_key_file_is_private_and_the_same_the_second_time(tmp_path):
    path = tmp_path / "keys" / "keyring.json"
    first = load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = load_or_create(path)
    assert (again.node, again._epochs) == (first.node, first._epochs)
    assert [p.name for p in path.parent.iterdir()] == ["keyring.json"]


def test_key_file_that_others_may_read_is_refused_with_the_mend(tmp_path):
    path = tmp_path / "keyring.json"
    load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_or_create(path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"epochs": {"1": "zz"}, "node": ""}'])
def test_key_file_that_is_none_is_refused_and_not_replaced(tmp_path, content):
    path = tmp_path / "keyring.json"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(KeyFileError):
        load_or_create(path)
    assert path.read_text() == content


def test_no_key_is_shown_when_a_keyring_is_printed(tmp_path):
    ring = load_or_create(tmp_path / "keyring.json")
    shown = f"{ring!r} {ring}"
    assert not any(key.hex() in shown or repr(key) in shown for key in (ring.node, ring._epochs[1].key, ring.digests))


def test_data_key_opens_under_its_epoch_and_for_its_person_only():
    ring = Keyring({1: secrets.token_bytes(32), 2: secrets.token_bytes(32)}, secrets.token_bytes(32))
    person = uuid4()
    wrapped, key = ring.new_data_key(person, "police")
    assert wrapped.epoch == 2
    assert ring.unwrap(wrapped) == key
    stolen = type(wrapped)(uuid4(), wrapped.agency, wrapped.epoch, wrapped.wrapped)
    with pytest.raises(SealBrokenError):
        ring.unwrap(stolen)


def test_destroying_an_epoch_key_makes_what_it_wrapped_unreadable():
    ring = Keyring({1: secrets.token_bytes(32)}, secrets.token_bytes(32))
    wrapped, _ = ring.new_data_key(uuid4(), "police")
    later = Keyring({2: secrets.token_bytes(32)}, ring.node)
    with pytest.raises(KeyDestroyedError):
        later.unwrap(wrapped)


parts = st.text(max_size=20)


@given(parts, parts, parts, parts, parts, parts)
def test_record_ids_are_equal_only_for_the_same_key_of_the_same_source(a, b, c, x, y, z):
    same = (a, b, c) == (x, y, z)
    assert (record_id(KEY, a, b, c) == record_id(KEY, x, y, z)) is same


def test_record_id_is_a_version_8_uuid_and_depends_on_the_nodes_key():
    made = record_id(KEY, "jail", "person", "BK1")
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert made != record_id(bytes(32), "jail", "person", "BK1")
