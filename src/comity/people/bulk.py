"""Splink and DuckDB: everything of this room that touches them, through Splink's public names only.

1. Both are imported where they are used: they are heavy, and live linking needs neither.
2. DuckDB works in memory, within :data:`MEMORY`; what does not fit goes to a folder of its own that only this user can
   read, and both are gone when the work is done: no copy of the people is left behind.
3. What is compared, blocked and weighed is decided elsewhere; here it is handed over and read back. Pairs stay in the
   database: only those that are asked for come back.
"""

from __future__ import annotations

import logging
import math
import tempfile
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from comity.people import block, bound
from comity.people.comparisons import BORNE, Comparison, borne_column, identifier_column
from comity.people.estimate import Session, learning, within_one
from comity.people.model import Frequencies, Model
from comity.people.models import Standard
from comity.people.refine import Pattern
from comity.people.tally import HIGHEST, LOWEST, Tally, counted
from comity.store.queries import load_queries

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection
    from splink import Linker

Probabilities = Mapping[str, Mapping[str, float]]  # comparison -> level, where one was estimated
Pairs = Sequence[tuple[int, int]]  # of positions

_TEXT = ("agency", "given", "middle", "family", "birth", "sex", "postcode", "line")
_LISTS = ("address", "families", "formal", "names")
# DuckDB takes every core unless told; a node goes on serving people while it links. 2026-11-22.
THREADS = 2
# What DuckDB may hold in memory, beside the people themselves; beyond it, it works on disk. 2026-11-26.
MEMORY = "1GB"
# Bits below the least that matters at which a pair is not weighed: with a thousandth of its chance. 2026-11-26.
FAR_BELOW = 8.0
# Pairs that share a date or a name, of which a model learns at most: of more, a random part is looked at. 2026-11-27.
MOST_PAIRS = 100_000
_BATCH = 10_000
_LOTS = 1_000_000_000  # Splink's own
_NUMBERS = ["id", "kind", "number"]
QUERIES = load_queries("comity.people", "bulk.sql")


@dataclass(frozen=True, slots=True)
class Blocking:
    """Columns whose values pairs share while a model learns from them; not the values that very many share."""

    columns: tuple[str, ...]
    crowded: tuple[tuple[str, ...], ...] = ()


def value(standard: Standard, column: str) -> Any:
    """Return what a column of the bulk table holds of one person."""
    (held,) = _values([standard], column)
    return held


def _values(people: Sequence[Standard], column: str) -> list[Any]:
    if column.startswith(identifier_column("")):
        kind = column.removeprefix(identifier_column(""))
        return [each.identifiers.get(kind) for each in people]
    return list(map(attrgetter(column), people))


