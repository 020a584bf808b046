"""The ``source:`` block of a mapping file: which kinds there are, what each may say, and what is wrong with one.

Rules:

1. One kind, and only options of that kind. What is not known is refused by name, with the nearest word that is.
2. Every fault is found, not only the first.
3. What can be known without opening the source is checked here: encodings, paths, XPaths, prefixes, the query.
4. A password in an address is refused: a mapping file is read by many.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any

from comity.sources import paths
from comity.sources.body import check_path
from comity.sources.errors import PathError
from comity.sources.from_xml import CAPITAL_DECLARATION, LEADING_COMMENT
from comity.sources.json_text import REPEATED_NAMES
from comity.sources.models import SpecFault
from comity.sources.query import bind_names, references

Options = Mapping[str, Any]
Complaint = tuple[str, str] | None

# Encodings whose bytes mean something else after an escape: a line of them cannot be read by itself.
_STATEFUL = re.compile(r"utf_?-?7|iso-?_?2022|hz")
_PASSWORD_OF_AN_OPTION = re.compile(
    r"(?:[?&;]|%3b)\s*(?:password|passwd|pwd|sslpassword)(?:=|%3d)(?!\$\{)", re.IGNORECASE
)
_NO_ENCODINGS_OF_TEXT = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a kind of source: whether it has to be there, and what a value of it has to be."""

    check: Callable[[Any], Complaint]
    required: bool = False


def _text(value: Any) -> Complaint:
    return None if isinstance(value, str) and value else ("this has to be a text", "Write a text")


def _path(value: Any) -> Complaint:
    return ("no path holds a NUL character", "Leave it out") if "\0" in str(value) else _text(value)


def _flag(value: Any) -> Complaint:
    return None if isinstance(value, bool) else ("this is neither true nor false", "Write true or false")


def _count(least: int) -> Callable[[Any], Complaint]:
    def check(value: Any) -> Complaint:
        good = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return None if good else (f"this is not a whole number from {least}", f"Write a whole number from {least}")

    return check


def _amount(value: Any) -> Complaint:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return None if good else ("this is not an amount", "Write a number: seconds, days or units")


def _character(value: Any) -> Complaint:
    good = value == "tab" or (isinstance(value, str) and len(value) == 1 and value not in '"\r\n\0')
    return None if good else ("this is not one character", 'Write one character, such as ";", or tab')


def _quote(value: Any) -> Complaint:
    good = value == "none" or (isinstance(value, str) and len(value) == 1 and value not in "\r\n\0")
    return None if good else ("this is not one character", "Write one character, or none where nothing is quoted")


def _names(value: Any) -> Complaint:
    good = isinstance(value, list | tuple) and value and all(isinstance(each, str) and each for each in value)
    if not good:
        return "this is not a list of names", "Write a list, as in [SURNAME, FORENAME]"
    twice = next((each for each in value if value.count(each) > 1), None)
    return None if twice is None else (f"{twice!r} stands here twice", "Name each column differently")


def _prefixes(value: Any) -> Complaint:
    if not isinstance(value, Mapping) or not all(_prefix(*each) for each in value.items()):
        return "this is not a table of prefixes", "Write each as prefix: address; XPath knows no empty prefix"
    return None


def _prefix(prefix: Any, address: Any) -> bool:
    return isinstance(prefix, str) and bool(prefix) and isinstance(address, str) and bool(address)


def _encoding(value: Any) -> Complaint:
    try:
        info = codecs.lookup(value)
    except (LookupError, TypeError, ValueError):
        near = get_close_matches(str(value).lower(), ["utf-8", "utf-16", "windows-1252", "iso-8859-1", "cp037"], 1, 0.5)
        return f"{value!r} is not an encoding", f"Did you mean {near[0]}" if near else "Write one such as utf-8"
    of_text = getattr(info, "_is_text_encoding", True) and info.name.replace("_", "-") not in _NO_ENCODINGS_OF_TEXT
    if not of_text or _STATEFUL.match(info.name):
        return f"lines cannot be read in {info.name}", "Have it converted to UTF-8"
    return None


def _json_path(value: Any) -> Complaint:
    try:
        paths.parse(value)
    except (PathError, TypeError, AttributeError) as fault:
        return str(fault).rstrip("."), "Mend the path"
    return None


def _format(value: Any) -> Complaint:
    return None if value in ("json", "xml") else (f"{value!r} is not a format of a message", "Write json or xml")


def _leniency(*known: str) -> Callable[[Any], Complaint]:
    def check(value: Any) -> Complaint:
        good = isinstance(value, list | tuple) and all(each in known for each in value)
        return None if good else ("this leniency is not known", f"Write a list out of {', '.join(known)}")

    return check


def _url(value: Any) -> Complaint:
    if not isinstance(value, str) or not ("://" in value or references(value)):
        return "this is not a database's address", "Write it as kind://user@host/database"
    account = value.partition("://")[2].rpartition("@")[0]
    password = account.partition(":")[2]
    if password and not re.fullmatch(r"\$\{\w+\}", password):
        return "a password stands in the address", "Put it into the environment and refer to it as ${NAME}"
    if _PASSWORD_OF_AN_OPTION.search(value):
        return "a password stands in the address", "Put it into the environment and refer to it as ${NAME}"
    return None


def _query(value: Any) -> Complaint:
    if not isinstance(value, str) or not value.strip():
        return "this has to be a query", "Write a select"
    if ";" in value.strip().rstrip(";"):
        return (
            "a semicolon stands within the query, where a second statement could hide",
            "Write one select, without it",
        )
    others = sorted(bind_names(value) - {"cursor"})
    if others:
        return f"the query asks for :{others[0]}", "Only :cursor is given; write a colon that is meant as such as \\:"
    return None


