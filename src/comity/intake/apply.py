"""A message, put into the common vocabulary by its mapping. Pure: no clock, no key, no database.

Rules:

1. Every fault of a message is told at once, with its place, its record, its field and its path; never a value.
2. A message with one fault is held whole: half a statement is a false one.
3. What a field says is typed, within its range, of its code list, and the rules across the record's fields hold.
4. Nothing is filled in that the source did not say, but by a ``default:`` or a constant of the mapping.
5. A message that is not a statement (a retraction, an erasure, a judgement) needs its keys and no field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from comity.intake.causes import Cause
from comity.intake.conform import broken_rules, missing, wrong_values
from comity.intake.grammar import MAX_KEY
from comity.intake.models import (
    Absent,
    Act,
    Block,
    Condition,
    Fault,
    FieldRule,
    Held,
    Key,
    Mapped,
    MappedRecord,
    Mapping,
    Mark,
    Pointer,
    RecordRef,
    Scalar,
    TimestampForm,
    Value,
)
from comity.intake.steps import UnfitError, fitted, is_text, through, written
from comity.sources import Body, SourcesError
from comity.vocabulary.faults import Fault as WrongValue
from comity.vocabulary.models import Assertion, Vocabulary

_ASSERTIONS = frozenset(it.value for it in Assertion)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def apply(
    mapping: Mapping, body: Body, vocabulary: Vocabulary, place: str = "", now: datetime | None = None
) -> Mapped | Held:
    """Return the message in the common vocabulary, or held with every fault.

    ``place`` is where the source said it. With ``now``, what cannot lie in the future and does is a fault.
    """
    return Applier(mapping, vocabulary, now).apply(body, place)


class Applier:
    """A mapping made ready for many messages."""

    def __init__(self, mapping: Mapping, vocabulary: Vocabulary, now: datetime | None = None) -> None:
        self.mapping = mapping
        self.vocabulary = vocabulary
        self.now = now
        types = vocabulary.record_types.values()
        self.fields = {kind.name: {field.name: field for field in kind.fields} for kind in types}
        self.categories = frozenset(vocabulary.subject_categories)

    def apply(self, body: Body, place: str = "") -> Mapped | Held:
        """Return one message in the common vocabulary; see :func:`apply`."""
        return _Message(self, place).read(body)


@dataclass(slots=True)
class _Scope:
    """Where one stands in a message: a body, its number among its like, the block it is of, the scope around it."""

    body: Body
    number: int = 1
    block: Block | None = None
    key: str | None = None
    around: _Scope | None = None
    siblings: tuple[Block, ...] = ()
    keys: dict[str, str | None] = field(default_factory=dict)


class _Message:
    def __init__(self, applier: Applier, place: str) -> None:
        self.mapping = applier.mapping
        self.vocabulary = applier.vocabulary
        self.applier = applier
        self.now = applier.now
        self.place = place
        self.faults: list[Fault] = []
        self.records: list[MappedRecord] = []

    def read(self, body: Body) -> Mapped | Held:
        scope = _Scope(body, siblings=self.mapping.records)
        act = self._act(scope)
        key = self._key(self.mapping.key, _key_text(self.mapping.key, scope), "")
        version = self._version(scope)
        persons: tuple[RecordRef, ...] = ()
        if act is Act.STATE:
            self._state(scope)
        elif act in {Act.SAME, Act.DIFFERENT}:
            persons = self._pair(scope)
        elif act in {Act.ERASE, Act.EXPUNGE}:
            persons = tuple(dict.fromkeys(self._named(scope)))
        if self.faults or key is None or act is None:
            return Held(tuple(self.faults), key or "", act or Act.STATE, version, self._persons(scope))
        return Mapped(act, key, version, tuple(self.records), persons)

    # ------------------------------------------------------------------------------------------------ the envelope

    def _act(self, scope: _Scope) -> Act | None:
        try:
            said, _ = _said(self.mapping.message, scope)
            return Act(str(said))
        except (UnfitError, SourcesError, ValueError):
            self._fault(Cause.MESSAGE_UNKNOWN, field="message", path=self.mapping.message.where)
            return None

    def _version(self, scope: _Scope) -> int | None:
        if self.mapping.order is None:
            return None
        try:
            said, _ = _said(self.mapping.order, scope)
            return None if said is None else _ordinal(said)
        except (UnfitError, SourcesError, ValueError):
            self._fault(Cause.ORDER_UNREADABLE, field="order_by", path=self.mapping.order.where)
            return None

    def _pair(self, scope: _Scope) -> tuple[RecordRef, ...]:
        keys = [_key_text(key, scope) for key in self.mapping.pair]
        if len({key for key in keys if key and _usable(key)}) != 2:  # noqa: PLR2004  (a pair)
            self._fault(Cause.PAIR_INCOMPLETE, field="pair")
            return ()
        return tuple(RecordRef(self.mapping.name, "person", str(key)) for key in keys)

    def _named(self, scope: _Scope) -> Iterator[RecordRef]:
        """Yield the persons that an erasure names, wherever a person block finds a key."""
        for block in scope.siblings:
            for inner in self._scopes(block, scope):
                if block.record == "person" and inner.key is not None and _usable(inner.key):
                    yield RecordRef(self.mapping.name, "person", inner.key)
                yield from self._named(inner)

    def _persons(self, scope: _Scope) -> tuple[RecordRef, ...]:
        """Return whom a message seems to be about, however faulty it is."""
        said = len(self.faults)
        found = dict.fromkeys(self._concerned(scope))
        del self.faults[said:]  # what is wrong has been told already
        return tuple(found)

    def _concerned(self, scope: _Scope) -> Iterator[RecordRef]:
        for block in scope.siblings:
            for inner in self._scopes(block, scope):
                if block.record == "person" and inner.key is not None and _usable(inner.key):
                    yield RecordRef(self.mapping.name, "person", inner.key)
                elif block.about and (about := self._about(block, inner)) and _usable(about.key):
                    yield about
                yield from self._concerned(inner)

    # -------------------------------------------------------------------------------------------------- the records

    def _state(self, scope: _Scope) -> None:
        self._blocks(scope)
        if not self.records and not self.faults:
            self._fault(Cause.EMPTY)
        seen: set[RecordRef] = set()
        for record in self.records:
            if record.ref in seen:
                self._fault(Cause.TWICE, record=record.block, field="key")
            seen.add(record.ref)

    def _blocks(self, scope: _Scope) -> None:
        for block in scope.siblings:
            for inner in self._scopes(block, scope):
                self._record(block, inner)
                self._blocks(inner)

    def _scopes(self, block: Block, scope: _Scope) -> Iterator[_Scope]:
        """Yield where the block's repetitions stand, leaving out those that its guard leaves out."""
        try:
            bodies = scope.body.each(block.for_each) if block.for_each else [scope.body]
            for number, body in enumerate(bodies, start=1):
                at = number if block.for_each else scope.number
                inner = _Scope(body, at, block, None, scope, block.records)
                if all(_holds(condition, inner) for condition in block.when):
                    inner.key = _key_text(block.key, inner)
                    if not block.for_each:
                        scope.keys[block.id] = inner.key
                    yield inner
        except UnfitError as unfit:
            self._fault(unfit.cause, record=block.id, field="when", **unfit.details)
        except SourcesError:
            self._fault(Cause.PATH_UNFIT, record=block.id, field="for_each", path=block.for_each or "")

    def _record(self, block: Block, scope: _Scope) -> None:
        before = len(self.faults)
        key = self._key(block.key, scope.key, block.id)
        about = self._about(block, scope)
        whose = self._lawful(block, scope, block.whose, Cause.WHOSE_UNKNOWN)
        asserted = self._lawful(block, scope, block.asserted, Cause.ASSERTED_UNKNOWN)
        values, paths = self._fields(block, scope)
        self._conform(block, values, paths)
        if len(self.faults) == before and key is not None:
            ref = RecordRef(self.mapping.name, block.record, key)
            about = ref if block.record == "person" else about
            self.records.append(MappedRecord(block.id, ref, about, whose, asserted, values, paths))

    def _fields(self, block: Block, scope: _Scope) -> tuple[dict[str, Scalar | RecordRef], dict[str, str]]:
        values: dict[str, Scalar | RecordRef] = {}
        paths: dict[str, str] = {}
        for rule in block.fields:
            value, path = self._field(block, rule, scope)
            if value is not None:
                values[rule.name] = value
            paths[rule.name] = path
        return values, paths

    def _field(self, block: Block, rule: FieldRule, scope: _Scope) -> tuple[Scalar | RecordRef | None, str]:
        kind = self.applier.fields[block.record][rule.name]
        path = ""
        try:
            if rule.pointer is not None:
                target = self._target(rule.pointer, scope, kind.references or "")
                return target, "" if rule.pointer.key is None else _key_paths(rule.pointer.key)
            value = rule.value or _NOTHING
            path = value.where
            said, path = _said(value, scope)
            return (None if said is None else fitted(said, kind, _zone(value, self.mapping))), path
        except UnfitError as unfit:
            self._fault(unfit.cause, record=block.id, field=rule.name, path=path, **unfit.details)
        except SourcesError:
            self._fault(Cause.PATH_UNFIT, record=block.id, field=rule.name, path=path)
        return _REFUSED, path

    def _conform(self, block: Block, values: dict[str, Scalar | RecordRef], paths: dict[str, str]) -> None:
        kind, fields = self.vocabulary.record_types[block.record], self.applier.fields[block.record]
        said = set(values)  # a value that was refused has been told, and is not missing as well
        for name in [name for name, value in values.items() if value is _REFUSED]:
            del values[name]
        for wrong in wrong_values(fields, values, self.now):
            self._wrong(block, wrong, paths.get(wrong.field, ""))
        for wrong in missing(kind, said):
            self._wrong(block, wrong, paths.get(wrong.field, ""))
        for wrong, rule, other in broken_rules(kind, values):
            path = ", ".join(paths[name] for name in (wrong.field, other) if paths.get(name))
            self._wrong(block, wrong, path, rule)

    def _wrong(self, block: Block, wrong: WrongValue, path: str, rule: str = "") -> None:
        self.faults.append(
            Fault(self.place, wrong.code.value, wrong.cause, wrong.mend, block.id, wrong.field, path, rule)
        )

    def _lawful(self, block: Block, scope: _Scope, value: Value, cause: Cause) -> str:
        if value.constant is not None and not value.steps:
            return value.constant  # the checker has seen it
        known = self.applier.categories if cause is Cause.WHOSE_UNKNOWN else _ASSERTIONS
        try:
            said, _ = _said(value, scope)
        except (UnfitError, SourcesError):
            said = None
        if said not in known:
            name = "whose" if cause is Cause.WHOSE_UNKNOWN else "asserted"
            self._fault(cause, record=block.id, field=name, path=value.where)
        return str(said)

    def _about(self, block: Block, scope: _Scope) -> RecordRef | None:
        if block.about is None:
            return None
        try:
            target = self._target(block.about, scope, "person")
        except (UnfitError, SourcesError):
            target = None
        if target is None:
            about = block.about.block or _key_paths(block.about.key or Key(block.mark, ()))
            self._fault(Cause.ABOUT_NOBODY, record=block.id, field="about", about=about)
        return target

    def _target(self, pointer: Pointer, scope: _Scope, record: str) -> RecordRef | None:
        """Return the record that is pointed at; ``None`` if the message does not name it."""
        if pointer.block is not None:
            return self._block_target(pointer.block, scope)
        key = _key_text(pointer.key, scope) if pointer.key else None
        if key is not None and not _usable(key):
            raise UnfitError(Cause.UNPRINTABLE if len(key) <= MAX_KEY else Cause.KEY_TOO_LONG, limit=str(MAX_KEY))
        return None if key is None else RecordRef(pointer.source or self.mapping.name, record, key)

    def _block_target(self, name: str, scope: _Scope) -> RecordRef | None:
        """Return the record of a block that is around here, or stands once beside what is around here."""
        at: _Scope | None = scope
        while at is not None:
            if at.block is not None and at.block.id == name:
                return None if at.key is None else RecordRef(self.mapping.name, at.block.record, at.key)
            for block in at.siblings:
                if block.id == name:
                    key = self._key_once(block, at)
                    return None if key is None else RecordRef(self.mapping.name, block.record, key)
            at = at.around
        return None

    def _key_once(self, block: Block, scope: _Scope) -> str | None:
        if block.id not in scope.keys:
            inner = next(iter(self._scopes(block, scope)), None)
            scope.keys[block.id] = inner.key if inner else None
        return scope.keys[block.id]

    def _key(self, key: Key, text: str | None, record: str) -> str | None:
        """Return the text of a key, or note why it cannot be one."""
        cause = None
        if text is None:
            cause = Cause.KEY_MISSING
        elif len(text) > MAX_KEY:
            cause = Cause.KEY_TOO_LONG
        elif not is_text(text):
            cause = Cause.UNPRINTABLE
        if cause:
            self._fault(cause, record=record, field="key", path=_key_paths(key), limit=str(MAX_KEY))
            return None
        return text

    def _fault(self, cause: Cause, *, record: str = "", field: str = "", path: str = "", **details: str) -> None:
        self.faults.append(Fault.of(self.place, cause, record=record, field=field, path=path, **details))


