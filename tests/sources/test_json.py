"""JSON lines and JSON documents: read strictly, told by line, never crashing the rest."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.sources import Said, Unreadable, open_source

LINES = {"jsonl": {"path": "prison.jsonl"}}
DOCUMENT = {"json": {"path": "cases.json", "items": "$.cases"}}


def write(tmp_path, content, name):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def lines(tmp_path, content):
    write(tmp_path, content, "prison.jsonl")


def document(tmp_path, content):
    write(tmp_path, content if isinstance(content, str | bytes) else json.dumps(content), "cases.json")


def test_each_line_is_a_statement(tmp_path, pull):
    lines(tmp_path, '{"stay": 1, "inmate": {"name": "A"}}\n\n{"stay": 2}\n')
    pulled = pull(LINES)
    assert pulled.bodies == [{"stay": 1, "inmate": {"name": "A"}}, {"stay": 2}]
    assert [item.place for item in pulled.items] == ["prison.jsonl, line 1", "prison.jsonl, line 3"]
    assert [item.position for item in pulled.items] == [0, 38]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b'{"a": 1', "not JSON at column 8: expecting ',' delimiter"),
        (b'{"a": "\xff"}', "the byte 0xff at offset"),
        (b"[1]", "this is not an object"),
        (b"1", "this is not an object"),
        (b'{"a": NaN}', "a number is NaN"),
        (b'{"a": -Infinity}', "a number is NaN"),
        (b'{"a": 1e999}', "a number is NaN, infinite"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "too large to be one"),
        (b'{"a": "x\\u0000"}', "a NUL character"),
        (b'{"a\\u0000": 1}', "a NUL character"),
        (b'{"a": "\\ud800"}', "half a surrogate pair"),
        (b'{"a": {"b": 1, "b": 2}}', "the same name twice"),
        (b'{"a": ' * 101 + b"1" + b"}" * 101, "more than 100 levels"),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "more than 100 levels"),
    ],
)
def test_attack_a_bad_line_is_told_and_the_others_are_read(tmp_path, pull, line, cause):
    lines(tmp_path, b'{"stay": 1}\n' + line + b'\n{"stay": 3}\n')
    pulled = pull(LINES)
    assert pulled.bodies == [{"stay": 1}, {"stay": 3}]
    (bad,) = pulled.unreadable
    assert cause in bad.cause
    assert bad.place == "prison.jsonl, line 2 (byte 12)"
    assert bad.raw.startswith(line[:100])


def test_a_pair_of_surrogates_is_a_character_and_ninety_nine_levels_are_not_too_many(tmp_path, pull):
    lines(tmp_path, '{"a": "\\ud83d\\ude00"}\n' + '{"a": ' * 99 + "1" + "}" * 99 + "\n")
    pulled = pull(LINES)
    assert pulled.bodies[0] == {"a": "\U0001f600"}
    assert len(pulled.bodies) == 2


def test_repeated_names_become_a_list_where_that_is_declared(tmp_path, pull):
    lines(tmp_path, '{"advocate": "A", "advocate": "B", "judge": "C"}\n')
    spec = {"jsonl": {"path": "prison.jsonl", "leniency": ["repeated-names"]}}
    assert pull(spec).bodies == [{"advocate": ["A", "B"], "judge": "C"}]


def test_what_is_told_never_quotes_the_line(tmp_path, pull):
    lines(tmp_path, '{"Secretson": "Secretson", "Secretson": 2}\n{"Secretson": Secretson}\n["Secretson"]\n')
    for item in pull(LINES).unreadable:
        assert "Secretson" not in str(item) + repr(item)


def test_whole_numbers_beyond_53_bits_keep_every_digit(tmp_path, pull):
    lines(tmp_path, '{"case": 123456789012345678901}\n')
    pulled = pull(LINES)
    assert pulled.bodies == [{"case": 123456789012345678901}]
    assert pulled.items[0].body.canonical() == b'{"case":123456789012345678901}'


def test_a_grown_file_of_lines_brings_only_the_new_ones(tmp_path, pull):
    lines(tmp_path, '{"a": 1}\n{"a": 2}\n')
    first = pull(LINES)
    assert pull(LINES, first.cursor).items == ()
    lines(tmp_path, '{"a": 1}\n{"a": 2}\n{"a": 3}\n')
    second = pull(LINES, first.cursor)
    assert second.bodies == [{"a": 3}]
    assert second.items[0].place == "prison.jsonl, line 3"
    lines(tmp_path, '{"a": 0}\n{"a": 2}\n{"a": 3}\n')
    assert len(pull(LINES, second.cursor).bodies) == 3


def test_a_line_that_was_still_being_written_is_told_and_then_read(tmp_path, pull):
    lines(tmp_path, '{"a": 1}\n{"a": ')
    first = pull(LINES)
    assert (len(first.bodies), len(first.unreadable)) == (1, 1)
    assert pull(LINES, first.cursor).items == ()
    lines(tmp_path, '{"a": 1}\n{"a": 2}\n')
    assert pull(LINES, first.cursor).bodies == [{"a": 2}]


# Documents


def test_items_leads_to_the_statements(tmp_path, pull):
    document(tmp_path, {"sent": "today", "cases": [{"no": 1}, "stray", {"no": 3}]})
    pulled = pull(DOCUMENT)
    assert pulled.bodies == [{"no": 1}, {"no": 3}]
    assert [bad.place for bad in pulled.unreadable] == ["cases.json, item 2"]


@pytest.mark.parametrize(
    ("content", "count"),
    [([{"a": 1}, {"a": 2}], 2), ({"a": 1}, 1), ([], 0)],
)
def test_without_items_a_list_is_its_elements_and_an_object_is_one(tmp_path, pull, content, count):
    document(tmp_path, content)
    assert len(pull({"json": {"path": "cases.json"}}).bodies) == count


@pytest.mark.parametrize("items", ["cases", "$.cases", '"cases"', "cases[*]"])
def test_an_empty_list_is_quiet(tmp_path, pull, items):
    document(tmp_path, {"cases": []})
    assert pull({"json": {"path": "cases.json", "items": items}}).items == ()


@pytest.mark.parametrize("items", ["case", "cases.defendants", "casez[*]", "cases[3]", "cases[*].defendants[*]"])
def test_items_that_leads_nowhere_is_told(tmp_path, pull, items):
    document(tmp_path, {"cases": [{"no": 1}]})
    pulled = pull({"json": {"path": "cases.json", "items": items}})
    assert f"items: {items} leads to nothing" in pulled.unreadable[0].cause


def test_items_may_lead_through_lists(tmp_path, pull):
    document(tmp_path, {"lists": [{"cases": [{"no": 1}]}, {"cases": []}, {"cases": [{"no": 2}]}]})
    assert pull({"json": {"path": "cases.json", "items": "lists[*].cases[*]"}}).bodies == [{"no": 1}, {"no": 2}]


@pytest.mark.parametrize("content", [b"", b"{", b'{"cases": [{"no": 1}, {"no": ', b"\xff\xfe\x00"])
def test_a_broken_document_is_told_once_and_again_when_it_has_changed(tmp_path, pull, content):
    document(tmp_path, content)
    first = pull(DOCUMENT)
    assert (len(first.unreadable), first.bodies, first.unreadable[0].raw) == (1, [], content)
    assert pull(DOCUMENT, first.cursor).items == ()
    document(tmp_path, {"cases": [{"no": 1}]})
    assert pull(DOCUMENT, first.cursor).bodies == [{"no": 1}]


def test_a_changed_document_is_read_whole_again(tmp_path, pull):
    document(tmp_path, {"cases": [{"no": 1}]})
    first = pull(DOCUMENT)
    document(tmp_path, {"cases": [{"no": 1}, {"no": 2}]})
    assert len(pull(DOCUMENT, first.cursor).bodies) == 2


def test_a_document_broken_off_between_batches_goes_on_after_the_last_one(tmp_path):
    document(tmp_path, {"cases": [{"no": number} for number in range(5)]})
    source = open_source(DOCUMENT, tmp_path)
    first = next(source.read(None, 2))
    rest = [item.body.get("no") for batch in source.read(first.cursor, 2) for item in batch.items]
    assert rest == [2, 3, 4]
    document(tmp_path, {"cases": [{"no": number} for number in range(5, 10)]})
    assert len([item for batch in source.read(first.cursor, 2) for item in batch.items]) == 5


def test_a_document_in_another_encoding(tmp_path, pull):
    document(tmp_path, '[{"naam": "José"}]'.encode("cp1252"))
    assert pull({"json": {"path": "cases.json", "encoding": "windows-1252"}}).bodies == [{"naam": "José"}]
    assert "0xe9" in pull({"json": {"path": "cases.json"}}).unreadable[0].cause


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abc. []"é', max_size=5), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.dictionaries(st.text('ab"é', max_size=4), values, max_size=4), max_size=8), st.booleans())
def test_what_is_written_is_what_is_read(tmp_path, objects, ascii_only):
    lines(tmp_path, "".join(json.dumps(each, ensure_ascii=ascii_only) + "\n" for each in objects))
    document(tmp_path, json.dumps({"cases": objects}, ensure_ascii=ascii_only, indent=1))
    for spec in (LINES, DOCUMENT):
        items = [item for batch in open_source(spec, tmp_path).read(None, 3) for item in batch.items]
        assert all(isinstance(item, Said) for item in items)
        assert [item.body.plain() for item in items] == objects


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_attack_no_bytes_whatever_stop_the_source(tmp_path, content):
    lines(tmp_path, content)
    document(tmp_path, content)
    for spec in (LINES, DOCUMENT):
        for batch in open_source(spec, tmp_path).read(None, 3):
            assert all(isinstance(item, Said | Unreadable) for item in batch.items)
