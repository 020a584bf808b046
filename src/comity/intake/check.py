"""Whether a mapping means anything in the vocabulary; each mistake with its line and the nearest right word.

Rules:

1. Record types, fields, codes and LED art. 6 categories are words of the vocabulary, or mistakes.
2. A step must give what its field takes: a date form under a whole number is a mistake, and so is a code that the
   field's list does not have, wherever it stands (``codes:``, ``otherwise:``, ``value:``, ``default:``).
3. Every required field of a record is mapped.
4. A block that is referred to exists, is of the right record type, and is one that can be meant: around the block
   that refers to it, or standing once beside it.
5. Paths are ones that ``sources`` can follow in the source's format, and the ``source:`` block is one it can open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from pathlib import Path

from comity.intake.errors import MappingError
from comity.intake.mapping import read, read_text
from comity.intake.models import (
    Act,
    Block,
    Booleans,
    Codes,
    DateForm,
    FieldRule,
    Key,
    Mapping,
    Mark,
    Mistake,
    Pointer,
    TimestampForm,
    Value,
)
from comity.intake.nodes import Notes, nearest
from comity.intake.steps import UnfitError, fitted
from comity.sources import check_path
from comity.vocabulary.check import check_value
from comity.vocabulary.models import Assertion, Field, FieldType, RecordType, Vocabulary

_FITS: Map[FieldType, frozenset[type]] = {
    FieldType.TEXT: frozenset({Codes}),
    FieldType.CODE: frozenset({Codes}),
    FieldType.DATE: frozenset({DateForm, TimestampForm, Codes}),
    FieldType.TIMESTAMP: frozenset({TimestampForm, Codes}),
    FieldType.INTEGER: frozenset({Codes}),
    FieldType.BOOLEAN: frozenset({Booleans, Codes}),
}
_STEP_WORDS = {DateForm: "`date:`", TimestampForm: "`timestamp:`", Booleans: "`true:` and `false:`", Codes: "`codes:`"}


def load_mapping(path: Path, vocabulary: Vocabulary) -> Mapping:
    """Return the mapping of a file; :class:`MappingError` with every mistake if it has any."""
    mapping, mistakes = examine(read_text(path), vocabulary)
    if mapping is None or mistakes:
        raise MappingError(path.name, mistakes)
    return mapping


def check_mapping(path: Path, vocabulary: Vocabulary) -> tuple[Mistake, ...]:
    """Return every mistake of a mapping file, in the order of its lines; none if it can be used."""
    try:
        return examine(read_text(path), vocabulary)[1]
    except MappingError as error:  # it could not be read at all
        return error.mistakes


def examine(text: str, vocabulary: Vocabulary) -> tuple[Mapping | None, tuple[Mistake, ...]]:
    """Return the mapping that a text says, as far as it says one, and every mistake in it."""
    mapping, mistakes = read(text)
    if mapping is not None:
        mistakes += tuple(_Check(mapping, vocabulary).mistakes())
    return mapping, tuple(sorted(set(mistakes), key=lambda mistake: (mistake.line, mistake.column, mistake.cause)))


class _Check:
    def __init__(self, mapping: Mapping, vocabulary: Vocabulary) -> None:
        self.mapping = mapping
        self.vocabulary = vocabulary
        self.notes = Notes()
        self.blocks = {block.id: block for block in _every(mapping.records)}
        self.depth = 0  # of the block at hand

    def mistakes(self) -> list[Mistake]:
        self._one_of(self.mapping.message, [act.value for act in Act], "kind of message")
        self._pair()
        self._paths_of(self.mapping.key)
        for value in (self.mapping.message, self.mapping.order):
            self._check_paths(value)
        for key in self.mapping.pair:
            self._paths_of(key)
        self._blocks(self.mapping.records, ())
        return self.notes.mistakes

    def _pair(self) -> None:
        asked = set(_outputs(self.mapping.message)) & {Act.SAME, Act.DIFFERENT}
        if asked and not self.mapping.pair:
            mend = "Say which paths hold the keys of the two persons: `pair: [KEPT_ID, OLD_ID]`."
            self.notes.add(self.mapping.message.mark, "A message may judge two persons, and there is no `pair:`.", mend)

    # --------------------------------------------------------------------------------------------------- the blocks

    def _blocks(self, blocks: tuple[Block, ...], around: tuple[Block, ...]) -> None:
        for block in blocks:
            visible = {it.id for level in (blocks, *(it.records for it in around)) for it in level if not it.for_each}
            visible |= {it.id for it in (*around, block)} | {it.id for it in self.mapping.records if not it.for_each}
            self.depth = len(around) + 1
            self._block(block, frozenset(visible))
            self._blocks(block.records, (*around, block))

    def _block(self, block: Block, visible: frozenset[str]) -> None:
        self._one_of(block.whose, list(self.vocabulary.subject_categories), "category of person (LED article 6)")
        self._one_of(block.asserted, [it.value for it in Assertion], "way to assert (LED article 7)")
        self._paths_of(block.key)
        for value in (block.whose, block.asserted, *(condition.value for condition in block.when)):
            self._check_paths(value)
        if block.for_each:
            self._check_path(block.for_each, block.mark)  # seen from the block around it
        record_type = self.vocabulary.record_types.get(block.record)
        if record_type is None:
            self._unknown(block.mark, "record type", block.record, self.vocabulary.record_types)
            return
        if block.about is not None:
            self._pointer(block.about, "person", visible, "`about:`")
        for rule in block.fields:
            self._field(rule, record_type, visible)
        self._required(block, record_type)

    def _required(self, block: Block, record_type: RecordType) -> None:
        mapped = {rule.name for rule in block.fields}
        for field in record_type.fields:
            if field.required and field.name not in mapped:
                mend = f"Add `{field.name}:` under `fields:`."
                cause = f"A record of {record_type.name} needs {field.name} ({field.label.en.lower()})."
                self.notes.add(block.mark, cause, mend)

    # --------------------------------------------------------------------------------------------------- the fields

    def _field(self, rule: FieldRule, record_type: RecordType, visible: frozenset[str]) -> None:
        field = next((field for field in record_type.fields if field.name == rule.name), None)
        if field is None:
            known = [field.name for field in record_type.fields]
            self._unknown(rule.mark, f"field of {record_type.name}", rule.name, known)
        elif field.type is FieldType.REFERENCE:
            self._reference(rule, field, visible)
        elif rule.pointer is not None:
            self.notes.add(rule.mark, f"{rule.name} holds {_kind(field)}, not a reference.", "Give it `from:` a path.")
        elif rule.value is not None:
            self._check_paths(rule.value)
            self._steps(rule, rule.value, field)
            self._constants(rule.value, field)

    def _reference(self, rule: FieldRule, field: Field, visible: frozenset[str]) -> None:
        if rule.pointer is None:
            mend = f"Write `{{reference: {{key: PATH}}}}`, or name a block: `{{reference: {field.references}}}`."
            self.notes.add(rule.mark, f"{rule.name} is a reference to a {field.references}.", mend)
        else:
            self._pointer(rule.pointer, field.references or "", visible, f"`{rule.name}:`")

    def _pointer(self, pointer: Pointer, record: str, visible: frozenset[str], what: str) -> None:
        said = pointer.record
        if pointer.key is not None:
            self._paths_of(pointer.key)
        elif pointer.block not in self.blocks:
            self._unknown(pointer.mark, "block", str(pointer.block), self.blocks)
            return
        elif pointer.block not in visible:
            mend = "Put this block under `records:` of that one, or point at it by `{key: PATH}`."
            self.notes.add(
                pointer.mark, f"The block {pointer.block!r} repeats, so it is not clear which is meant.", mend
            )
            return
        else:
            said = self.blocks[pointer.block].record
        if said and said != record:
            self.notes.add(pointer.mark, f"{what} refers to a {record}, and this is a {said}.", "Point at another.")

    def _steps(self, rule: FieldRule, value: Value, field: Field) -> None:
        for step in value.steps:
            if type(step) in _STEP_WORDS and type(step) not in _FITS[field.type]:
                cause = f"{_STEP_WORDS[type(step)]} does not fit {rule.name}, which holds {_kind(field)}."
                self.notes.add(value.mark, cause, _MENDS[field.type])

    def _constants(self, value: Value, field: Field) -> None:
        if any(isinstance(step, DateForm | TimestampForm | Booleans) for step in value.steps):
            given = [value.default]
        else:
            given = [value.default, *_outputs(value)]
        for text in given:
            if text:
                self._constant(value.mark, text, field)

    def _constant(self, at: Mark, text: str, field: Field) -> None:
        try:
            fits = check_value(field, fitted(text, field, self.mapping.zone)) is None
        except UnfitError:
            fits = False
        if fits:
            return
        if field.type is FieldType.CODE:
            self._unknown(at, f"code in the list {field.code_list}", text, field.codes)
        else:
            self.notes.add(at, f"{text!r} does not fit {field.name}, which holds {_kind(field)}.", _MENDS[field.type])

    # ------------------------------------------------------------------------------------------------------- words

    def _one_of(self, value: Value, known: list[str], what: str) -> None:
        for text in (*_outputs(value), value.default):
            if text and text not in known:
                self._unknown(value.mark, what, text, known)

    def _unknown(self, at: Mark, what: str, name: str, known: Iterable[str]) -> None:
        words = list(known)
        near = nearest(name, words)
        listed = ", ".join(words[:12]) + (", …" if len(words) > 12 else "")  # noqa: PLR2004  (a line on a screen)
        self.notes.add(at, f"There is no {what} named {name!r}.", "" if near else f"There are: {listed}.", near)

    # ------------------------------------------------------------------------------------------------------- paths

    def _paths_of(self, key: Key) -> None:
        for part in key.parts:
            self._check_paths(part)

    def _check_paths(self, value: Value | None) -> None:
        for path in () if value is None else value.every_path:
            self._check_path(path, value.mark if value else Mark(1, 1))

    def _check_path(self, path: str, at: Mark) -> None:
        bare = path.lstrip("^")
        if len(path) - len(bare) > self.depth:
            self.notes.add(at, f"{path!r} looks further out than there are blocks around it.", "Leave out a `^`.")
        elif not bare:
            self.notes.add(at, f"{path!r} names no path.", "Write what stands after the `^`.")
        elif bare != "#" and (wrong := check_path(self._format(), bare, self._namespaces())):
            self.notes.add(at, wrong, "Mend the path.")

    def _format(self) -> str:
        posted = self.mapping.source.get("http")
        by_post = isinstance(posted, Map) and posted.get("format") == "xml"
        return "xml" if by_post or "xml" in self.mapping.source else "json"

    def _namespaces(self) -> dict[str, str]:
        spec = self.mapping.source.get("xml") or self.mapping.source.get("http")
        declared = spec.get("namespaces") if isinstance(spec, dict) else None
        return {str(name): str(uri) for name, uri in declared.items()} if isinstance(declared, dict) else {}


_KINDS = {
    FieldType.TEXT: "text",
    FieldType.CODE: "a code",
    FieldType.DATE: "a date",
    FieldType.TIMESTAMP: "a moment",
    FieldType.INTEGER: "a whole number",
    FieldType.BOOLEAN: "true or false",
    FieldType.REFERENCE: "a reference",
}
_MENDS = {
    FieldType.TEXT: "Take the text as it is, or map another field.",
    FieldType.CODE: "Translate the source's codes with `codes:`.",
    FieldType.DATE: 'Read a date with `date:` and its form, for example `date: "%d/%m/%Y"`.',
    FieldType.TIMESTAMP: "Read a moment with `timestamp:` and its form.",
    FieldType.INTEGER: "Give it a whole number; `extract:` takes one out of a text.",
    FieldType.BOOLEAN: "List the source's words under `true:` and `false:`.",
    FieldType.REFERENCE: "Point at a block or a key with `reference:`.",
}


def _kind(field: Field) -> str:
    listed = f" of the list {field.code_list}" if field.code_list else ""
    return _KINDS[field.type] + listed


def _outputs(value: Value) -> Iterator[str]:
    """Yield the constants that a value may give: its own, and what its codes translate to."""
    if value.constant is not None and not value.steps:
        yield value.constant
    for step in value.steps:
        if isinstance(step, Codes):
            yield from step.exact.values()
            if step.otherwise:
                yield step.otherwise


def _every(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _every(block.records)
