"""What can be said of a database's address and of a query without the database, or its library."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_BINDS = re.compile(r"(?<![:\w\\]):(?P<name>[A-Za-z_]\w*)(?!:)")  # as SQLAlchemy finds them


def references(url: str) -> list[str]:
    """Return the names of the environment's variables that ``url`` refers to, as ``${NAME}``."""
    return [match["name"] for match in _REFERENCE.finditer(url)]


def with_values(text: str, values: dict[str, str]) -> str:
    """Return ``text`` with each ``${NAME}`` replaced by its value."""
    return _REFERENCE.sub(lambda match: values[match["name"]], text)


def bind_names(query: str) -> set[str]:
    """Return the names of the values that ``query`` asks for, as ``:name``."""
    return {match["name"] for match in _BINDS.finditer(query)}


def place_of(url: str) -> str:
    """Return what a place calls the database: its kind, which is all of its address that is surely nobody's secret."""
    kind = url.partition(":")[0].partition("+")[0]
    return f"{kind} query" if kind.isalnum() else "database query"
