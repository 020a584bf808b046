"""Link many at once on Spark, where one machine is not enough: the same pairs, weights and persons as :func:`link`.

1. What decides is not written again. Keys are ``block.keys``, weights ``score.Against``, persons ``link.partition``,
   called by Spark's workers; Spark brings those together who share a key, and counts.
2. The people lie in one folder while it works, which every worker reaches by the same path and only this user reads. It
   goes with the work, however that ends; what a run that was killed has left goes with the next.
3. In that folder is JSON in Parquet, and nothing that could run where it is read.
4. A worker is given a whole block and weighs the pairs within it; a pair of several blocks, in that of its least key. A
   pair that comes to nothing is counted, and goes nowhere: pairs grow faster than people.
5. The driver holds the people and the pairs that matter, as it must to write them down; which records hang together it
   finds by itself, for that is one look at each pair.

The caller holds this room's lock, so that the folder is one run's, and hands in a session of Spark.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import date
from functools import lru_cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from comity.people import block
from comity.people.cluster import Bonds, Hold, components
from comity.people.limits import Limit
from comity.people.link import Linked, Progress, partition
from comity.people.model import Model, from_json
from comity.people.models import Pair, Standard, Stay
from comity.people.score import LINKED_FROM, NEEDS_A_PERSON_FROM, NEVER, Against
from comity.people.tally import Tally, bit, counted, probability

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import Column, DataFrame, SparkSession

_WEIGHED = (
    "heavy array<struct<l bigint, r bigint, weight double>>, spread array<struct<bit int, pairs bigint, ones double>>"
)
_Weighed = tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]]
Member = tuple[int, str, list[int]]  # number, person, and the keys that not too many share
_ROWS = 5_000  # of one row group: Spark gives each worker whole ones
_values = attrgetter(*(field.name for field in fields(Standard)))
_PEOPLE, _HEAVY, _GROUPS, _FOUND = "people.parquet", "heavy", "groups.parquet", "found"


def link_on(
    spark: SparkSession,
    folder: Path,
    standards: Mapping[UUID, Standard],
    model: Model,
    bonds: Bonds[UUID],
    progress: Progress = lambda _step: None,
    stays: Mapping[UUID, Sequence[Stay]] | None = None,
) -> Linked:
    """Link everybody as :func:`comity.people.link.link` does, on Spark; the people lie in ``folder`` meanwhile."""
    ids = sorted(standards)
    with _ours_alone(folder):
        progress(f"handing over {len(ids)} people")
        _write(folder / _PEOPLE, "person", (said(standards[id_]) for id_ in ids))
        told = spark.sparkContext.broadcast(json.dumps(model.as_json()))
        progress(f"weighing the pairs of {len(ids)} people")
        weights, spread = _weighed(spark, folder, ids, told)
        progress(f"clustering {len(weights)} pairs")
        tied = [*(pair for pair, weight in weights.items() if weight >= LINKED_FROM), *bonds.same]
        groups = [group for group in components(ids, tied) if len(group) > 1]
        _write(folder / _GROUPS, "grouped", _asked(groups, standards, weights, bonds, stays or {}))
        persons, holds = _persons(spark, folder, groups, told)
        told.destroy()
    grouped = {id_ for group in groups for id_ in group}
    persons += [(id_,) for id_ in ids if id_ not in grouped]
    return Linked(weights, tuple(sorted(persons)), tuple(sorted(holds, key=lambda it: (it.a, it.b))), spread)


@contextmanager
def _ours_alone(folder: Path) -> Iterator[None]:
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder)


def _write(path: Path, name: str, texts: Iterable[str]) -> None:
    """Write texts, numbered from nothing."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("id", pa.int64()), (name, pa.string())])
    with pq.ParquetWriter(path, schema) as file:
        left = enumerate(texts)
        while rows := list(islice(left, _ROWS)):
            numbers, held = zip(*rows, strict=True)
            file.write_table(pa.table([pa.array(numbers, pa.int64()), pa.array(held, pa.string())], schema=schema))


