"""Queries are loaded from the file beside their module, or refused with the line."""

from __future__ import annotations

import pytest

from comity.store import load_queries
from comity.store.errors import QueryFileError, UnknownQueryError
from comity.store.queries import Queries, _parse

GOOD = """-- What this room asks of its tables.

-- name: first
-- The first one,
-- in two sentences.
SELECT 1 -- why
WHERE 'a;b' <> '';

-- name: second
-- Another.
SELECT 2
"""


def test_a_query_is_an_attribute_without_its_comments_and_semicolon():
    queries = Queries("x", _parse(GOOD, "x"))
    assert queries.first == "SELECT 1 -- why\nWHERE 'a;b' <> ''"
    assert queries.second == "SELECT 2"
    assert list(queries) == ["first", "second"]


def test_the_store_loads_its_own():
    assert "pg_advisory_lock" in load_queries("comity.store").lock_set_up


def test_an_unknown_query_is_named_with_the_nearest():
    queries = Queries("room/queries.sql", _parse(GOOD, "x"))
    with pytest.raises(UnknownQueryError, match=r"room/queries.sql has no query named 'secund'. Did you mean 'second'"):
        _ = queries.secund


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- name: a\n-- S.\nSELECT 1\n-- name: a\n-- S.\nSELECT 2", "x, line 4: there is another query named 'a'"),
        ("-- name: a\nSELECT 1", "x, line 1: query 'a' has no sentence"),
        ("-- name: a\n--\nSELECT 1", "x, line 1: query 'a' has no sentence"),
        ("-- name: a\n-- S.\n;", "x, line 1: query 'a' has no statement"),
        ("-- name: a\n-- S.\n-- name: b\n-- S.\nSELECT 1", "x, line 1: query 'a' has no statement"),
        ("-- name: A b\n-- S.\nSELECT 1", "x, line 1: 'A b' is no name"),
        ("-- name:\n-- S.\nSELECT 1", "x, line 1: '' is no name"),
        ("SELECT 1", "x, line 1: a statement without '-- name:'"),
    ],
)
def test_a_misshapen_file_is_refused_with_its_line(text, said):
    with pytest.raises(QueryFileError, match=said):
        _parse(text, "x")
