"""``comity people``: who is who. Link everybody; train a model, see what it would change, put it in force."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import psycopg
from cyclopts import App, Parameter

from comity.cli.failing import DATA, NO_INPUT, Failed, Misused
from comity.cli.opening import node, now
from comity.gate.partings import tell_partings
from comity.intake import relinking, retraining
from comity.intake.relinking import Link, relink
from comity.intake.retraining import Changes, KeptModel, NothingToLearnError, UnknownModelError
from comity.node import Node
from comity.store import Role

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

app = App(name="people", help="Who is who: linking, the models that it rests on, and how good it is.")
_ELSEWHERE: Final = {
    "watching": ("quality", "sample"),
    "people": ("reviews", "decide", "confirm", "refuse", "withdraw", "undo"),
}
for _module, _names in _ELSEWHERE.items():
    for _name in _names:
        app.command(f"comity.cli.{_module}:{_name}", name=_name)

Json = Annotated[bool, Parameter(name="--json", negative=())]


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Where:
    """Where pairs are weighed and persons found.

    Parameters
    ----------
    engine
        DuckDB here, or Spark where one machine is not enough. The persons are the same.
    master
        Where Spark runs: its master's address. Every worker must reach the node's own folder by the same path.
    """

    engine: Literal["duckdb", "spark"] = "duckdb"
    master: str = "local[*]"


HERE: Final = Where()


@app.command
def link(*, where: Where = HERE) -> None:
    """Link everybody again: which records are of one human being.

    A node that has no model yet trains its first and uses it at once: there is no linking that it could upset.
    """
    with _spark(where) as spark, node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        changes = relink(conn, now(), print, _how(spark, opened))
        apart = _told(opened)
    _say_changes(changes)
    _say_apart(apart)


@app.command
def train() -> None:
    """Train a new model on what is there, and show what it would change. Nobody moves until a person applies it."""
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        try:
            proposed = retraining.propose(conn, now(), print)
        except NothingToLearnError as error:
            print(f"{error}. The weights in use stay.")
            raise Failed(DATA) from None
        apart = _told(opened)
    if isinstance(proposed, Changes):
        print("There was no model yet, so the first is in force at once.")
        _say_changes(proposed)
        _say_apart(apart)
        return
    version, effects = proposed
    for line in _effects(effects.as_json()):
        print(line)
    print(f'Nothing has changed yet. To put it in force: comity people apply {version} --by ... --reason "..."')


@app.command
def apply(version: str, *, by: str, reason: str, where: Where = HERE) -> None:
    """Put a model in force and link everybody by it; also an earlier one, to go back.

    Parameters
    ----------
    version
        Of the model, or a part of it that no other has; ``comity people models`` lists them.
    by
        The opaque staff id of whoever decides it.
    reason
        Why, in a sentence, without a name.
    """
    if not by.strip() or not reason.strip():
        raise Misused("Say who decides and why: neither --by nor --reason can be empty.")
    with _spark(where) as spark, node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        try:
            chosen = retraining.named(conn, version)
            how = _how(spark, opened)
            changes = retraining.apply(conn, chosen.version, now(), print, how, by=by, reason=reason)
        except UnknownModelError as error:
            print(f"{error}: comity people models.")
            raise Failed(NO_INPUT) from None
        apart = _told(opened)
    _say_changes(changes)
    _say_apart(apart)


@app.command
def models(*, as_json: Json = False) -> None:
    """List the models that were trained here: which is in force, what each was measured at and would have changed.

    Parameters
    ----------
    as_json
        Print one JSON document, for programs.
    """
    with node() as opened, opened.store.connect(Role.INTAKE) as conn:
        found = retraining.models(conn)
    if as_json:
        print(json.dumps([_document(each) for each in found], indent=2))
        return
    for each in found:
        print(f"{each.version}: {_standing(each)}")
        for line in (*_measured(each.evaluation or {}), *(_effects(each.effects) if each.effects else ())):
            print(f"  {line}")
    if not found:
        print("No model was trained here yet: comity people link.")


@contextmanager
def _spark(where: Where) -> Iterator[SparkSession | None]:
    """Start Spark if it is asked for: first of all, so that what it lacks is said before anybody is read."""
    if where.engine != "spark":
        yield None
        return
    from comity.gate.on_spark import session

    with TemporaryDirectory(prefix="comity-spark-") as own, session(Path(own), where.master) as started:
        yield started


def _how(spark: SparkSession | None, opened: Node) -> Link:
    return relinking.link if spark is None else relinking.on_spark(spark, opened.settings.home / "linking")


def _standing(model: KeptModel) -> str:
    if model.since is None:
        return f"proposed on {model.trained_at:%Y-%m-%d}, not in force"
    who = f" by {model.by}" if model.by else ""
    return f"{'in force since' if model.in_force else 'was in force from'} {model.since:%Y-%m-%d %H:%M}{who}"


def _measured(evaluation: Mapping[str, Any]) -> list[str]:
    if not evaluation:
        return []
    expected = [(name, evaluation[name]) for name in ("precision", "recall", "blocking")]
    shares = ", ".join(f"{name} {share:.4f}" for name, share in expected if share is not None)
    told = f"{evaluation['source_persons']:,} records, {evaluation['persons']:,} persons, {evaluation['pairs']:,} pairs"
    return [f"trained on {told}; expected {shares}" if shares else f"trained on {told}"]


def _effects(effects: Mapping[str, Any]) -> list[str]:
    return [
        f"It would join {effects['joined']:,} persons with others and part {effects['parted']:,}.",
        f"Persons: {effects['persons_before']:,} now, {effects['persons']:,} then.",
        f"Records that would be in a person of another id: {effects['moved']:,}.",
        f"Pairs in another band: {', '.join(f'{band} {n:,}' for band, n in effects['bands'].items()) or 'none'}.",
        f"A person would be asked of {effects['asked']:,} pairs more, and need not look at {effects['unasked']:,}.",
        f"It disagrees with {effects['judged']:,} decisions of people, which stand.",
    ]


def _document(model: KeptModel) -> dict[str, Any]:
    said = asdict(model)
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in said.items()}


def _told(opened: Node) -> int:
    """Have whoever was shown what came apart told; return how many persons that were."""

    async def telling() -> int:
        async with await psycopg.AsyncConnection.connect(opened.store.conninfo(Role.GATE)) as conn:
            return await tell_partings(conn, now())

    return asyncio.run(telling())


def _say_apart(apart: int) -> None:
    if apart:
        print(f"{apart:,} persons came apart that somebody had been shown as one; whoever received it has been told.")


def _say_changes(changes: Changes) -> None:
    print(
        f"{changes.source_persons:,} records of people are {changes.persons:,} persons; "
        f"{changes.moved:,} records moved; {changes.needs_a_person:,} pairs need a person to look at them, "
        f"and {changes.held:,} are held for a limit. Weights: {changes.model}."
    )
