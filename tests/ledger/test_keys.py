"""The signing key's file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from comity.ledger import keys, load_or_create_signer
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Kind, with_signatures
from comity.ledger.errors import KeyFileError, NoteError
from comity.ledger.keys import load_or_create_cosigner
from comity.ledger.merkle import EMPTY_ROOT
from comity.ledger.note import Signer

NAME = "example.org/comity/ledger"


def test_a_key_is_made_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ledger"
    made = load_or_create_signer(path, NAME)
    assert load_or_create_signer(path, NAME) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["ledger"]
    assert made.vkey().startswith(NAME + "+")


def test_two_keys_made_at_different_places_differ(tmp_path: Path) -> None:
    assert load_or_create_signer(tmp_path / "a", NAME) != load_or_create_signer(tmp_path / "b", NAME)


def test_two_processes_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    found: list[Signer] = []
    threads = [
        threading.Thread(target=lambda: found.append(load_or_create_signer(tmp_path / "key", NAME))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({signer.seed for signer in found}) == 1


def test_a_key_made_a_moment_too_late_gives_way(tmp_path: Path) -> None:
    first = load_or_create_signer(tmp_path / "key", NAME)
    keys._create(tmp_path / "key", Signer(NAME, b"l" * 32))
    assert load_or_create_signer(tmp_path / "key", NAME) == first
    assert [file.name for file in tmp_path.iterdir()] == ["key"]


def test_a_key_that_is_lost_after_it_signed_is_not_made_anew(tmp_path: Path) -> None:
    head = tmp_path / "ledger.head"
    first = load_or_create_signer(tmp_path / "key", NAME, head)
    head.write_text("what was signed last")
    assert load_or_create_signer(tmp_path / "key", NAME, head) == first
    (tmp_path / "key").unlink()
    with pytest.raises(KeyFileError, match="is missing"):
        load_or_create_signer(tmp_path / "key", NAME, head)
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_or_create_signer(tmp_path / "key", NAME)
    (tmp_path / "key").chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_or_create_signer(tmp_path / "key", NAME)


def test_a_link_to_a_key_is_refused(tmp_path: Path) -> None:
    load_or_create_signer(tmp_path / "real", NAME)
    (tmp_path / "key").symlink_to(tmp_path / "real")
    with pytest.raises(KeyFileError):
        load_or_create_signer(tmp_path / "key", NAME)


def test_the_key_of_another_ledger_is_refused(tmp_path: Path) -> None:
    load_or_create_signer(tmp_path / "key", NAME)
    with pytest.raises(KeyFileError, match=r"is for the ledger example.org/comity/ledger, not for other"):
        load_or_create_signer(tmp_path / "key", "other")


@pytest.mark.parametrize("content", [b"", b"\xff", b"PRIVATE+KEY+a+b+c", b"secret words"])
def test_a_file_that_holds_no_key_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(KeyFileError) as refusal:
        load_or_create_signer(tmp_path / "key", NAME)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_that_no_key_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoteError):
        load_or_create_signer(tmp_path / "key", name)
    assert list(tmp_path.iterdir()) == []


# ---- the second key


def test_the_second_key_is_made_also_where_the_first_has_signed(tmp_path: Path) -> None:
    signer = load_or_create_signer(tmp_path / "key", NAME)
    (tmp_path / "head").write_text(Checkpoint(NAME, 0, EMPTY_ROOT).sign(signer))
    second = load_or_create_cosigner(tmp_path / "second", NAME, Kind.ML_DSA_44, tmp_path / "head")
    assert load_or_create_cosigner(tmp_path / "second", NAME, Kind.ML_DSA_44) == second
    assert (tmp_path / "second").stat().st_mode & 0o777 == 0o600


def test_a_second_key_that_is_lost_after_it_signed_is_not_made_anew(tmp_path: Path) -> None:
    second = load_or_create_cosigner(tmp_path / "second", NAME, Kind.ML_DSA_44)
    state = Checkpoint(NAME, 0, EMPTY_ROOT)
    note = state.sign(load_or_create_signer(tmp_path / "key", NAME))
    (tmp_path / "head").write_text(with_signatures(note, [second.sign(state, 1)]))
    (tmp_path / "second").unlink()
    with pytest.raises(KeyFileError, match="is missing"):
        load_or_create_cosigner(tmp_path / "second", NAME, Kind.ML_DSA_44, tmp_path / "head")
    assert not (tmp_path / "second").exists()


def test_a_cosigner_s_key_of_another_kind_or_name_is_refused(tmp_path: Path) -> None:
    load_or_create_cosigner(tmp_path / "key", NAME, Kind.ED25519)
    for name, kind in ((NAME, Kind.ML_DSA_44), ("other", Kind.ED25519)):
        with pytest.raises(KeyFileError):
            load_or_create_cosigner(tmp_path / "key", name, kind)
