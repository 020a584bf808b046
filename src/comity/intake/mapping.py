"""A mapping file: read into a frozen :class:`Mapping`, with every mistake and its line.

What the words of the file must mean in the vocabulary is :mod:`comity.intake.check`; here it is only whether the file
says what a mapping must say.

Rules:

1. A key that is not in :mod:`comity.intake.grammar` is a mistake.
2. ``whose:`` (LED art. 6) and ``asserted:`` (LED art. 7) are said for every block, or once for the whole file. A file
   that leaves either out is refused.
3. A record is about the person whom it concerns; only record types that may concern several people may leave it out.
4. All mistakes are told at once.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from comity.intake import grammar
from comity.intake.errors import MappingError
from comity.intake.models import Act, Block, Condition, FieldRule, Key, Mapping, Mark, Mistake, Pointer, Value
from comity.intake.nodes import Notes, compose, flag_of, mark, pairs, plain, table, text_of, texts_of, whole_of
from comity.intake.values import ValueReader, zone_of
from comity.sources import check_spec
from comity.vocabulary.models import Label

_NEEDED = {
    "mapping": "Give it a name: `mapping: sheriff-jail`. It is the name of the source.",
    "version": "Number it: `version: 1`, and one more with each change.",
    "agency": "Say whose system it is: `agency: sheriff`.",
    "source": "Say where the messages come from: `source: {csv: {path: jail.csv}}`.",
    "key": "Say which path holds the message's own key: `key: BOOKING_NO`.",
    "records": "List the records that a message holds under `records:`.",
}
_WHOSE = "The law asks whose record it is (LED article 6): `whose: suspect`, or a path with `codes:`."
_ASSERTED = "The law asks whether it is fact or opinion (LED article 7): `asserted: fact`, or a path with `codes:`."
_NO_KEY = Key(Mark(1, 1), ())
_NO_VALUE = Value(Mark(1, 1))


def parse(text: str, name: str = "the mapping") -> Mapping:
    """Return the mapping that a file's text says; :class:`MappingError` with every mistake if it has any."""
    mapping, mistakes = read(text)
    if mapping is None or mistakes:
        raise MappingError(name, mistakes)
    return mapping


def read(text: str) -> tuple[Mapping | None, tuple[Mistake, ...]]:
    """Return the mapping as far as it could be read, and every mistake found, in the order of the lines."""
    notes = Notes()
    root = compose(text, notes)
    mapping = None if root is None else _file(root, notes)
    return mapping, tuple(sorted(notes.mistakes, key=lambda mistake: (mistake.line, mistake.column)))


