"""What a mapping file must say, and how it is told what is wrong with it. The specification of the checker."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from comity.intake import MappingError, check_mapping, load_mapping
from comity.intake.check import examine
from comity.vocabulary import Vocabulary


def mistakes_of(text: str, vocabulary: Vocabulary):
    return examine(text, vocabulary)[1]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_the_mapping_that_the_tests_use_has_no_mistakes(vocabulary, jail_text):
    assert mistakes_of(jail_text, vocabulary) == ()


# What is changed in the mapping; the line that must be named; a part of the cause; the nearest right word.
MISTAKES = [
    ("agency: sheriff", "agencie: sheriff", "agencie", "no key 'agencie'", "agency"),
    ("      name: name", "      nam: name", "nam: name", "no field of person named 'nam'", "name"),
    ("  - record: custody", "  - record: custdy", "custdy", "no record type named 'custdy'", "custody"),
    ("{value: jail}", "{value: jaill}", "jaill", "no code in the list custody-kind named 'jaill'", "jail"),
    ("whose: suspect", "whose: supect", "supect", "(LED article 6) named 'supect'", "suspect"),
    ("asserted: fact", "asserted: fct", "fct", "(LED article 7) named 'fct'", "fact"),
    ("about: person", "about: persn", "persn", "no block named 'persn'", "person"),
    ("gone: retract", "gone: retrat", "message:", "no kind of message named 'retrat'", "retract"),
    ("zone: America/New_York", "zone: America/NewYork", "NewYork", "no time zone", None),
    (
        'received_on: "in"',
        "received_on: {from: in, true: [Y], false: [N]}",
        "received_on",
        "does not fit received_on",
        None,
    ),
    ("birth_date: born", "birth_date: {from: born, date: '%d/%m/%y'}", "%y", "two digits has two meanings", None),
    ("birth_date: born", "birth_date: {from: born, date: '%d/%Q/%Y'}", "%Q", "not a form of date", None),
    ("birth_date: born", "birth_date: {from: born, date: '%H:%M'}", "%H", "does not name a day", None),
    ("birth_date: born", "birth_date: {from: born, date: []}", "date: []", "an empty list", None),
    ("birth_date: born", "birth_date: {from: born, date: '%d/%m/%Y %d'}", "%Y %d", "same part twice", None),
    ('received_on: "in"', "received_on: {from: x, timestamp: '%d/%m/%Y %H:%M %p'}", "%H:%M %p", "`%I` only", None),
    ('received_on: "in"', "received_on: {from: x, timestamp: '%d/%m/%Y %I:%M'}", "%I:%M", "half of the day", None),
    ("      name: name", "      name: []", "name: []", "an empty list", None),
    ("      name: name", "      name: {from: []}", "from: []", "an empty list", None),
    ("      name: name", "      name: {join: []}", "join: []", "an empty list", None),
    ("key: booking\npair", "key: {value: booking}\npair", "key: {value", "the same for every message", None),
    ("birth_date: born", "birth_date: {from: born, pivot: 30}", "pivot", "neither is here", None),
    ("birth_date: born", "birth_date: {}", "birth_date: {}", "needs one of `from:`, `join:` and `value:`", None),
    ("birth_date: born", "birth_date: {from: born, value: x}", "value: x", "`from:` and `value:`", None),
    ("birth_date: born", "birth_date: {reference: person}", "birth_date:", "not a reference", None),
    ("      name: name", "      name: {from: name, split: ' '}", "split: ' '}", "without `part:`", None),
    ("      name: name", "      name: {from: name, extract: '('}", "extract", "not a regular expression", None),
    ("      name: name", "      name: {from: name, case: nam}", "case: nam", "not 'nam'", "name"),
    ("      name: name", "      name: {from: 'a..b'}", "a..b", "is not a path", None),
    ("      name: name", "      name: '^^name'", "^^name", "looks further out", None),
    ("      name: name\n", "", "- record: person", "needs name", None),
    ("    about: person\n", "", "- record: custody", "no `about:`", None),
    ("    key: prisoner\n", "", "- record: person", "no `key:`", None),
    ("whose: suspect\n", "", "- record: person", "no `whose:`", None),
    ("asserted: fact\n", "", "- record: person", "no `asserted:`", None),
    ("pair: [one, two]\n", "", "message:", "no `pair:`", None),
    ("pair: [one, two]", "pair: [one]", "pair:", "keys of the two persons", None),
    ("source: {jsonl: {path: jail.jsonl}}", "source: {jsonl: {pth: jail.jsonl}}", "pth", "'pth'", None),
    ("source: {jsonl: {path: jail.jsonl}}", "source: {parquet: {}}", "parquet", "not a kind of source", None),
    ("version: 1", "version: one", "one", "whole number", None),
    ("version: 1", "version: 0", "version: 0", "counts from 1", None),
    ("version: 1", "version: 1\nversion: 2", "version: 2", "stands here twice", None),
    ("mapping: jail", "mapping: the jail", "the jail", "not a name", None),
    ("  - record: custody", "  - record: person  # again", "# again", "already", None),
]


@pytest.mark.parametrize(
    ("before", "after", "at", "cause", "nearest"), MISTAKES, ids=[m[3] + " " + m[1][:20].strip() for m in MISTAKES]
)
def test_a_mistake_is_told_with_its_line_its_cause_and_the_nearest_right_word(
    before, after, at, cause, nearest, vocabulary, jail_text
):
    assert before in jail_text
    text = jail_text.replace(before, after, 1)
    told = [mistake for mistake in mistakes_of(text, vocabulary) if cause in mistake.cause]
    assert told, [str(mistake) for mistake in mistakes_of(text, vocabulary)]
    assert abs(told[0].line - line_of(text, at)) <= 1
    assert told[0].column >= 1
    assert told[0].nearest == nearest or nearest is None
    assert told[0].mend or told[0].nearest


def test_every_mistake_is_told_at_once_in_the_order_of_the_lines(vocabulary, jail_text):
    text = (
        jail_text.replace("agency: sheriff", "agencie: x")
        .replace("name: name", "nam: name")
        .replace("{value: jail}", "{value: jal}")
    )
    told = mistakes_of(text, vocabulary)
    assert len(told) >= 4
    assert [mistake.line for mistake in told] == sorted(mistake.line for mistake in told)


@pytest.mark.parametrize(
    "text", ["", "- a", "a: [", "a: b: c", "\t- x", "a: 'x", "just words", "? {a: b}\n: c", "&a [*a]"]
)
def test_a_file_that_is_no_mapping_is_told_so_and_nothing_breaks(text, vocabulary):
    told = mistakes_of(text, vocabulary)
    assert told
    assert all(mistake.line >= 1 for mistake in told)


def test_an_anchor_that_contains_itself_ends(vocabulary):
    assert mistakes_of("mapping: &a\n  x: *a\nsource: &b {csv: *b}\nrecords: &c\n  - records: *c\n", vocabulary)


@pytest.mark.parametrize(
    "name",
    [
        "&a {join: [*a]}",
        "&a {from: b, codes: *a}",
        "{join: [&a [x], "
        + ", ".join(f"&{it} [{', '.join(['*' + of] * 9)}]" for of, it in pairwise("abcdefgh"))
        + "]}",
        "{join: [" * 300 + "a" + "]}" * 300,
    ],
    ids=["within itself", "in its own codes", "a billion laughs", "deep"],
)
def test_attack_no_anchor_and_no_depth_hangs_or_breaks_the_checker(name, vocabulary, jail_text):
    told = mistakes_of(jail_text.replace("      name: name", f"      name: {name}"), vocabulary)
    assert told
    assert all(mistake.line >= 1 and mistake.mend for mistake in told)


def test_attack_a_number_of_any_length_is_told(vocabulary, jail_text):
    text = jail_text.replace("{jsonl: {path: jail.jsonl}}", f"{{csv: {{path: jail.csv, skip: {'1' * 5_000}}}}}")
    assert [mistake.line for mistake in mistakes_of(text, vocabulary)] == [line_of(text, "skip")]


def test_an_anchor_says_again_what_was_said(vocabulary, jail_text):
    text = jail_text.replace(
        "given_names: {from: name,", "alias_names: &a {join: [name]}\n      gender: *a\n      given_names: {from: name,"
    )
    assert mistakes_of(text, vocabulary) == ()


def test_the_paths_of_posted_xml_are_xpaths(vocabulary, jail_text):
    posted = jail_text.replace(
        "{jsonl: {path: jail.jsonl}}", "{http: {format: xml, each: //j:Stay, namespaces: {j: urn:jail}}}"
    )
    named = posted.replace("      name: name", "      name: string(j:Name[@use='legal'])")
    assert mistakes_of(named, vocabulary) == ()
    unknown = posted.replace("      name: name", "      name: k:Name")
    assert [mistake.line for mistake in mistakes_of(unknown, vocabulary)] == [line_of(unknown, "k:Name")]
    broken = posted.replace("      name: name", "      name: count(j:Name")
    assert [mistake.line for mistake in mistakes_of(broken, vocabulary)] == [line_of(broken, "count(")]


def test_a_file_that_is_too_large_is_refused_unread(vocabulary):
    (mistake,) = mistakes_of("# " + "x" * 2_000_000, vocabulary)
    assert "larger" in mistake.cause


def test_codes_stay_as_they_are_written(vocabulary, jail_text, made):
    text = jail_text.replace("{value: jail}", "{from: k, codes: {01: jail, NO: police, Yes: remand, 1.0: other}}")
    mapping = made(text)
    (rule,) = [rule for rule in mapping.records[1].fields if rule.name == "kind"]
    assert rule.value.steps[0].exact == {"01": "jail", "NO": "police", "Yes": "remand", "1.0": "other"}


def test_folded_text_is_one_line(vocabulary, jail_text, made):
    text = jail_text.replace(
        "source: {jsonl: {path: jail.jsonl}}",
        "source:\n  sql:\n    url: sqlite:///x.db\n    query: >-\n      select *\n      from t",
    )
    assert made(text).source["sql"]["query"] == "select *\nfrom t".replace("\n", " ")


def test_a_repeated_block_cannot_be_meant_from_outside(vocabulary, jail_text):
    text = jail_text.replace("    key: prisoner", "    for_each: people\n    key: prisoner")
    (mistake,) = mistakes_of(text, vocabulary)
    assert "repeats" in mistake.cause


def test_a_file_is_checked_and_loaded_by_its_path(tmp_path: Path, vocabulary, jail_text):
    path = tmp_path / "jail.yaml"
    path.write_text(jail_text)
    assert check_mapping(path, vocabulary) == ()
    assert load_mapping(path, vocabulary).label == "jail@1"
    path.write_text(jail_text.replace("name: name", "nam: name"))
    with pytest.raises(
        MappingError, match=r"line \d+, column \d+: There is no field of person named 'nam'. Did you mean 'name'"
    ):
        load_mapping(path, vocabulary)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, vocabulary):
    assert "cannot be opened" in check_mapping(tmp_path / "none.yaml", vocabulary)[0].cause
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"mapping: a\nagency: caf\xe9\n")
    (mistake,) = check_mapping(path, vocabulary)
    assert (mistake.line, mistake.cause) == (2, "It is not UTF-8.")
