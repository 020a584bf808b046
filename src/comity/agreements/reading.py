"""An agreement's text as a plain tree that remembers where everything stood.

Rules:

1. Everything is text: YAML's guesses (``no`` as false, ``2026-02-01`` as a date, ``010`` as eight) are never made.
2. Anchors, aliases, tags and second documents are refused: what a person reads is all there is.
3. A key stands once in its block. The second one is a fault, not a silent winner.
4. Control, formatting and direction-changing characters, and spaces other than the space, are refused: text must mean
   what it looks like.
5. Size and depth are bounded before anything is built.
6. Canonical JSON is read by rules 4 and 5 too: what nobody would accept in a file, nobody slips in past it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from comity.agreements.errors import FaultyAgreementError
from comity.agreements.fault_words import Said, mistake
from comity.agreements.models import Fault

MAX_BYTES: Final = 256 * 1024  # the longest agreement read while designing this was 40 KiB on paper
MAX_DEPTH: Final = 8  # the file's own shape needs four
MAX_TEXT: Final = 8_000  # characters of one value

_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # Unicode general categories that nobody sees

# What nobody sees and is in none of them: Unicode's default ignorable code points (DerivedCoreProperties), blank
# Braille, and the spaces that look like a space and equal none, so that `!= 'a b'` would be true of what is 'a b'.
_ALSO_HIDDEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
    "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stood: line and column, counted from 1; zeros in canonical JSON."""

    line: int = 0
    column: int = 0

    def moved(self, columns: int) -> Place:
        """Return the place some columns to the right; canonical JSON has none."""
        return Place(self.line, self.column + columns) if self.line else self


@dataclass(frozen=True, slots=True)
class Text:
    """A value. ``inside`` is where its first character stood, if it stands in the file as it is; else ``place``."""

    place: Place
    inside: Place
    text: str


@dataclass(frozen=True, slots=True)
class Entries:
    """Keys and their values, in the order of the text."""

    place: Place
    entries: Mapping[str, tuple[Place, Tree]]


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Tree, ...]


Tree: TypeAlias = Text | Entries | Items


def read_yaml(data: str | bytes) -> tuple[Tree, tuple[Fault, ...]]:
    """Return the tree of a YAML text and what is wrong with its form; unreadable: :class:`FaultyAgreementError`."""
    text = _decoded(data)
    try:
        # The safe reader: the round-trip one leaves fold marks (U+0007) in folded texts.
        reader = _Reader(text, YAML(typ="safe", pure=True).parse(text))
        return reader.document(), tuple(reader.faults)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise _fatal(place, mistake("not-yaml", problem=error.problem or error.context)) from error
    except YAMLError as error:
        raise _fatal(Place(1, 1), mistake("forbidden-sign")) from error


def read_json(data: bytes) -> Tree:
    """Return the tree of canonical JSON. Raises :class:`FaultyAgreementError`."""
    try:
        return _from_json(json.loads(_decoded(data)))
    except (ValueError, RecursionError) as error:
        raise _fatal(Place(), mistake("not-canonical")) from error


def hidden(text: str) -> Iterator[int]:
    """Yield where ``text`` holds a character that nobody sees; a line's end is not one."""
    return (at for at, sign in enumerate(text) if sign != "\n" and _is_hidden(sign))


def _is_hidden(sign: str) -> bool:
    return unicodedata.category(sign) in _HIDDEN or _ALSO_HIDDEN.match(sign) is not None


class _Reader:
    """Builds the tree from YAML's events; faults of form are gathered, not raised, while it can go on."""

    def __init__(self, text: str, events: Iterable[Event]) -> None:
        self._text, self._events, self._depth = text, iter(events), 0
        self.faults: list[Fault] = []

    def document(self) -> Tree:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                break
        else:
            raise _fatal(Place(1, 1), mistake("empty"))
        tree = self._tree(next(self._events))
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                raise _fatal(_place(event), mistake("second-document"))
        return tree

    def _tree(self, event: Event) -> Tree:
        self._refuse_cleverness(event)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _fatal(_place(event), mistake("too-deep", most=MAX_DEPTH))
        tree = self._entries(event) if isinstance(event, MappingStartEvent) else self._items(event)
        self._depth -= 1
        return tree

    def _entries(self, start: Event) -> Entries:
        entries: dict[str, tuple[Place, Tree]] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._tree(event)
            if not isinstance(key, Text):
                raise _fatal(key.place, mistake("key-is-block"))
            value = _beside(key, self._tree(next(self._events)))
            if key.text in entries:
                self._fault(key.place, mistake("key-twice", name=key.text))
            entries.setdefault(key.text, (key.place, value))
        return Entries(_place(start), entries)

    def _items(self, start: Event) -> Items:
        items = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._tree(event))
        return Items(_place(start), tuple(items))

    def _scalar(self, event: ScalarEvent) -> Text:
        text, place = str(event.value), _place(event)
        inside = self._inside(event, text)
        for at in hidden(text):
            sign = f"U+{ord(text[at]):04X}"
            self._fault(inside.moved(at), mistake("invisible-sign", sign=sign))
        if len(text) > MAX_TEXT:
            self._fault(place, mistake("value-too-long", most=MAX_TEXT))
        return Text(place, inside, text)

    def _inside(self, event: ScalarEvent, text: str) -> Place:
        """Return where the value's first character stood, past its quote; its start where the value was rewritten."""
        start, end = event.start_mark.index, event.end_mark.index
        skipped = 0 if event.style is None else 1
        as_it_stands = self._text[start + skipped : end - skipped] == text and "\n" not in text
        return _place(event).moved(skipped if as_it_stands else 0)

    def _refuse_cleverness(self, event: Event) -> None:
        place = _place(event)
        if isinstance(event, AliasEvent):
            raise _fatal(place, mistake("alias"))
        if not isinstance(event, ScalarEvent | MappingStartEvent | SequenceStartEvent):
            raise _fatal(place, mistake("no-value"))
        if event.anchor is not None:
            self._fault(place, mistake("anchor"))
        if event.tag is not None:
            self._fault(place, mistake("tag"))

    def _fault(self, place: Place, said: Said) -> None:
        self.faults.append(Fault(place.line, place.column, "", *said))


def _beside(key: Text, value: Tree) -> Tree:
    """Return a value; one that is not there stands where its key does, not where the next key begins."""
    return Text(key.place, key.place, "") if isinstance(value, Text) and not value.text else value


def _decoded(data: str | bytes) -> str:
    size = len(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise _fatal(Place(1, 1), mistake("too-many-bytes", size=size, most=MAX_BYTES))
    try:
        return data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1 if isinstance(data, bytes) else 1
        raise _fatal(Place(line, 1), mistake("not-utf-8")) from error


def _from_json(value: Any) -> Tree:
    here = Place()
    if isinstance(value, dict):
        return Entries(here, {key: (here, _from_json(each)) for key, each in value.items()})
    if isinstance(value, list):
        return Items(here, tuple(_from_json(each) for each in value))
    text = str(value)
    if next(hidden(text), None) is not None or len(text) > MAX_TEXT:
        raise _fatal(here, mistake("canonical-text", most=MAX_TEXT))
    return Text(here, here, text)


def _place(event: Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _fatal(place: Place, said: Said) -> FaultyAgreementError:
    return FaultyAgreementError([Fault(place.line, place.column, "", *said)])
