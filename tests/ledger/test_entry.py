"""Entries: their one canonical form, what they refuse to be, and what the auditor's pattern makes of them."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger import Entry, commitment, verify
from comity.ledger.entry import entry_id
from comity.ledger.errors import EntryError, EntryTooLargeError

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in [*range(32), 127]]))
ENTRIES = st.builds(
    Entry,
    id=st.uuids(),
    at=st.datetimes(timezones=st.timezones()),
    kind=st.from_regex(r"\A[a-z][a-z0-9-]{0,63}\Z"),
    context=st.dictionaries(st.from_regex(r"\A[a-z][a-z0-9_]{0,63}\Z"), PLAIN, max_size=6),
    commitment=st.binary(min_size=32, max_size=32),
)


def _made(**changes: object) -> Entry:
    entry = {
        "id": UUID(int=1),
        "at": NOW,
        "kind": "disclosure",
        "context": {"agency": "police"},
        "commitment": b"c" * 32,
    }
    return Entry(**{**entry, **changes})


JCS = ("arrays", "french", "structures", "unicode", "values", "weird")


def test_no_vector_of_rfc_8785_is_left_out(shared_data: Path) -> None:
    files = sorted(file.stem for file in (shared_data / "vectors" / "jcs").rglob("*") if file.is_file())
    assert files == sorted(JCS * 3)


@pytest.mark.parametrize("name", JCS)
def test_the_ruler_we_measure_with_passes_the_vectors_of_rfc_8785(name: str, shared_data: Path) -> None:
    folder = shared_data / "vectors" / "jcs"
    written = rfc8785.dumps(json.loads((folder / "input" / f"{name}.json").read_text()))
    assert written == (folder / "output" / f"{name}.json").read_bytes()
    assert written == bytes.fromhex((folder / "outhex" / f"{name}.txt").read_text())


@settings(deadline=None)
@given(ENTRIES)
def test_an_entry_is_written_as_rfc_8785_writes_it(entry: Entry) -> None:
    said = {
        "v": 1,
        "kind": entry.kind,
        "id": str(entry.id),
        "context": dict(entry.context),
        "commitment": entry.commitment.hex(),
        "at": entry.at.astimezone(UTC).strftime("%Y").zfill(4)
        + entry.at.astimezone(UTC).strftime("-%m-%dT%H:%M:%S.%fZ"),
    }
    assert entry.encode() == rfc8785.dumps(said)


@settings(deadline=None)
@given(ENTRIES)
def test_an_entry_reads_back_as_it_was(entry: Entry) -> None:
    body = entry.encode()
    assert Entry.decode(body) == entry
    assert Entry.decode(body).encode() == body
    assert entry_id(body) == entry.id


@settings(deadline=None)
@given(ENTRIES)
def test_the_auditor_s_pattern_takes_every_entry(entry: Entry) -> None:
    found = verify.ENTRY(entry.encode())
    assert found
    assert verify.in_order(found[1])


@settings(deadline=None)
@given(ENTRIES, st.data())
def test_another_spelling_of_an_entry_is_refused(entry: Entry, data: st.DataObject) -> None:
    body = entry.encode()
    place = data.draw(st.integers(0, len(body)))
    other = data.draw(st.sampled_from([b" ", b"\n", b"\x00", b'"', b"\\u0041", b"\xff"]))
    changed = body[:place] + other + body[place:]
    try:
        assert (
            Entry.decode(changed).encode() == changed
        )  # a space inside a text makes another entry, not another spelling
    except EntryError:
        return


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"v":1', '"v":2'),
        ('{"agency":"police","purpose":"x"}', '{"purpose":"x","agency":"police"}'),
        ('{"agency":"police","purpose":"x"}', '{"agency":"police","agency":"x"}'),
        ('{"agency":"police","purpose":"x"}', '{"agency":"p\\u006flice","purpose":"x"}'),
        ('{"agency":"police","purpose":"x"}', '{"agency":"po\\/lice","purpose":"x"}'),
        ('{"agency":"police","purpose":"x"}', '{"agency":1,"purpose":"x"}'),
        ("2026-11-22", "2026-11-31"),
        ("2026-11-22", "2026-13-22"),
        ("09:30:00.000000Z", "09:30:00Z"),
        ("0001", "000A"),
        ('"kind"', '"kinds"'),
    ],
)
def test_bytes_that_are_nearly_an_entry_are_refused(was: str, becomes: str) -> None:
    body = _made(context={"agency": "police", "purpose": "x"}).encode().decode()
    assert was in body
    with pytest.raises(EntryError):
        Entry.decode(body.replace(was, becomes).encode())


def test_the_time_is_kept_in_utc_to_the_microsecond() -> None:
    there = datetime(2026, 11, 22, 10, 30, 0, 5, tzinfo=timezone(timedelta(hours=1)))
    assert b'"at":"2026-11-22T09:30:00.000005Z"' in _made(at=there).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"at": datetime(2026, 11, 22, 9, 30)},
        {"kind": ""},
        {"kind": "Disclosure"},
        {"kind": "a b"},
        {"kind": "a" * 65},
        {"commitment": b"c" * 31},
        {"context": {"Agency": "police"}},
        {"context": {"": "police"}},
        {"context": {"agency": "a\nb"}},
        {"context": {"agency": "\ud800"}},
        {"context": {"agency": 7}},
        {"context": {"agency": ["police"]}},
        {"context": {7: "police"}},
    ],
)
def test_what_cannot_be_an_entry_is_refused_at_birth(changes: dict) -> None:
    with pytest.raises(EntryError):
        _made(**changes)


def test_an_entry_does_not_change_with_the_dictionary_it_was_made_from() -> None:
    context = {"agency": "police"}
    entry = _made(context=context)
    context["agency"] = "probation"
    assert entry.context["agency"] == "police"
    with pytest.raises(TypeError):
        entry.context["agency"] = "probation"


def test_an_entry_of_65_535_bytes_is_the_longest() -> None:
    room = 65_535 - len(_made(context={"a": ""}).encode())
    assert len(_made(context={"a": "x" * room}).encode()) == 65_535
    with pytest.raises(EntryTooLargeError, match="65536 bytes; an entry bundle carries at most 65535"):
        _made(context={"a": "x" * (room + 1)}).encode()


def test_a_commitment_is_sha_256_of_salt_and_payload() -> None:
    assert commitment(b"s" * 16, b"payload") == hashlib.sha256(b"s" * 16 + b"payload").digest()


@pytest.mark.parametrize("salt", [b"", b"s" * 15, b"s" * 17])
def test_a_commitment_with_too_little_salt_is_refused(salt: bytes) -> None:
    with pytest.raises(EntryError, match="16 random bytes"):
        commitment(salt, b"payload")