_NOTHING = Value(Mark(0, 0))  # the reader refuses a field with neither value nor pointer
_REFUSED = RecordRef("", "", "")
"""Stands for a value that was said and refused, so that it does not count as missing too."""


# ---------------------------------------------------------------------------------------------------- single values


def _said(value: Value, scope: _Scope) -> tuple[Scalar | None, str]:
    """Return what a message says for a value, after its steps, and the path that said it."""
    text, path = _text(value, scope)
    said = None if text is None else through(value.steps, text)
    return (value.default if said is None else said), path


def _text(value: Value, scope: _Scope) -> tuple[str | None, str]:
    if value.pieces:
        pieces = [text for piece in value.pieces for text in _piece(value, piece, scope)]
        return value.separator.join(pieces) or None, value.where
    for path in value.paths:
        text = _trimmed(value, written(_get(path, scope)))
        if text is not None:
            return text, path
    return value.constant, value.where


def _zone(value: Value, mapping: Mapping) -> ZoneInfo:
    """Return the zone in which a moment has its day: the value's own, or else the source's."""
    return next((step.zone for step in value.steps if isinstance(step, TimestampForm)), mapping.zone)


def _piece(value: Value, piece: Value, scope: _Scope) -> Iterator[str]:
    """Yield what a piece of a joined value says: one text, or each text of the list that its path finds."""
    raw = _get(piece.paths[0], scope) if len(piece.paths) == 1 else None
    for said in map(written, raw) if isinstance(raw, list) else [_said(piece, scope)[0]]:
        text = None if said is None else _trimmed(value, str(said))
        if text is not None:
            yield text


