"""Paths into JSON-like values: ``inmate.name``, ``charges[0].code``, ``"Date.of birth"``, ``cases[*].number``.

Rules:

1. A path that is exactly a key of the object is that key: ``Date of birth`` and ``a.b`` (a column of that name) need
   no quotes. Only then is it taken apart.
2. Steps are separated by dots. A step is a name, or a name in double quotes (a quote within is doubled), followed by
   any number of ``[n]`` (from 0; negative counts from the end) or ``[*]`` (every element). A leading ``$.`` is ignored.
3. ``.`` is the value itself.
4. What is not there is absent (``MISSING``), which is not the same as null.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from comity.sources.errors import PathError


class _Missing(Enum):
    MISSING = "missing"


MISSING: Final = _Missing.MISSING

_NAME = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^."\[\]]+)')
_INDEX = re.compile(r"\[\s*(?P<index>-?\d{1,9}|\*)\s*\]")


class Every(Enum):
    """The step ``[*]``."""

    EVERY = "*"


Step = str | int | Every


@lru_cache(maxsize=4096)
def parse(path: str) -> tuple[Step, ...]:
    """Take ``path`` apart. Raises :class:`PathError` where it does not follow the rules above."""
    rest = path.removeprefix("$").removeprefix(".") if path.startswith("$") else path
    if rest in ("", "."):
        return ()
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        position = _step(path, rest, position, steps)
    return tuple(steps)


def _step(path: str, rest: str, position: int, steps: list[Step]) -> int:
    """Add the name and indexes that begin at ``position``; return where the next step begins."""
    if steps:
        position = _after_dot(path, rest, position)
    name = _NAME.match(rest, position)
    if name:
        quoted = name["quoted"]
        steps.append(name["plain"] if quoted is None else quoted.replace('""', '"'))
        position = name.end()
    elif steps or not _INDEX.match(rest, position):
        raise _not_a_path(path)
    while index := _INDEX.match(rest, position):
        steps.append(Every.EVERY if index["index"] == "*" else int(index["index"]))
        position = index.end()
    return position


def _after_dot(path: str, rest: str, position: int) -> int:
    if rest[position] != "." or position + 1 == len(rest):
        raise _not_a_path(path)
    return position + 1


def _not_a_path(path: str) -> PathError:
    return PathError(
        f"{path!r} is not a path. Write names separated by dots, [0] or [*] after a list, and double quotes around a "
        'name that holds a dot or a bracket, as in charges[0]."offence.code".',
    )


def find(value: Any, path: str) -> Any:
    """Return what ``path`` leads to in ``value``, or ``MISSING``; a list where the path holds ``[*]``."""
    if isinstance(value, dict) and path in value:
        return value[path]
    steps = parse(path)
    return (find_every(value, steps) or MISSING) if Every.EVERY in steps else _walk(value, steps)


def ends_in_an_empty_list(value: Any, path: str) -> bool:
    """Tell whether ``path`` finds nothing only because a list of which it wants every element has none."""
    steps = parse(path)
    before = [value]
    for length, step in enumerate(steps, 1):
        found = find_every(value, steps[:length])
        if not found:
            return step is Every.EVERY and any(isinstance(each, list) for each in before)
        before = found
    return False


def find_every(value: Any, steps: Sequence[Step]) -> list[Any]:
    """Return all that ``steps`` leads to, in order, nested lists flattened."""
    found = [value]
    for step in steps:
        if step is Every.EVERY:
            found = [element for each in found if isinstance(each, list) for element in each]
        else:
            found = [next_ for each in found if (next_ := _walk(each, (step,))) is not MISSING]
    return found


def _walk(value: Any, steps: Sequence[Step]) -> Any:
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return MISSING
            value = value[step]
        elif not isinstance(value, list) or not isinstance(step, int) or not -len(value) <= step < len(value):
            return MISSING
        else:
            value = value[step]
    return value
