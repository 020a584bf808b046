"""The ``source:`` block: everything wrong with it at once, with the nearest right word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.sources import Source, SourcesError, check_spec, open_source
from comity.sources.spec import KINDS

GOOD = [
    {"csv": {"path": "a.csv"}},
    {
        "csv": {
            "path": "a.csv",
            "delimiter": "tab",
            "quote": "none",
            "encoding": "cp037",
            "header": False,
            "columns": ["A"],
        }
    },
    {"jsonl": {"path": "in/*.jsonl", "leniency": ["repeated-names"]}},
    {"json": {"path": "a.json", "items": "$.lists[*].cases"}},
    {"xlsx": {"path": "a.xlsx", "sheet": "S", "header_row": 3}},
    {
        "xml": {
            "path": "a.xml",
            "each": "//p:Case[@x='1']",
            "namespaces": {"p": "urn:p"},
            "leniency": ["leading-comment"],
        }
    },
    {
        "sql": {
            "url": "postgresql://${U}:${P}@host/db",
            "query": "select a::text as b from t;",
            "cursor": "b",
            "overlap": 60,
        }
    },
    {"sql": {"url": "${WHOLE}", "query": "select 1 as a where 1 > :cursor", "cursor": "a", "start": 0}},
    {"http": {}},
    {"http": None},
    {"http": {"format": "xml", "each": "//x", "unwrap": "//y"}},
]

BAD = [
    ({}, (), "exactly one kind", "Write one of csv"),
    ({"csv": {}, "json": {}}, (), "exactly one kind", ""),
    ("csv", (), "exactly one kind", ""),
    ({"cvs": {}}, ("cvs",), "'cvs' is not a kind", "Did you mean csv"),
    ({"csv": ["path"]}, ("csv",), "not names with values", ""),
    ({"csv": {}}, ("csv",), "path: is missing", "Add path:"),
    ({"csv": {"path": "a", "delimeter": ";"}}, ("csv", "delimeter"), "no option 'delimeter'", "Did you mean delimiter"),
    ({"csv": {"path": "a", "zzz": ";"}}, ("csv", "zzz"), "no option", "It has to be one of path"),
    ({"csv": {"path": "a", "delimiter": ";;"}}, ("csv", "delimiter"), "not one character", ""),
    ({"csv": {"path": "a", "delimiter": ";", "quote": ";"}}, ("csv", "quote"), "the quote is the delimiter", ""),
    ({"csv": {"path": "a", "encoding": "widnows-1252"}}, ("csv", "encoding"), "is not an encoding", "mean windows-1252"),
    ({"csv": {"path": "a", "encoding": "iso-2022-jp"}}, ("csv", "encoding"), "cannot be read", "Have it converted"),
    ({"csv": {"path": "a", "encoding": "base64"}}, ("csv", "encoding"), "cannot be read", ""),
    ({"csv": {"path": "a", "encoding": "idna"}}, ("csv", "encoding"), "cannot be read", ""),
    ({"csv": {"path": "a", "encoding": "unicode_escape"}}, ("csv", "encoding"), "cannot be read", ""),
    ({"csv": {"path": "a", "encoding": "undefined"}}, ("csv", "encoding"), "cannot be read", ""),
    ({"csv": {"path": "a\0b"}}, ("csv", "path"), "NUL", ""),
    ({"csv": {"path": "a", "columns": ["A", "B", "A"]}}, ("csv", "columns"), "'A' stands here twice", ""),
    ({"sql": {"url": "mssql://h/d?PWD=pw", "query": "select 1"}}, ("sql", "url"), "a password stands", ""),
    ({"sql": {"url": "mssql://?odbc_connect=UID%3Du%3BPWD%3Dpw", "query": "select 1"}}, ("sql", "url"), "password", ""),
    ({"csv": {"path": "a", "encoding": 5}}, ("csv", "encoding"), "is not an encoding", ""),
    ({"csv": {"path": "a", "header": "no"}}, ("csv", "header"), "neither true nor false", ""),
    ({"csv": {"path": "a", "header": False}}, ("csv", "header"), "no names", "Add columns:"),
    ({"csv": {"path": "a", "columns": []}}, ("csv", "columns"), "not a list of names", ""),
    ({"csv": {"path": "a", "skip": -1}}, ("csv", "skip"), "whole number from 0", ""),
    ({"csv": {"path": ""}}, ("csv", "path"), "has to be a text", ""),
    ({"json": {"path": "a", "items": "a..b"}}, ("json", "items"), "is not a path", ""),
    ({"xlsx": {"path": "a", "header_row": 0}}, ("xlsx", "header_row"), "whole number from 1", ""),
    ({"xml": {"path": "a", "each": "//p:x"}}, ("xml", "each"), "prefix that is not declared", ""),
    ({"xml": {"path": "a", "each": "//["}}, ("xml", "each"), "is not an XPath", ""),
    ({"xml": {"path": "a", "unwrap": "//["}}, ("xml", "unwrap"), "is not an XPath", ""),
    ({"xml": {"path": "a", "namespaces": {"": "urn:x"}}}, ("xml", "namespaces"), "table of prefixes", "no empty prefix"),
    ({"xml": {"path": "a", "leniency": ["all"]}}, ("xml", "leniency"), "is not known", "leading-comment"),
    ({"sql": {"url": "x", "query": "select 1"}}, ("sql", "url"), "not a database's address", ""),
    ({"sql": {"url": "postgresql://u:pw@h/d", "query": "select 1"}}, ("sql", "url"), "a password stands", "${NAME}"),
    ({"sql": {"url": "postgresql://u:x${P}@h/d", "query": "select 1"}}, ("sql", "url"), "a password stands", ""),
    ({"sql": {"url": "postgresql:///d?password=pw", "query": "select 1"}}, ("sql", "url"), "a password stands", ""),
    ({"sql": {"url": "sqlite:///a", "query": "select 1; drop"}}, ("sql", "query"), "semicolon", ""),
    ({"sql": {"url": "sqlite:///a", "query": "select :who"}}, ("sql", "query"), "asks for :who", ""),
    ({"sql": {"url": "sqlite:///a", "query": "select :cursor"}}, ("sql", "query"), "asks for :cursor", "cursor:"),
    ({"sql": {"url": "sqlite:///a", "query": "select :cursor", "cursor": "a"}}, ("sql", "query"), "first time", "start:"),
    ({"sql": {"url": "sqlite:///a", "query": "select 1", "overlap": 5}}, ("sql", "overlap"), "needs a cursor", ""),
    ({"http": {"format": "yaml"}}, ("http", "format"), "is not a format", ""),
    ({"http": {"format": "json", "each": "//x"}}, ("http", "each"), "is not for this format", ""),
    ({"http": {"format": "xml", "items": "x"}}, ("http", "items"), "is not for this format", ""),
    ({"http": {"format": "xml", "leniency": ["repeated-names"]}}, ("http", "leniency"), "not for this format", ""),
]  # fmt: skip


@pytest.mark.parametrize("spec", GOOD, ids=str)
def test_a_good_block_opens(tmp_path, spec):
    assert check_spec(spec) == ()
    source = open_source(spec, tmp_path)
    assert isinstance(source, Source)
    assert source.name


@pytest.mark.parametrize(("spec", "where", "cause", "mend"), BAD, ids=lambda value: str(value)[:60])
def test_a_bad_block_is_refused_with_its_place_and_the_nearest_right_word(tmp_path, spec, where, cause, mend):
    faults = check_spec(spec)
    assert [fault.where for fault in faults] == [where] * len(faults)
    assert any(cause in fault.cause and mend in fault.mend for fault in faults), faults
    with pytest.raises(SourcesError, match="source: "):
        open_source(spec, tmp_path)


def test_every_fault_is_found():
    faults = check_spec({"csv": {"delimeter": ";", "encoding": "x", "skip": "many"}})
    assert [fault.where for fault in faults] == [("csv", "delimeter"), ("csv", "encoding"), ("csv", "skip"), ("csv",)]


def test_a_password_that_stands_in_an_address_is_not_repeated(tmp_path):
    spec = {"sql": {"url": "postgresql://u:hunter2@h/d", "query": "select 1"}}
    assert "hunter2" not in str(check_spec(spec))
    with pytest.raises(SourcesError) as raised:
        open_source(spec, tmp_path)
    assert "hunter2" not in str(raised.value)


anything = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=2), max_leaves=4)  # fmt: skip
options = st.sampled_from(sorted({name for known in KINDS.values() for name in known}))


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(options, anything, max_size=6))
def test_attack_no_block_whatever_does_worse_than_be_refused(kind, given_options):
    check_spec({kind: given_options})