class Bench:
    """The people in a DuckDB of their own, by position, and pairs of them."""

    def __init__(self, connection: DuckDBPyConnection, people: Iterable[Standard], kinds: Iterable[str]) -> None:
        self.connection = connection
        self._columns = (*_TEXT, *_LISTS, *map(identifier_column, sorted(kinds)))
        self._made = 0
        self._fill(people)

    def _fill(self, people: Iterable[Standard]) -> None:
        """Write the people, a batch at a time, and their numbers of whatever kind."""
        import pyarrow as pa

        types = {name: pa.list_(pa.string()) if name in _LISTS else pa.string() for name in self._columns}
        columns = ", ".join(f'"{n}" {"varchar[]" if n in _LISTS else "varchar"}' for n in self._columns)
        self.connection.execute(f"create table everybody (unique_id bigint, {columns})")
        self.connection.execute("create table numbers (id bigint, kind varchar, number varchar)")
        left, start = iter(people), 0
        while batch := list(islice(left, _BATCH)):
            ids = pa.array(range(start, start + len(batch)), pa.int64())
            held = {n: pa.array(_values(batch, n), types[n]) for n in self._columns}
            self._insert("everybody", "*", pa.table({"unique_id": ids, **held}))
            numbers = [(id_, *said) for id_, each in enumerate(batch, start) for said in each.identifiers.items()]
            if numbers:
                self._insert("numbers", "*", pa.table(list(map(pa.array, zip(*numbers, strict=True))), _NUMBERS))
            start += len(batch)

    def _insert(self, name: str, columns: str, rows: pa.Table) -> None:
        with self._shown("batch", rows):
            self.connection.execute(f'insert into "{name}" select {columns} from batch')  # noqa: S608 - names of our own

    @contextmanager
    def _shown(self, name: str, rows: pa.Table) -> Iterator[None]:
        self.connection.register(name, rows)
        try:
            yield
        finally:
            self.connection.unregister(name)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Drop, when it ends, whatever was made meanwhile, by Splink too: a million people are not kept twice."""
        before = self._tables()
        try:
            yield
        finally:
            for name in self._tables() - before:
                self.drop(name)

    def _tables(self) -> set[str]:
        listed = "select table_name from duckdb_tables()"
        return {name for (name,) in self.connection.execute(listed).fetchall()}

    def make(self, query: str) -> str:
        """Make a table of what a query gives; return its name."""
        self._made += 1
        name = f"made_{self._made}"
        self.connection.execute(f"create table {name} as {query}")
        return name

    def drop(self, name: str) -> None:
        """Drop a table that is needed no longer."""
        self.connection.execute(f'drop table if exists "{name}"')

    def keys(self) -> str:
        """Return the name of the table of everybody's keys, hashed, as :func:`comity.people.block.keys`."""
        import pyarrow as pa

        names = self.connection.execute("select given from everybody union select family from everybody").fetchall()
        known = [name for (name,) in names if name]
        sounds = {"name": pa.array(known, pa.string()), "sound": pa.array(map(block.soundex, known), pa.string())}
        bounds = {"shortest_half": block.SHORTEST_HALF, "words_of_an_address": block.WORDS_OF_AN_ADDRESS}
        with self._shown("sounds", pa.table(sounds)):
            self.connection.execute(f"create table keys as {QUERIES.keys}", bounds)
        return "keys"

    def block(self) -> str:
        """Return the name of the table of all pairs that share a key, as :func:`comity.people.block.candidates`."""
        keys = self.keys()
        most = {"largest_block": block.LARGEST_BLOCK}
        self.connection.execute(f"create table shared as {QUERIES.many_shared}", most)
        self.drop(keys)
        pairs = self.make(
            "select distinct a.id as l, b.id as r from shared as a join shared as b on a.key = b.key and a.id < b.id"
        )
        self.drop("shared")
        return pairs

    def pairs(self, pairs: Iterable[tuple[int, int]]) -> str:
        """Return the name of a table of these pairs of positions."""
        import pyarrow as pa

        name, left = self.make("select null::bigint as l, null::bigint as r limit 0"), iter(pairs)
        while batch := list(islice(left, 100 * _BATCH)):
            rows = {"l": pa.array((a for a, _ in batch), pa.int64()), "r": pa.array((b for _, b in batch), pa.int64())}
            self._insert(name, "*", pa.table(rows))
        return name

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        (found,) = self.connection.execute(f"select count(*) from {table}").fetchall()  # noqa: S608
        return int(found[0])

    def linker(
        self,
        compared: Sequence[Comparison],
        model: Model | None = None,
        *,
        among: str | None = None,
    ) -> Linker:
        """Return a linker over the people, with a model's weights and frequencies.

        ``among`` names a table of pairs: only who is in one of them is put before it.
        """
        from splink import DuckDBAPI, Linker

        settings = _settings(compared, model)
        api = DuckDBAPI(connection=self.connection)
        linker = Linker(api.register(self._people(model, among)), settings, log_level=None)
        for column, known in (model.frequencies if model else {}).items():
            table = self._frequencies(column, known)
            linker.table_management.register_term_frequency_lookup(api.register(table), column)
        return linker

    def _people(self, model: Model | None, among: str | None = None) -> str:
        """Return the name of a table of people, with whether their names are borne."""
        inside = f"semi join (select l from {among} union select r from {among}) on l = unique_id" if among else ""  # noqa: S608
        borne = [f"{self._borne(model, column)} as {borne_column(column)}" for column in BORNE]
        columns = ", ".join(("unique_id", *(f'"{name}"' for name in self._columns), *borne))
        return self.make(f"select {columns} from everybody {inside} order by unique_id")  # noqa: S608 - names of our own

    def _borne(self, model: Model | None, column: str) -> str:
        import pyarrow as pa

        names: Collection[str] = model.borne_names(column) if model else ()
        table = self.make("select null::varchar as name limit 0")
        self._insert(table, "*", pa.table({"name": pa.array(sorted(names), pa.string())}))
        return f'coalesce("{column}" in (select name from {table}), false)'  # noqa: S608 - names of our own

    def _frequencies(self, column: str, known: Frequencies) -> str:
        """Make the share of every value that the people have: one never heard of included, as live linking has it."""
        held = f'select distinct "{column}" as name from everybody where "{column}" is not null'  # noqa: S608
        return self.make(
            f'select name as "{column}", coalesce(share, {known.rarest!r}) as "tf_{column}"'  # noqa: S608 - names of our own
            f" from ({held}) left join {self._shares(known)} using (name) order by all"
        )

    def _shares(self, known: Frequencies) -> str:
        import pyarrow as pa

        table = self.make("select null::varchar as name, null::double as share limit 0")
        names, shares = pa.array(known.shares.keys(), pa.string()), pa.array(known.shares.values(), pa.float64())
        self._insert(table, "*", pa.table({"name": names, "share": shares}))
        return table

    def weigh(self, pairs: str, model: Model, least: float | None = None) -> list[tuple[int, int, float]]:
        """Return the match weight of each pair of a table, in bits; only those of ``least`` or more, if given."""
        with self.passing():
            likely = pairs if least is None else self.likely(pairs, model, least)
            table = self._weighed(likely, model, least)
            query = f"select unique_id_l, unique_id_r, match_weight from {table} order by 1, 2"  # noqa: S608 - Splink's own table name
            return self.connection.execute(query).fetchall()

    def weigh_and_count(self, pairs: str, model: Model, least: float) -> tuple[list[tuple[int, int, float]], Tally]:
        """Return the pairs of a table that weigh ``least`` or more, in bits, and how the weights of all are spread.

        Those that cannot come within :data:`FAR_BELOW` of it are counted with the lowest, and none as one person.
        """
        with self.passing():
            likely = self.likely(pairs, model, least - FAR_BELOW)
            table = self._weighed(likely, model)
            heavy = f"from {table} where match_weight >= {least} order by 1, 2"
            found = self.connection.execute(f"select unique_id_l, unique_id_r, match_weight {heavy}").fetchall()
            clipped = f"greatest(least(match_weight, {HIGHEST}), {LOWEST})"
            chance = f"1 / (1 + pow(2, -{clipped}))"
            bits = f"select floor({clipped})::int, count(*), fsum({chance}) from {table} group by 1 order by 1"  # noqa: S608 - Splink's own table name
            spread = self.connection.execute(bits).fetchall()
            if dropped := self.count(pairs) - self.count(likely):
                spread.insert(0, (LOWEST, dropped, 0.0))
            return found, counted(spread)

    def likely(self, pairs: str, model: Model, least: float) -> str:
        """Return the name of a table of those pairs of another that may weigh ``least`` bits or more (``bound.py``)."""
        before = self._known(model)
        columns = bound.sketch(model.identifiers, model)
        people = self.make(f"select unique_id as id, {columns} from {before}")  # noqa: S608 - names of our own
        joined = f"from {pairs} as p join {people} as l on l.id = p.l join {people} as r on r.id = p.r"
        kept = self.make(f"select p.l, p.r {joined} where {bound.at_most(model)} >= {least}")
        self.drop(people)
        return kept

    def _weighed(self, pairs: str, model: Model, least: float | None = None) -> str:
        """Weigh the pairs of a table; return the name of the table that holds them."""
        from splink import DuckDBAPI

        blocked = f"{pairs}_blocked"
        columns = "'0' as match_key, l as join_key_l, r as join_key_r"
        self.connection.execute(f"create or replace view {blocked} as select {columns} from {pairs}")  # noqa: S608 - names of our own
        linker = self.linker(model.comparisons, model, among=pairs)
        linker.table_management.register_blocked_pairs_for_predict(
            DuckDBAPI(connection=self.connection).register(blocked)
        )
        return linker.inference.predict(threshold_match_weight=least, warning_mode="never").physical_name

    def sharing(self, blocking: Blocking) -> str:
        """Return the name of a table of the pairs that share the columns of a blocking, the crowded values left out."""
        import pyarrow as pa

        columns = ", ".join(blocking.columns)
        left_out = self.make(f"select {columns} from everybody limit 0")  # noqa: S608 - names of our own
        crowded = [dict(zip(blocking.columns, values, strict=True)) for values in blocking.crowded]
        if crowded:
            self._insert(left_out, columns, pa.Table.from_pylist(crowded))
        few = self.make(f"select unique_id, {columns} from everybody anti join {left_out} using ({columns})")  # noqa: S608
        same = " and ".join(f"l.{column} = r.{column}" for column in blocking.columns)
        pairs = f"from {few} as l join {few} as r on {same} and l.unique_id < r.unique_id"
        found = self.make(f"select l.unique_id as l, r.unique_id as r {pairs}")
        if self.count(found) <= MOST_PAIRS:
            return found
        return self.make(f"select * from {found} order by hash(l, r) limit {MOST_PAIRS}")  # noqa: S608 - names of our own

    def observe(self, pairs: str, model: Model, compared: Sequence[Comparison] | None = None) -> list[Pattern]:
        """Return how many pairs of a table reached which levels. Rarity is told to a quarter of a bit.

        Splink counts such patterns for itself, and shows them to nobody; its weights need each pair, these do not.
        """
        compared = model.comparisons if compared is None else compared
        levels = [f"{_reached(each)} as c{place}" for place, each in enumerate(compared)]
        rarities = [found for place, each in enumerate(compared) if (found := _rarity(each, f"c{place}", model))]
        with self.passing():
            inside = f"semi join (select l from {pairs} union select r from {pairs}) on l = unique_id"  # noqa: S608
            people = self.make(f"select * from {self._known(model)} {inside}")  # noqa: S608 - names of our own
            columns = [name for (name, *_) in self.connection.execute(f"describe {people}").fetchall()]
            both = ", ".join(f'{side}."{name}" as "{name}_{side}"' for side in "lr" for name in columns)
            joined = (
                f"from {pairs} as p join {people} as l on l.unique_id = p.l join {people} as r on r.unique_id = p.r"
            )
            compare = f"select *, {', '.join(levels)} from (select {both} {joined})"  # noqa: S608 - names of our own
            numbered = ", ".join(f"c{place}" for place in range(len(compared)))
            rarity = f"round(4 * ({' + '.join(rarities) or '0'})) / 4"
            query = f"select {numbered}, {rarity} as rarity, count(*) from ({compare}) group by all order by all"  # noqa: S608
            rows = self.connection.execute(query).fetchall()
        return [
            Pattern({c.name: c.levels[reached].name for c, reached in zip(compared, row, strict=False)}, *row[-2:])
            for row in rows
        ]

    def _known(self, model: Model) -> str:
        """Make a view of everybody with what a model knows of their names: whether they are borne, and how common."""
        columns = [f"{self._borne(model, column)} as {borne_column(column)}" for column in BORNE]
        joined = ""
        for column, known in model.frequencies.items():
            columns.append(f"coalesce({column}_known.share, {known.rarest!r}) as tf_{column}")
            joined += f" left join {self._shares(known)} as {column}_known on {column}_known.name = {column}"
        self._made += 1
        name = f"made_{self._made}"
        query = f"select everybody.*, {', '.join(columns)} from everybody {joined}"  # noqa: S608 - names of our own
        self.connection.execute(f"create or replace view {name} as {query}")
        return name

    def strangers(
        self, of: Sequence[int], compared: Sequence[Comparison], model: Model, *, pairs: float, seed: int
    ) -> Probabilities:
        """Estimate from random pairs of these people how often each level holds between two people.

        Those whom Splink draws, all pairs among them, and its formula; counted at once, where Splink does it comparison
        by comparison. Of the model only the names that people bear are used.
        """
        share = (1 + math.sqrt(8 * pairs + 1)) / 2 / len(of)  # of whom all pairs are so many
        lot = "true" if share >= 1 else f"hash(place || '_{seed}') % {_LOTS} < {max(1, round(share * _LOTS))}"
        with self.passing():
            chosen = self.pairs(zip(of, of, strict=True))
            placed = f"select l as id, row_number() over (order by l) - 1 as place from {chosen}"  # noqa: S608 - names of our own
            drawn = self.make(f"select id from ({placed}) where {lot}")  # noqa: S608 - names of our own
            both = self.make(f"select a.id as l, b.id as r from {drawn} as a join {drawn} as b on a.id < b.id")  # noqa: S608
            patterns = self.observe(both, model, compared)
        found: dict[str, Counter[str]] = {comparison.name: Counter() for comparison in compared}
        for pattern in patterns:
            for name, level in pattern.levels.items():
                found[name][level] += pattern.pairs
        return {name: _shares({k: n for k, n in counts.items() if k != "absent"}) for name, counts in found.items()}

    def within(self, compared: Sequence[Comparison], model: Model, blockings: Sequence[Blocking]) -> Probabilities:
        """Estimate by expectation maximisation how often each level holds within one person, ``u`` being known."""
        sessions = []
        for blocking in blockings:
            with self.passing():
                learnt = learning(compared, blocking.columns)
                sessions.append(Session(blocking.columns, self.observe(self.sharing(blocking), model, learnt)))
        return within_one(model, compared, sessions)