def _read(path: Path, *order: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of what Spark has written, in the order of these columns."""
    import pyarrow.dataset as ds

    table = ds.dataset(path, format="parquet").to_table()
    for batch in table.sort_by([(column, "ascending") for column in order]).to_batches(_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


# --- on Spark --------------------------------------------------------------------------------------------------------


def _weighed(
    spark: SparkSession, folder: Path, ids: Sequence[UUID], model: Broadcast[str]
) -> tuple[dict[Pair, float], Tally]:
    """Return the pairs that share a key and may matter, in bits, and how the weights of all are spread."""
    from pyspark import StorageLevel
    from pyspark.sql import functions as f

    people = spark.read.parquet(str(folder / _PEOPLE))
    weighed = blocks(people).select(_called(_weigher(model), _WEIGHED)("key", "members").alias("it"))
    weighed = weighed.persist(StorageLevel.DISK_ONLY)
    weighed.select(f.inline("it.heavy")).write.parquet(str(folder / _HEAVY))
    spread = weighed.select(f.inline("it.spread")).groupBy("bit").agg(f.sum("pairs"), f.sum("ones")).orderBy("bit")
    tally = counted(tuple(row) for row in spread.collect())
    weighed.unpersist()
    return {(ids[a], ids[b]): weight for a, b, weight in _read(folder / _HEAVY, "l", "r")}, tally


def blocks(people: DataFrame) -> DataFrame:
    """Return who shares a key that not too many share (``key``, ``members``), of ``people`` (``id``, ``person``)."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    keyed = people.select("id", f.explode(_called(keys, "array<string>")("person")).alias("key"))
    keyed = keyed.select("id", f.xxhash64("key").alias("key"))
    number = f.count("*").over(Window.partitionBy("key"))  # which spills, where a list of everybody would not
    kept = keyed.withColumn("number", number).where(f.col("number").between(2, block.LARGEST_BLOCK))
    theirs = kept.groupBy("id").agg(f.collect_set("key").alias("keys")).join(people, "id")
    member = f.struct("id", "person", "keys").alias("member")
    return (
        theirs.select(f.explode("keys").alias("key"), member)
        .groupBy("key")
        .agg(f.collect_list("member").alias("members"))
    )


def _persons(
    spark: SparkSession, folder: Path, groups: Sequence[Sequence[UUID]], model: Broadcast[str]
) -> tuple[list[tuple[UUID, ...]], list[Hold[UUID]]]:
    """Return the persons within the groups, and what is held."""
    asked = spark.read.parquet(str(folder / _GROUPS))
    found = _called(_partitioner(model), "string")("grouped").alias("found")
    asked.select("id", found).write.parquet(str(folder / _FOUND))
    persons, holds = list[tuple[UUID, ...]](), list[Hold[UUID]]()
    for number, text in _read(folder / _FOUND, "id"):
        group, answer = groups[number], json.loads(text)
        persons += [tuple(group[place] for place in person) for person in answer["persons"]]
        holds += [Hold(group[a], group[b], Limit(limit)) for a, b, limit in answer["holds"]]
    return persons, holds


def _called(function: Callable[..., Any], kind: str) -> Callable[..., Column]:
    """Return a function of ours as Spark calls it, a row at a time; by Arrow it would want pandas."""
    from pyspark.sql.functions import udf

    return udf(function, kind, useArrow=False)


# --- on the workers --------------------------------------------------------------------------------------------------


def keys(person: str) -> list[str]:
    """Return the blocking keys of a person as :func:`said`."""
    return sorted(block.keys(_heard(person)))


def together(key: int, members: Iterable[Member]) -> Iterator[tuple[int, str, list[tuple[int, str]]]]:
    """Yield each member with those after it, less whom it shares a lesser key with: each pair is of one block alone."""
    held = sorted((id_, person, frozenset(theirs)) for id_, person, theirs in members)
    for place, (id_, person, own) in enumerate(held):
        others = [(other, text) for other, text, theirs in held[place + 1 :] if min(own & theirs) == key]
        if others:
            yield id_, person, others


def _weigher(model: Broadcast[str]) -> Callable[[int, Iterable[Member]], _Weighed]:
    return lambda key, members: _weighed_block(key, members, _model(model.value))


def _weighed_block(key: int, members: Iterable[Member], model: Model) -> _Weighed:
    """Return the pairs of a block that may matter, and of all how many weigh a whole bit and should be one."""
    heavy: list[tuple[int, int, float]] = []
    spread: dict[int, tuple[int, float]] = {}
    for id_, person, others in together(key, members):
        against = Against(_heard(person), model, NEVER)
        for other, text in others:
            weight = against.weight(_heard(text)) or 0.0
            pairs, ones = spread.get(bit(weight), (0, 0.0))
            spread[bit(weight)] = pairs + 1, ones + probability(weight)
            if weight >= NEEDS_A_PERSON_FROM:
                heavy.append((id_, other, weight))
    return heavy, [(whole, pairs, ones) for whole, (pairs, ones) in spread.items()]


def _partitioner(model: Broadcast[str]) -> Callable[[str], str]:
    return lambda grouped: _partitioned(json.loads(grouped), _model(model.value))


def _partitioned(asked: Mapping[str, Any], model: Model) -> str:
    """Return the persons of a group as :func:`_asked`, by place in it, and what is held."""
    standards = dict(enumerate(map(_heard, asked["people"])))
    weights = {(a, b): weight for a, b, weight in asked["weights"]}
    same, different = (frozenset((a, b) for a, b in asked[name]) for name in ("same", "different"))
    stays = {int(place): [_stay(*each) for each in times] for place, times in asked["stays"].items()}
    found = partition(standards, weights, standards, model, Bonds(same, different), stays)
    return json.dumps({"persons": found.persons, "holds": [(it.a, it.b, it.limit.value) for it in found.holds]})


@lru_cache(maxsize=1)
def _model(text: str) -> Model:
    return from_json(json.loads(text))


# --- as text ---------------------------------------------------------------------------------------------------------


def said(standard: Standard) -> str:
    """Return a person as JSON."""
    return json.dumps(_values(standard), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=1_000)
def _heard(text: str) -> Standard:
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in json.loads(text)]
    return Standard(*values)