def _start(value: Any) -> Complaint:
    good = isinstance(value, int | str | date) and not isinstance(value, bool)
    return None if good else ("this is not a first value", "Write a number, a date, a time or a text")


_FILE = {"path": Option(_path, required=True)}
_XML_LENIENCIES = (LEADING_COMMENT, CAPITAL_DECLARATION)
_JSON_LENIENCIES = (REPEATED_NAMES,)
_OF_JSON = {"leniency": Option(_leniency(*_JSON_LENIENCIES))}
_OF_XML = {
    "each": Option(_text),
    "namespaces": Option(_prefixes),
    "unwrap": Option(_text),
    "leniency": Option(_leniency(*_XML_LENIENCIES)),
}

KINDS: Mapping[str, Mapping[str, Option]] = {
    "csv": {
        **_FILE,
        "delimiter": Option(_character),
        "quote": Option(_quote),
        "encoding": Option(_encoding),
        "header": Option(_flag),
        "columns": Option(_names),
        "skip": Option(_count(0)),
    },
    "jsonl": {**_FILE, **_OF_JSON, "encoding": Option(_encoding)},
    "json": {**_FILE, **_OF_JSON, "items": Option(_json_path), "encoding": Option(_encoding)},
    "xlsx": {**_FILE, "sheet": Option(_text), "header_row": Option(_count(1)), "columns": Option(_names)},
    "xml": {**_FILE, **_OF_XML, "encoding": Option(_encoding)},
    "sql": {
        "url": Option(_url, required=True),
        "query": Option(_query, required=True),
        "cursor": Option(_text),
        "start": Option(_start),
        "overlap": Option(_amount),
    },
    "http": {
        **_OF_XML,
        "format": Option(_format),
        "items": Option(_json_path),
        "leniency": Option(_leniency(*_XML_LENIENCIES, *_JSON_LENIENCIES)),
    },
}


def check_spec(spec: object) -> tuple[SpecFault, ...]:
    """Return everything that is wrong with a ``source:`` block, or nothing."""
    return tuple(_faults(spec))


def _faults(spec: object) -> Iterator[SpecFault]:
    if not isinstance(spec, Mapping) or len(spec) != 1:
        there = ", ".join(KINDS)
        yield SpecFault((), "a source is of exactly one kind", f"Write one of {there}, with its options under it")
        return
    ((kind, options),) = spec.items()
    if kind not in KINDS:
        yield SpecFault((str(kind),), f"{kind!r} is not a kind of source", _nearest(str(kind), KINDS))
        return
    options = {} if options is None else options
    if not isinstance(options, Mapping):
        yield SpecFault((kind,), "the options are not names with values", "Write them as path: jail.csv")
        return
    found = list(_options(kind, options))
    yield from found or _together(kind, options)


def _options(kind: str, options: Options) -> Iterator[SpecFault]:
    known = KINDS[kind]
    for name, value in options.items():
        if name not in known:
            yield SpecFault((kind, str(name)), f"{kind} has no option {name!r}", _nearest(str(name), known))
        elif complaint := known[name].check(value):
            yield SpecFault((kind, name), *complaint)
    for name, option in known.items():
        if option.required and name not in options:
            yield SpecFault((kind,), f"{name}: is missing", f"Add {name}:")


def _together(kind: str, options: Options) -> Iterator[SpecFault]:
    """Check what only makes sense together."""
    if kind == "csv":
        yield from _csv_together(options)
    if kind in ("xml", "http"):
        yield from _xml_together(kind, options)
    if kind == "sql":
        yield from _sql_together(options)


def _csv_together(options: Options) -> Iterator[SpecFault]:
    if options.get("header") is False and "columns" not in options:
        yield SpecFault(("csv", "header"), "without a header the columns have no names", "Add columns: with the names")
    if options.get("quote", '"') == options.get("delimiter", ","):
        yield SpecFault(("csv", "quote"), "the quote is the delimiter", "Write the quote that the file really uses")


def _xml_together(kind: str, options: Options) -> Iterator[SpecFault]:
    xml = kind == "xml" or options.get("format") == "xml"
    for name in ("each", "namespaces", "unwrap") if not xml else ("items",):
        if name in options:
            yield SpecFault((kind, name), f"{name}: is not for this format", "Leave it out, or set format: accordingly")
    for leniency in options.get("leniency", ()):
        if (leniency in _XML_LENIENCIES) is not xml:
            yield SpecFault((kind, "leniency"), f"{leniency} is not for this format", "Leave it out")
    for name in ("each", "unwrap") if xml else ():
        complaint = check_path("xml", options.get(name, "."), options.get("namespaces"))
        if complaint:
            yield SpecFault((kind, name), complaint.rstrip("."), "Mend the path or its prefixes")


def _sql_together(options: Options) -> Iterator[SpecFault]:
    asked = "cursor" in bind_names(options["query"])
    if asked and "cursor" not in options:
        yield SpecFault(("sql", "query"), "the query asks for :cursor", "Name the column it belongs to under cursor:")
    if asked and "start" not in options:
        yield SpecFault(
            ("sql", "query"), "there is no value for :cursor the first time", "Add start: with a first value"
        )
    for name in ("start", "overlap"):
        if name in options and "cursor" not in options:
            yield SpecFault(("sql", name), f"{name}: needs a cursor column", "Add cursor: with the column's name")


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(word.lower(), known, 1, 0.5)
    return f"Did you mean {near[0]}" if near else f"It has to be one of {', '.join(known)}"