def _trimmed(value: Value, text: str | None) -> str | None:
    """Return the text without space around it; ``None`` for nothing and for what means nothing."""
    if text is None:
        return None
    text = text.strip() if value.trim else text
    if not text or any(isinstance(step, Absent) and text in step.values for step in value.steps[:1]):
        return None
    return text


def _get(path: str, scope: _Scope) -> Any:
    while path[0] == "^":
        path, scope = path[1:], scope.around or scope
    return scope.number if path == "#" else scope.body.get(path)


def _key_text(key: Key, scope: _Scope) -> str | None:
    """Return the text of a key, ``None`` if a part of it is missing or has no form."""
    try:
        parts = [_said(part, scope)[0] for part in key.parts]
    except (UnfitError, SourcesError):
        return None
    if not parts or any(part is None for part in parts):
        return None
    texts = [str(part) for part in parts]
    # A separator inside a part is escaped, so that ("a|b", "c") and ("a", "b|c") are two keys.
    return texts[0] if len(texts) == 1 else "|".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)


def _usable(key: str) -> bool:
    """Whether a key can be kept: not longer than an index holds, and text."""
    return len(key) <= MAX_KEY and is_text(key)


def _holds(condition: Condition, scope: _Scope) -> bool:
    said, _ = _said(condition.value, scope)
    if condition.present is not None:
        return (said is not None) == condition.present
    text = "" if said is None else str(said)
    if condition.among is not None:
        return text in condition.among
    return condition.not_among is None or text not in condition.not_among


def _ordinal(said: Scalar) -> int:
    """Return a whole number that puts messages in order: itself, or a moment's microseconds since 1970."""
    if isinstance(said, datetime):
        return (said - _EPOCH) // timedelta(microseconds=1)
    if isinstance(said, str) and not said.lstrip("+-").isdecimal():
        moment = datetime.fromisoformat(said)
        return _ordinal(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    number = said.toordinal() if not isinstance(said, str | int) else int(said)
    if abs(number) >= 1 << 62:
        raise ValueError("it does not fit a version")
    return number


def _key_paths(key: Key) -> str:
    return ", ".join(part.where for part in key.parts)