def _asked(
    groups: Iterable[Sequence[UUID]],
    standards: Mapping[UUID, Standard],
    weights: Mapping[Pair, float],
    bonds: Bonds[UUID],
    stays: Mapping[UUID, Sequence[Stay]],
) -> Iterator[str]:
    """Yield all that the persons of a group follow from, as JSON: each record by its place in the group."""
    pairs = {"weights": _by_first(weights), "same": _by_first(bonds.same), "different": _by_first(bonds.different)}
    for group in groups:
        places = {id_: place for place, id_ in enumerate(group)}
        inside = {
            name: [(a, b) for a in group for b in later.get(a, ()) if b in places] for name, later in pairs.items()
        }
        yield json.dumps(
            {
                "people": [said(standards[id_]) for id_ in group],
                "stays": {places[id_]: list(map(_told, stays[id_])) for id_ in group if id_ in stays},
                "weights": [(places[a], places[b], weights[a, b]) for a, b in inside["weights"]],
                **{name: [(places[a], places[b]) for a, b in inside[name]] for name in ("same", "different")},
            }
        )


def _by_first(pairs: Iterable[Pair]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = {}
    for a, b in pairs:
        found.setdefault(a, []).append(b)
    return found


def _told(stay: Stay) -> tuple[str, str | None, str, str | None]:
    return stay.agency, stay.facility, stay.since.isoformat(), stay.until.isoformat() if stay.until else None


def _stay(agency: str, facility: str | None, since: str, until: str | None) -> Stay:
    return Stay(agency, facility, date.fromisoformat(since), date.fromisoformat(until) if until else None)
