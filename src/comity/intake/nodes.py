"""A YAML file with the place of every word, so that each mistake can name its line.

Values are read from the file's tree, not from Python objects made of it: ``01`` stays ``01``, ``NO`` stays ``NO``,
and the place of each is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from comity.intake.grammar import MAX_FILE_BYTES
from comity.intake.models import Mark, Mistake

_MAX_NESTING = 20  # of what another room reads
_MAX_DIGITS = 40  # of a number: Python writes out 4,300 at most
_MAX_LEVELS = 60  # of a file: six blocks within one another take some thirty
_MAX_WORDS = 200_000  # of a file, with what its anchors repeat: more than its bytes could hold without them


class Notes:
    """The mistakes found so far."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def add(self, at: Node | Mark, cause: str, mend: str, nearest: str | None = None) -> None:
        """Note a mistake at a place of the file."""
        place = at if isinstance(at, Mark) else mark(at)
        self.mistakes.append(Mistake(place.line, place.column, cause, mend, nearest))


def mark(node: Node) -> Mark:
    """Return where a node begins."""
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def compose(text: str, notes: Notes) -> MappingNode | None:
    """Return the tree of a file, or ``None`` with a mistake noted if it is not YAML with keys at the top."""
    if len(text.encode(errors="replace")) > MAX_FILE_BYTES:
        notes.add(Mark(1, 1), "The file is larger than a mapping can be.", f"Keep it under {MAX_FILE_BYTES:,} bytes.")
        return None
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        place = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        notes.add(place, f"This is not YAML: {error.problem}.", "Check the indentation, quotes and brackets here.")
        return None
    except (YAMLError, RecursionError, ValueError) as error:
        notes.add(Mark(1, 1), f"This is not YAML: {type(error).__name__}.", "Save the file as plain UTF-8 text.")
        return None
    if not isinstance(node, MappingNode):
        notes.add(node or Mark(1, 1), "A mapping file is a list of keys.", "Begin with `mapping: name`.")
        return None
    return node if _is_bounded(node, notes) else None


def _is_bounded(root: MappingNode, notes: Notes) -> bool:
    """Tell whether a tree ends; an anchor that holds itself, or others many times over, is noted."""
    waiting: list[tuple[Node, int]] = [(root, 1)]
    for _ in range(_MAX_WORDS):
        if not waiting:
            return True
        node, level = waiting.pop()
        if level > _MAX_LEVELS:
            notes.add(
                node, f"What stands here lies more than {_MAX_LEVELS} deep, or within itself.", "Write it flatter."
            )
            return False
        waiting.extend((inner, level + 1) for inner in _within(node))
    notes.add(root, "The file's anchors repeat more than a mapping can hold.", "Write out what they stand for, once.")
    return False


def _within(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [inner for pair in node.value for inner in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def table(node: Node, known: Sequence[str], what: str, notes: Notes) -> dict[str, Node] | None:
    """Return the keys of a block; unknown and repeated ones are noted. ``None`` if it has no keys at all."""
    if not isinstance(node, MappingNode):
        notes.add(node, f"{what} needs keys here.", f"It may have {', '.join(known)}.")
        return None
    found: dict[str, Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name not in known:
            notes.add(key, f"{what} has no key {name!r}.", _may_have(name, known), nearest(name, known))
        elif name in found:
            notes.add(key, f"{name!r} stands here twice.", "Keep one of them.")
        else:
            found[name] = value
    return found


def pairs(node: Node, what: str, notes: Notes) -> list[tuple[Node, Node]]:
    """Return the keys and values of a block whose keys are free."""
    if not isinstance(node, MappingNode):
        notes.add(node, f"{what} needs `key: value` lines here.", "Write one on each line, indented.")
        return []
    seen: set[str] = set()
    kept = []
    for key, value in node.value:
        if str(key.value) in seen:
            notes.add(key, f"{key.value!r} stands here twice.", "Keep one of them.")
        else:
            kept.append((key, value))
        seen.add(str(key.value))
    return kept


def text_of(node: Node, what: str, notes: Notes) -> str | None:
    """Return a single word or text as it is written; ``None`` with a mistake noted if it is none."""
    if not isinstance(node, ScalarNode) or _kind(node) == "null":
        notes.add(node, f"{what} needs one value here.", "Write it after the colon.")
        return None
    return str(node.value)


def texts_of(node: Node, what: str, notes: Notes) -> tuple[str, ...]:
    """Return a list of texts; a single one is a list of one, and nothing (``~``) is the empty text."""
    items = node.value if isinstance(node, SequenceNode) else [node]
    found = ("" if is_null(item) else text_of(item, what, notes) for item in items)
    return tuple(text for text in found if text is not None)


def whole_of(node: Node, what: str, notes: Notes) -> int | None:
    """Return a whole number."""
    text = text_of(node, what, notes)
    try:
        return None if text is None else int(text)
    except ValueError:
        notes.add(node, f"{what} is a whole number.", "Write it in digits.")
        return None


def flag_of(node: Node, what: str, notes: Notes) -> bool | None:
    """Return ``true`` or ``false``."""
    text = text_of(node, what, notes)
    if text not in {"true", "false", None}:
        notes.add(node, f"{what} is true or false.", "Write true or false.")
    return None if text is None else text == "true"


def plain(node: Node, depth: int = 0) -> Any:
    """Return a part of the tree as Python values: for a block that another room reads."""
    if depth > _MAX_NESTING:
        return None
    if isinstance(node, MappingNode):
        return {str(key.value): plain(value, depth + 1) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item, depth + 1) for item in node.value]
    return _scalar(node) if isinstance(node, ScalarNode) else None


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known word that is nearest to ``name``, if one is near."""
    near = get_close_matches(name, list(known), n=1)
    return near[0] if near else None


def _may_have(name: str, known: Sequence[str]) -> str:
    return "" if nearest(name, known) else f"It may have {', '.join(known)}."


def _scalar(node: ScalarNode) -> str | int | float | bool | None:
    text = str(node.value)
    match _kind(node):
        case "null":
            return None
        case "bool":
            return text.lower() == "true"
        case "int" if text.lstrip("+-").isdecimal() and len(text) <= _MAX_DIGITS:
            return int(text)
        case _:
            return text


def is_null(node: Node) -> bool:
    """Whether nothing is written here, or ``~``."""
    return isinstance(node, ScalarNode) and _kind(node) == "null"


def _kind(node: ScalarNode) -> str:
    return str(node.tag).rsplit(":", 1)[-1]