@contextmanager
def bench(people: Iterable[Standard], kinds: Iterable[str]) -> Iterator[Bench]:
    """Open a database for as long as it is needed, with these people and the kinds of number that are looked at."""
    import duckdb

    logging.getLogger("splink").setLevel(logging.ERROR)  # its warnings are weighed in train.py
    with tempfile.TemporaryDirectory(prefix="comity-linking-") as spill, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY, "temp_directory": spill}) as connection:
            yield Bench(connection, people, kinds)


def weigh(people: Sequence[Standard], pairs: Pairs, model: Model) -> list[tuple[int, int, float]]:
    """Return the match weight of each pair of positions, in bits."""
    if not pairs:
        return []
    with bench(people, model.identifiers) as on:
        return on.weigh(on.pairs(pairs), model)


def observe(people: Sequence[Standard], pairs: Pairs, model: Model) -> list[Pattern]:
    """Return how many of the pairs of positions reached which levels. Rarity is told to a quarter of a bit."""
    if not pairs:
        return []
    with bench(people, model.identifiers) as on:
        return on.observe(on.pairs(pairs), model)


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: number / total for name, number in counts.items()}


def _reached(comparison: Comparison) -> str:
    """Return SQL for which level a pair reaches, by its place."""
    *asked, _ = comparison.levels
    when = " ".join(f"when {level.sql} then {place}" for place, level in enumerate(asked))
    return f"case {when} else {len(asked)} end"


