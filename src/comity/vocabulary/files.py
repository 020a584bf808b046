"""Data files, read key by key, so that every fault in them has a line.

Rules:

1. A file is a mapping; its values are mappings, lists and scalars. Every scalar is read as the text that stands there
   (``no`` is the word *no*, not a falsehood) and converted by whoever asks for it.
2. A key that stands twice is refused where it stands the second time.
3. A key that nobody has asked for when the block is finished is refused: a misspelt key would otherwise be silence.
4. Every refusal is a :class:`VocabularyFileError` with file, line, cause and mend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from comity.vocabulary.errors import VocabularyFileError
from comity.vocabulary.models import Label

_E = TypeVar("_E", bound=StrEnum)
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file's name and a line, counted from 1."""

    file: str
    line: int

    def refuse(self, cause: str, mend: str) -> NoReturn:
        """Raise the :class:`VocabularyFileError` that says what is wrong here and how to mend it."""
        raise VocabularyFileError(self.file, self.line, cause, mend)


@dataclass(slots=True)
class Block:
    """One mapping of a file. Read it with the methods below, then :meth:`finish` it."""

    name: str  # the key under which it stands; the file's name for the outermost
    place: Place
    _values: dict[str, Any]  # key -> ruamel node
    _keys: dict[str, Place]
    _asked: set[str] = field(default_factory=set)

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return key in self._values

    def place_of(self, key: str) -> Place:
        """Return where ``key`` stands; where the block begins if it does not stand in it."""
        return self._keys.get(key, self.place)

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text under ``key``; ``default`` if it is not there, a refusal if there is no default."""
        if key not in self:
            if default is None:
                self.place.refuse(f"{self.name!r} has no {key!r}", f"add {key}: …")
            return default
        return _scalar(self._values[key], self.place_of(key), key)

    def flag(self, key: str) -> bool:
        """Return whether ``key`` is ``true``; false if it is not there."""
        word = self.text(key, "false")
        if word not in {"true", "false"}:
            self.place_of(key).refuse(f"{key!r} is neither true nor false", "write true or false")
        return word == "true"

    def number(self, key: str) -> int | None:
        """Return the whole number under ``key``; None if it is not there."""
        if key not in self:
            return None
        word = self.text(key)
        try:
            return int(word)
        except ValueError:
            self.place_of(key).refuse(f"{key!r} is not a whole number", "write digits only")

    def choice(self, key: str, kind: type[_E], default: str | None = None) -> _E:
        """Return the member of ``kind`` whose value stands under ``key``; ``default`` if it is not there."""
        return self._member(self.text(key, default), key, kind)

    def choices(self, key: str, kind: type[_E]) -> tuple[_E, ...]:
        """Return the members of ``kind`` whose values are listed under ``key``; empty if it is not there."""
        return tuple(self._member(word, key, kind) for word in self.words(key))

    def words(self, key: str) -> tuple[str, ...]:
        """Return the list of texts under ``key``; empty if it is not there."""
        if key not in self:
            return ()
        node, place = self._values[key], self.place_of(key)
        if node.id != "sequence":
            place.refuse(f"{key!r} is not a list", f"write {key}: [one, two]")
        return tuple(_scalar(item, _place(place.file, item), key) for item in node.value)

    def block(self, key: str) -> Block:
        """Return the mapping under ``key``; a refusal if it is not there."""
        if key not in self:
            self.place.refuse(f"{self.name!r} has no {key!r}", f"add {key}: {{…}}")
        return _block(key, self._values[key], self.place_of(key))

    def texts(self) -> dict[str, str]:
        """Return the text under each key, in the order of the file."""
        return {key: self.text(key) for key in self._values}

    def names(self) -> tuple[str, ...]:
        """Return the keys, in the order of the file."""
        return tuple(self._values)

    def blocks(self) -> Iterator[Block]:
        """Yield the mapping under each key, in the order of the file."""
        for key in self._values:
            yield self.block(key)

    def listed(self, key: str) -> Iterator[Block]:
        """Yield each mapping of the list under ``key``; nothing if it is not there."""
        if key not in self:
            return
        node, place = self._values[key], self.place_of(key)
        if node.id != "sequence":
            place.refuse(f"{key!r} is not a list", f"write {key}: and below it a line for each, with a hyphen")
        for item in node.value:
            yield _block(key, item, _place(place.file, item))

    def label(self) -> Label:
        """Return the words of ``en`` and ``nl``, which must both stand in the block and not be empty."""
        return Label(en=self._words_in("en"), nl=self._words_in("nl"))

    def label_under(self, key: str) -> Label:
        """Return the label that is the whole of the mapping under ``key``."""
        block = self.block(key)
        label = block.label()
        block.finish()
        return label

    def finish(self) -> None:
        """Refuse the first key that nobody has asked for."""
        for key, place in self._keys.items():
            if key not in self._asked:
                place.refuse(f"{self.name!r} has an unknown key {key!r}", nearest(key, self._asked))

    def _member(self, word: str, key: str, kind: type[_E]) -> _E:
        known = [str(member.value) for member in kind]
        if word not in known:
            self.place_of(key).refuse(f"{self.name!r} has the unknown {key} {word!r}", nearest(word, known))
        return kind(word)

    def _words_in(self, language: str) -> str:
        if language not in self:
            self.place.refuse(f"{self.name!r} has no label in {language!r}", f"add {language}: the words")
        words = self.text(language).strip()
        if not words:
            self.place_of(language).refuse(f"the label of {self.name!r} in {language!r} is empty", "write the words")
        return words


def read_file(path: Path) -> Block:
    """Return the mapping that the YAML file at ``path`` is.

    :raises VocabularyFileError: the file is missing, is not UTF-8 or YAML, or is not a mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError

    start = Place(path.name, 1)
    try:
        node = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        start.refuse("the file is missing", "put it back: the vocabulary needs every one of its files")
    except UnicodeDecodeError:
        start.refuse("the file is not UTF-8", "save it as UTF-8")
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        Place(path.name, line).refuse(
            f"this is not YAML: {error.problem}", "mend the syntax on this line or just above"
        )
    if node is None:
        start.refuse("the file is empty", "put its contents back")
    return _block(path.name, node, start)


def _block(name: str, node: Any, place: Place) -> Block:
    if node.id != "mapping":
        place.refuse(f"{name!r} is not a mapping", f"write {name}: {{key: value}}")
    values: dict[str, Any] = {}
    keys: dict[str, Place] = {}
    for key_node, value in node.value:
        at = _place(place.file, key_node)
        key = _scalar(key_node, at, name)
        if key in values:
            at.refuse(f"{key!r} stands twice in {name!r}; first on line {keys[key].line}", "keep one of the two")
        values[key], keys[key] = value, at
    return Block(name, place, values, keys)


def _scalar(node: Any, place: Place, key: str) -> str:
    if node.id != "scalar" or node.tag == _NULL:
        place.refuse(f"{key!r} is not a text", f"write {key}: a text")
    return str(node.value)


def _place(file: str, node: Any) -> Place:
    return Place(file, node.start_mark.line + 1)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the mend for an unknown word: the nearest known one, or all of them."""
    words = sorted(known)
    near = get_close_matches(word, words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"take one of: {', '.join(words)}"
