"""Messages that are posted: read by the same code as files."""

from __future__ import annotations

import pytest

from comity.sources import Said, Unreadable, open_source, said_from_message

CASE = b'<c:Case xmlns:c="urn:c"><c:No>7</c:No></c:Case>'


def test_a_posted_message_is_one_statement():
    said = said_from_message("json", b'\xef\xbb\xbf{"no": 7}')
    assert isinstance(said, Said)
    assert (said.place, said.body.get("no")) == ("message", 7)
    said = said_from_message("xml", CASE, {"c": "urn:c"})
    assert isinstance(said, Said)
    assert said.body.get("c:No") == "7"


@pytest.mark.parametrize(
    ("format_", "data", "cause"),
    [
        ("json", b"", "not JSON"),
        ("json", b'[{"no": 7}]', "not an object"),
        ("json", b'"Secretson"', "not an object"),
        ("json", b'{"Secretson": ', "not JSON"),
        ("json", b"\xff", "0xff"),
        ("xml", b"<Secretson>", "not well-formed"),
        ("xml", b'<!DOCTYPE a SYSTEM "Secretson"><a/>', "DOCTYPE"),
    ],
)
def test_attack_a_bad_message_is_told_without_its_content(format_, data, cause):
    bad = said_from_message(format_, data)
    assert isinstance(bad, Unreadable)
    assert cause in bad.cause
    assert "Secretson" not in str(bad) + repr(bad)
    assert bad.raw == (data if cause != "not an object" else bad.raw)


def test_a_door_splits_a_message_as_its_spec_says(tmp_path):
    door = open_source({"http": {"items": "cases"}}, tmp_path)
    batch = door.message(b'{"cases": [{"no": 1}, 2, {"no": 3}]}')
    assert [type(item) for item in batch.items] == [Said, Unreadable, Said]
    assert [item.place for item in batch.items] == ["message, item 1", "message, item 2", "message, item 3"]
    door = open_source({"http": {"format": "xml", "each": "//c:No", "namespaces": {"c": "urn:c"}}}, tmp_path)
    assert [item.body.get(".") for item in door.message(CASE).items] == ["7"]


def test_there_is_nothing_to_pull_from_a_door(tmp_path):
    assert list(open_source({"http": {}}, tmp_path).read(None, 10)) == []
