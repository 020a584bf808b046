"""Splink and DuckDB: everything of this room that touches them, through Splink's public names only.

1. Both are imported where they are used: they are heavy, and live linking needs neither.
2. DuckDB works in memory, and is closed when the work is done: no copy of the people is left behind.
3. What is compared, blocked and weighed is decided elsewhere; here it is handed over and read back.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from comity.people.comparisons import BORNE, Borne, Comparison, borne_column, identifier_column
from comity.people.model import Frequencies, Model
from comity.people.models import Standard
from comity.people.refine import Pattern

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from splink import DuckDBAPI, Linker

Probabilities = Mapping[str, Mapping[str, float]]  # comparison -> level, where one was estimated

_TEXT = ("agency", "given", "middle", "family", "birth", "sex", "postcode")
_LISTS = ("address", "families", "formal", "names")
# DuckDB takes every core unless told; a node goes on serving people while it links. 2026-11-22.
THREADS = 2


@dataclass(frozen=True, slots=True)
class Blocking:
    """Columns whose values pairs share while a model learns from them; not the values that very many share."""

    columns: tuple[str, ...]
    crowded: tuple[tuple[str, ...], ...] = ()


def value(standard: Standard, column: str) -> Any:
    """Return what a column of the bulk table holds of one person."""
    if column.startswith(identifier_column("")):
        return standard.identifiers.get(column.removeprefix(identifier_column("")))
    held = getattr(standard, column)
    return list(held) if column in _LISTS else held


class Bench:
    """The people in a DuckDB of their own, with what is to be compared of them."""

    def __init__(
        self,
        connection: DuckDBPyConnection,
        standards: Sequence[Standard],
        compared: Sequence[Comparison],
        borne: Borne,
    ) -> None:
        from splink import DuckDBAPI

        self.connection = connection
        self.standards = standards
        self.compared = compared
        self.table("people", _people(standards, compared, borne))
        self.api: DuckDBAPI = DuckDBAPI(connection=connection)
        self.people = self.api.register("people")

    def table(self, name: str, rows: pa.Table) -> None:
        """Put rows into a table of the database."""
        self.connection.register(f"arrow_{name}", rows)
        rows_sql = f'create or replace table "{name}" as select * from "arrow_{name}"'  # noqa: S608 - names of our own
        self.connection.execute(rows_sql)
        self.connection.unregister(f"arrow_{name}")

    def linker(self, model: Model | None = None, *, known_m: bool = True, retain: bool = False) -> Linker:
        """Return a linker over the people; with a model's weights and frequencies if one is given.

        With ``retain`` its pairs say which levels they reached, and what rarity added.
        """
        from splink import Linker

        settings = _settings(self.compared, model, known_m=known_m)
        settings |= {"retain_matching_columns": retain, "retain_intermediate_calculation_columns": retain}
        linker = Linker(self.people, settings, log_level=None)
        for column, frequencies in (model.frequencies if model else {}).items():
            self.table(f"tf_{column}", _frequency_table(self.standards, column, frequencies))
            linker.table_management.register_term_frequency_lookup(self.api.register(f"tf_{column}"), column)
        return linker


@contextmanager
def bench(standards: Sequence[Standard], compared: Sequence[Comparison], borne: Borne) -> Iterator[Bench]:
    """Open a database in memory for as long as it is needed."""
    import duckdb

    logging.getLogger("splink").setLevel(logging.ERROR)  # its warnings are weighed in train.py
    connection = duckdb.connect(config={"threads": THREADS})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield Bench(connection, standards, compared, borne)
    finally:
        connection.close()


def strangers(
    standards: Sequence[Standard], compared: Sequence[Comparison], borne: Borne, *, pairs: float, seed: int
) -> Probabilities:
    """Estimate from random pairs how often each level holds between two people."""
    with bench(standards, compared, borne) as on:
        linker = on.linker()
        linker.training.estimate_u_using_random_sampling(pairs, seed, min_count_per_level=None, num_chunks=1)
        return _read(linker.misc.save_model_to_json(), "u_probability", compared)


def within(
    standards: Sequence[Standard], compared: Sequence[Comparison], model: Model, blockings: Sequence[Blocking]
) -> Probabilities:
    """Estimate by expectation maximisation how often each level holds within one person, ``u`` being known."""
    with bench(standards, compared, model.borne) as on:
        linker = on.linker(model, known_m=False)
        for blocking in blockings:
            linker.training.estimate_parameters_using_expectation_maximisation(_sharing(blocking))
        return _read(linker.misc.save_model_to_json(), "m_probability", compared)


def _sharing(blocking: Blocking) -> str:
    """Return the rule that pairs who share the columns' values, those that very many share left out."""
    rule = " and ".join(f"l.{column} = r.{column}" for column in blocking.columns)
    if not blocking.crowded:
        return rule
    value = " || ' ' || ".join(f"l.{column}" for column in blocking.columns)
    crowded = ", ".join("'{}'".format(" ".join(values).replace("'", "''")) for values in blocking.crowded)
    return f"{rule} and {value} not in ({crowded})"


