"""The columns of a table, and a row put under them.

Rules:

1. Each column has a name of its own; space around it is not part of it. A name with a control character in it is
   none: the line ends or the encoding are other than declared, and every row would have gone into the header.
2. A column without a name is let pass as long as it is empty: many systems end every line with a separator.
3. A row has as many values as there are columns. Where the values of a row that is too short or too long belong is
   not guessed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from comity.sources.body import JsonBody

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")  # a name may stand on several lines


class RefusedTableError(ValueError):
    """A header or a row is not one of this table. ``cause`` and ``mend`` hold no value of a row."""

    def __init__(self, cause: str, mend: str) -> None:
        self.cause, self.mend = cause, mend
        super().__init__(f"{cause}. {mend}.")


class Columns:
    """The names of a table's columns, checked."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(name.strip() for name in names)
        self._nameless = [index for index, name in enumerate(self.names) if not name]
        twice = [name for name, times in Counter(self.names).items() if times > 1 and name]
        if len(self._nameless) == len(self.names):
            raise RefusedTableError("the header names no column", "Check which line holds the names of the columns")
        if any(_CONTROL.search(name) for name in self.names):
            raise RefusedTableError(
                "the header holds a control character",
                "Check the encoding, and that lines end with a newline (as code page 037, some end with NEL instead)",
            )
        if twice:
            raise RefusedTableError(
                f"the header names {_listed(twice)} more than once",
                "Have each column named differently",
            )

    def expect(self, expected: Sequence[str]) -> None:
        """Raise :class:`RefusedTableError` where the columns are not the ones that the spec declares."""
        named = {name for name in self.names if name}
        missing = [name for name in expected if name not in named]
        unexpected = [name for name in self.names if name and name not in set(expected)]
        if missing or unexpected:
            parts = [f"lacks {_listed(missing)}"] if missing else []
            parts += [f"has {_listed(unexpected)}, which is not declared"] if unexpected else []
            raise RefusedTableError(
                f"the header {' and '.join(parts)}",
                "Have the columns restored, or declare under columns: what the file now has; check the delimiter",
            )

    def body(self, values: Sequence[Any]) -> JsonBody:
        """Return the row as a body: an object with each column's value. Raises :class:`RefusedTableError`."""
        if len(values) != len(self.names):
            found, named = _count(len(values), "value"), _count(len(self.names), "column")
            raise RefusedTableError(
                f"the row has {found} where the header names {named}",
                "Look for a separator or a quote within a value, and have it quoted",
            )
        row = dict(zip(self.names, values, strict=True))
        if self._nameless:
            self._drop_nameless(row, values)
        return JsonBody(row)

    def _drop_nameless(self, row: dict[str, Any], values: Sequence[Any]) -> None:
        if any(values[index] not in ("", None) for index in self._nameless):
            raise RefusedTableError("a value stands in a column without a name", "Have the column named in the header")
        del row[""]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name[:60]}"' for name in names[:10])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