def _rarity(comparison: Comparison, reached: str, model: Model) -> str | None:
    """Return SQL for what rarity adds to a pair's weight, in bits; None where it adds nothing."""
    for place, level in enumerate(comparison.levels):
        if level.frequency in model.frequencies:
            usual = model.chances[comparison.name][level.name].u
            return f"if({reached} = {place}, log2({usual!r} / tf_{level.frequency}_l), 0)"
    return None


def _settings(compared: Sequence[Comparison], model: Model | None) -> dict[str, Any]:
    chosen: dict[str, Any] = {"probability_two_random_records_match": model.prior} if model else {}
    return chosen | {
        "link_type": "dedupe_only",
        "comparisons": [_comparison(comparison, model) for comparison in compared],
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
    }


def _comparison(comparison: Comparison, model: Model | None) -> dict[str, Any]:
    levels = []
    for position, level in enumerate(comparison.levels):
        entry: dict[str, Any] = {"sql_condition": level.sql, "label_for_charts": level.name}
        if position == 0:
            entry["is_null_level"] = True
        elif model:
            chance = model.chances[comparison.name][level.name]
            entry |= {"u_probability": chance.u, "m_probability": chance.m}
        if model and level.frequency in model.frequencies:
            entry |= {"tf_adjustment_column": level.frequency, "disable_tf_exact_match_detection": True}
        levels.append(entry)
    return {"output_column_name": comparison.name.replace(" ", "_"), "comparison_levels": levels}