def weigh(
    standards: Sequence[Standard], pairs: Sequence[tuple[int, int]], model: Model
) -> list[tuple[int, int, float]]:
    """Return the match weight of each pair of positions, in bits."""
    if not pairs:
        return []
    with _weighing(standards, pairs, model, retain=False) as (on, table):
        query = f"select unique_id_l, unique_id_r, match_weight from {table} order by 1, 2"  # noqa: S608 - Splink's own table name
        return on.connection.execute(query).fetchall()


@contextmanager
def _weighing(
    standards: Sequence[Standard], pairs: Sequence[tuple[int, int]], model: Model, *, retain: bool
) -> Iterator[tuple[Bench, str]]:
    """Weigh the pairs; give the database and the name of the table that holds them."""
    import pyarrow as pa

    blocked = pa.table(
        {
            "match_key": pa.array(["0"] * len(pairs)),
            "join_key_l": pa.array((a for a, _ in pairs), pa.int64()),
            "join_key_r": pa.array((b for _, b in pairs), pa.int64()),
        }
    )
    with bench(standards, model.comparisons, model.borne) as on:
        linker = on.linker(model, retain=retain)
        on.table("pairs", blocked)
        linker.table_management.register_blocked_pairs_for_predict(on.api.register("pairs"))
        yield on, linker.inference.predict(warning_mode="never").physical_name


def observe(standards: Sequence[Standard], pairs: Sequence[tuple[int, int]], model: Model) -> list[Pattern]:
    """Return how many of the pairs of positions reached which levels. Rarity is told to a quarter of a bit."""
    if not pairs:
        return []
    with _weighing(standards, pairs, model, retain=True) as (on, table):
        levels = [f"gamma_{_output(comparison)}" for comparison in model.comparisons]
        rarities = [
            f"mw_tf_adj_{_output(comparison)}"
            for comparison in model.comparisons
            if any(level.frequency in model.frequencies for level in comparison.levels)
        ]
        rarity = f"round(4 * ({' + '.join(rarities) or '0'})) / 4"
        query = f"select {', '.join(levels)}, {rarity} as rarity, count(*) from {table} group by all order by all"  # noqa: S608 - names of our own and of Splink
        return [
            Pattern({c.name: _level(c, value) for c, value in zip(model.comparisons, row, strict=False)}, *row[-2:])
            for row in on.connection.execute(query).fetchall()
        ]


def _level(comparison: Comparison, value: int) -> str:
    """Return the level that Splink's number stands for: -1 is absent, 0 the last, and up to the likest."""
    return comparison.levels[0 if value < 0 else len(comparison.levels) - 1 - value].name


def _people(standards: Sequence[Standard], compared: Sequence[Comparison], borne: Borne) -> pa.Table:
    import pyarrow as pa

    names = sorted({*_TEXT, *_LISTS, *(column for comparison in compared for column in comparison.columns)})
    types = {name: pa.list_(pa.string()) if name in _LISTS else pa.string() for name in names}
    columns = {name: pa.array([value(s, name) for s in standards], types[name]) for name in names}
    for name in BORNE:
        columns[borne_column(name)] = pa.array([borne(name, value(s, name)) for s in standards], pa.bool_())
    return pa.table({"unique_id": pa.array(range(len(standards)), pa.int64()), **columns})


def _frequency_table(standards: Sequence[Standard], column: str, frequencies: Frequencies) -> pa.Table:
    """Return the share of every value that the people have: one never heard of included, as live linking has it."""
    import pyarrow as pa

    held = sorted({found for found in (value(s, column) for s in standards) if found})
    shares = pa.array([frequencies.share(found) for found in held], pa.float64())
    return pa.table({column: pa.array(held, pa.string()), f"tf_{column}": shares})


def _settings(compared: Sequence[Comparison], model: Model | None, *, known_m: bool) -> dict[str, Any]:
    chosen: dict[str, Any] = {"probability_two_random_records_match": model.prior} if model else {}
    return chosen | {
        "link_type": "dedupe_only",
        "comparisons": [_comparison(comparison, model, known_m=known_m) for comparison in compared],
        "blocking_rules_to_generate_predictions": [],
    }


def _comparison(comparison: Comparison, model: Model | None, *, known_m: bool) -> dict[str, Any]:
    levels = []
    for position, level in enumerate(comparison.levels):
        entry: dict[str, Any] = {"sql_condition": level.sql, "label_for_charts": level.name}
        if position == 0:
            entry["is_null_level"] = True
        elif model:
            chance = model.chances[comparison.name][level.name]
            entry |= {"u_probability": chance.u} | ({"m_probability": chance.m} if known_m else {})
        if model and level.frequency in model.frequencies:
            entry |= {"tf_adjustment_column": level.frequency, "disable_tf_exact_match_detection": True}
        levels.append(entry)
    return {"output_column_name": _output(comparison), "comparison_levels": levels}


def _output(comparison: Comparison) -> str:
    return comparison.name.replace(" ", "_")


def _read(settings: Mapping[str, Any], which: str, compared: Sequence[Comparison]) -> Probabilities:
    """Read what was estimated from Splink's saved settings; a level that was never observed is left out."""
    saved = {each["output_column_name"]: each["comparison_levels"] for each in settings["comparisons"]}
    return {
        comparison.name: {
            level.name: float(entry[which])
            for level, entry in zip(comparison.levels, saved[_output(comparison)], strict=True)
            if isinstance(entry.get(which), float)
        }
        for comparison in compared
    }
