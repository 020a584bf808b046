"""Load SQL from the file beside its module: for each query a name, a sentence, a statement.

::

    -- name: newest_checkpoint
    -- The checkpoint with the most entries, if there is one.
    SELECT size, root FROM ledger.checkpoint ORDER BY size DESC LIMIT 1
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib import resources

from comity.store.errors import QueryFileError, UnknownQueryError

_NAME = re.compile(r"--\s*name:\s*(.*)\Z")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*\Z")


class Queries:
    """The statements of one file, each an attribute; an unknown one raises :class:`UnknownQueryError`."""

    def __init__(self, place: str, statements: Mapping[str, str]) -> None:
        self._place = place
        self._statements = dict(statements)

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):  # what copying and pickling ask of any object
            raise AttributeError(name)
        try:
            return self._statements[name]
        except KeyError:
            near = get_close_matches(name, self._statements, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UnknownQueryError(f"{self._place} has no query named {name!r}.{hint}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)


def load_queries(package: str, file: str = "queries.sql") -> Queries:
    """Return the queries of ``file`` in ``package``; :class:`QueryFileError` if it is misshapen."""
    place = f"{package}/{file}"
    return Queries(place, _parse(resources.files(package).joinpath(file).read_text(encoding="utf-8"), place))


def _parse(text: str, place: str) -> dict[str, str]:
    statements: dict[str, str] = {}
    for number, name, lines in _blocks(text, place):
        if not _IDENTIFIER.match(name):
            raise QueryFileError(f"{place}, line {number}: {name!r} is no name for a query; use lower_case_words.")
        if name in statements or hasattr(Queries, name):
            raise QueryFileError(f"{place}, line {number}: there is another query named {name!r}; rename one.")
        statements[name] = _statement(lines, f"{place}, line {number}: query {name!r}")
    return statements


def _blocks(text: str, place: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield each query's line number, name and lines."""
    current: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if head := _NAME.match(line):
            if current:
                yield current
            current = (number, head[1].strip(), [])
        elif current:
            current[2].append(line)
        elif line.strip() and not line.startswith("--"):
            raise QueryFileError(f"{place}, line {number}: a statement without '-- name:' above it; name it.")
    if current:
        yield current


def _statement(lines: list[str], where: str) -> str:
    if not lines or not re.match(r"--\s*\w", lines[0]):
        raise QueryFileError(f"{where} has no sentence; say what it is for in a comment below its name.")
    body = "\n".join(line for line in lines if not line.startswith("--")).strip().removesuffix(";").rstrip()
    if not body:
        raise QueryFileError(f"{where} has no statement.")
    return body