def read_text(path: Path) -> str:
    """Return the text of a mapping file; :class:`MappingError` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        mistake = Mistake(1, 1, f"It cannot be opened ({error.strerror}).", "Check the path and the file's rights.")
        raise MappingError(path.name, [mistake]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise MappingError(path.name, [Mistake(line, 1, "It is not UTF-8.", "Save the file as UTF-8.")]) from None


def _file(root: MappingNode, notes: Notes) -> Mapping:
    keys = table(root, grammar.FILE, "A mapping", notes) or {}
    for name, mend in _NEEDED.items():
        if name not in keys:
            notes.add(root, f"`{name}:` is missing.", mend)
    zone = zone_of(keys["zone"], notes) if "zone" in keys else None
    values = ValueReader(notes, zone)
    message = values.constant_or_value(keys["message"], "`message:`") if "message" in keys else None
    pair = _pair(keys.get("pair"), values)
    return Mapping(
        name=_name(keys.get("mapping"), notes),
        version=_version(keys.get("version"), notes),
        agency=(text_of(keys["agency"], "`agency:`", notes) or "") if "agency" in keys else "",
        zone=zone or ZoneInfo("UTC"),
        source=_source(keys.get("source"), notes),
        key=_message_key(keys["key"], values) if "key" in keys else _NO_KEY,
        message=message or Value(Mark(1, 1), constant=Act.STATE.value),
        order=values.value(keys["order_by"], "`order_by:`") if "order_by" in keys else None,
        pair=pair,
        records=_Blocks(values, keys).of(keys.get("records")),
        title=_title(keys.get("title"), notes),
    )


def _name(node: Node | None, notes: Notes) -> str:
    name = "" if node is None else text_of(node, "`mapping:`", notes) or ""
    if node is not None and not (name.replace("-", "").replace("_", "").isalnum() and name.isascii()):
        notes.add(node, f"{name!r} is not a name.", "Use letters, digits, - and _.")
    return name


def _message_key(node: Node, values: ValueReader) -> Key:
    before = len(values.notes.mistakes)
    key = values.key(node, "`key:`")
    if len(values.notes.mistakes) == before and not any(part.every_path for part in key.parts):
        mend = "Name the path that holds the message's own key."
        values.notes.add(node, "`key:` is the same for every message, so each would take the last one's place.", mend)
    return key


def _version(node: Node | None, notes: Notes) -> int:
    number = 1 if node is None else whole_of(node, "`version:`", notes)
    if number is not None and number < 1 and node is not None:
        notes.add(node, "`version:` counts from 1.", "Write `version: 1`.")
    return number or 1


def _source(node: Node | None, notes: Notes) -> dict[str, object]:
    if node is None:
        return {}
    if not isinstance(node, MappingNode):
        notes.add(node, "`source:` needs the kind of source here.", "For example `csv: {path: jail.csv}`.")
        return {}
    found = plain(node)
    for fault in check_spec(found):
        notes.add(_lead(node, fault.where), f"source: {fault.cause}.", f"{fault.mend}.")
    return found if isinstance(found, dict) else {}


def _lead(node: Node, where: tuple[str, ...]) -> Node:
    """Return the node that a path of keys leads to, or the last one on the way that is there."""
    for name in where:
        inside = node.value if isinstance(node, MappingNode) else []
        node = next((value for key, value in inside if str(key.value) == name), node)
    return node


def _title(node: Node | None, notes: Notes) -> Label | None:
    keys = None if node is None else table(node, grammar.TITLE, "`title:`", notes)
    if not keys or node is None:
        return None
    texts = {name: text_of(value, f"`{name}:`", notes) or "" for name, value in keys.items()}
    for language in grammar.TITLE:
        if not texts.get(language):
            notes.add(node, f"`title:` has no `{language}:`.", "People read it in English and in Dutch.")
    return Label(texts.get("en", ""), texts.get("nl", ""))


def _pair(node: Node | None, values: ValueReader) -> tuple[Key, ...]:
    if node is None:
        return ()
    if not isinstance(node, SequenceNode) or len(node.value) != 2:  # noqa: PLR2004  (a pair)
        values.notes.add(node, "`pair:` lists the keys of the two persons.", "For example `pair: [KEPT_ID, OLD_ID]`.")
        return ()
    return tuple(values.key(item, "`pair:`") for item in node.value)


class _Blocks:
    """Reads the blocks of records, each with what the file says for all of them."""

    def __init__(self, values: ValueReader, keys: dict[str, Node]) -> None:
        self.values = values
        self.notes = values.notes
        self.whose = self._default(keys, "whose")
        self.asserted = self._default(keys, "asserted")
        self.ids: set[str] = set()

    def of(self, node: Node | None, depth: int = 1) -> tuple[Block, ...]:
        if node is None:
            return ()
        if not isinstance(node, SequenceNode) or not node.value:
            self.notes.add(node, "`records:` is a list of blocks.", "Begin each block with `- record: person`.")
            return ()
        if depth > grammar.MAX_DEPTH:
            self.notes.add(node, f"Blocks lie more than {grammar.MAX_DEPTH} deep here.", "Use a longer `for_each:`.")
            return ()
        return tuple(block for item in node.value if (block := self._block(item, depth)))

    def _block(self, node: Node, depth: int) -> Block | None:
        keys = table(node, grammar.BLOCK, "A block", self.notes)
        if keys is None:
            return None
        record = self._text(keys, "record") or ""
        if not record:
            self.notes.add(node, "A block does not say what record it is.", "Begin it with `record: person`.")
        name = self._text(keys, "id") or record
        block = Block(
            id=self._unique(name, node),
            record=record,
            mark=mark(node),
            key=self._key(keys, node),
            about=self._about(keys, node, record),
            whose=self._lawful(keys, "whose", node),
            asserted=self._lawful(keys, "asserted", node),
            for_each=self.values.path(keys["for_each"], "`for_each:`") if "for_each" in keys else None,
            when=tuple(self._conditions(keys.get("when"))),
            fields=tuple(self._fields(keys.get("fields"))),
        )
        return replace(block, records=self.of(keys.get("records"), depth + 1))

    def _default(self, keys: dict[str, Node], name: str) -> Value | None:
        return self.values.constant_or_value(keys[name], f"`{name}:`") if name in keys else None

    def _text(self, keys: dict[str, Node], name: str) -> str | None:
        return text_of(keys[name], f"`{name}:`", self.notes) if name in keys else None

    def _unique(self, name: str, node: Node) -> str:
        if name and name in self.ids:
            mend = "Give this one a name of its own with `id:`, for example `id: victim`."
            self.notes.add(node, f"There is a block {name!r} already.", mend)
        self.ids.add(name)
        return name

    def _key(self, keys: dict[str, Node], node: Node) -> Key:
        if "key" in keys:
            return self.values.key(keys["key"], "`key:`")
        self.notes.add(node, "A block has no `key:`.", "Say which path holds the record's own key in its source.")
        return _NO_KEY

    def _lawful(self, keys: dict[str, Node], name: str, node: Node) -> Value:
        if name in keys:
            return self.values.constant_or_value(keys[name], f"`{name}:`")
        default = self.whose if name == "whose" else self.asserted
        if default is None:
            self.notes.add(node, f"A block has no `{name}:`.", _WHOSE if name == "whose" else _ASSERTED)
        return default or _NO_VALUE

    def _about(self, keys: dict[str, Node], node: Node, record: str) -> Pointer | None:
        if "about" in keys:
            if record == "person":
                self.notes.add(keys["about"], "A person record is about that person.", "Leave `about:` out.")
            return self._pointer(keys["about"], "`about:`")
        if record and record != "person" and record not in grammar.CONCERNS_MANY:
            mend = "Say whom it concerns: `about: person`, or `about: {key: PATH}` for a person said elsewhere."
            self.notes.add(node, f"A block of {record} has no `about:`.", mend)
        return None

    def _pointer(self, node: Node, what: str) -> Pointer | None:
        if not isinstance(node, MappingNode):
            block = text_of(node, what, self.notes)
            return Pointer(mark(node), block=block) if block else None
        keys = table(node, grammar.POINTER, what, self.notes) or {}
        if "key" not in keys:
            self.notes.add(node, f"{what} has no `key:`.", "Say which path holds the other record's key.")
            return None
        key = self.values.key(keys["key"], f"`key:` of {what}")
        return Pointer(mark(node), None, self._text(keys, "record") or "", key, self._text(keys, "source"))

    def _conditions(self, node: Node | None) -> list[Condition]:
        if node is None:
            return []
        items = node.value if isinstance(node, SequenceNode) else [node]
        return [condition for item in items if (condition := self._condition(item))]

    def _condition(self, node: Node) -> Condition | None:
        keys = table(node, grammar.CONDITION, "`when:`", self.notes)
        if keys is None:
            return None
        tests = [name for name in ("in", "not_in", "present") if name in keys]
        if len(tests) != 1:
            self.notes.add(node, "`when:` needs one of `in:`, `not_in:` and `present:`.", "Keep one of them.")
        made = {name: value for name, value in keys.items() if name in grammar.VALUE}
        return Condition(
            mark=mark(node),
            value=self.values.value_of_keys(node, made, "`when:`"),
            among=self._among(keys, "in"),
            not_among=self._among(keys, "not_in"),
            present=flag_of(keys["present"], "`present:`", self.notes) if "present" in keys else None,
        )

    def _among(self, keys: dict[str, Node], name: str) -> frozenset[str] | None:
        return frozenset(texts_of(keys[name], f"`{name}:`", self.notes)) if name in keys else None

    def _fields(self, node: Node | None) -> list[FieldRule]:
        if node is None:
            return []
        return [self._field(key, value) for key, value in pairs(node, "`fields:`", self.notes)]

    def _field(self, key: Node, node: Node) -> FieldRule:
        name = str(key.value)
        if isinstance(node, MappingNode) and any(str(word.value) == "reference" for word, _ in node.value):
            keys = table(node, ("reference",), f"The reference {name}", self.notes) or {}
            return FieldRule(name, mark(key), pointer=self._pointer(keys["reference"], f"`{name}:`"))
        return FieldRule(name, mark(key), value=self.values.value(node, f"The field {name}"))
