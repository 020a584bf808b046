"""A verdict of the gate with 1,000 agreements in force, against Cedar with 1,000 policies that say the same.

Ours is what production does for each request, short of the statement itself: what is remembered of the agreement of
that name, with its standing, and the decision with its findings for each field. The agreements are in the database,
signed, and were each looked up once. Judged anew is what a request pays whose agreement has changed, or of which
nothing is remembered: rows into an agreement, its signatures and its standing, without the journey to the database.

Theirs is `cedarpy`: the policies as a parsed `PolicySet`, the entities as parsed `Entities`, one call for each
request; the batch is its form for many, a thousand requests in one call. Cedar reads every policy for every request;
whoever keeps one `PolicySet` for each agreement, and picks it by name as our side does, has the third row. A policy
says of an agreement: which agencies may ask (the parents of who asks), in which roles, for which purpose through which
channel (the action), what must be stated (the context), and until when; of the fields it says nothing, which is in
Cedar's favour.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from cedarpy import Entities, PolicySet, is_authorized, is_authorized_batch

from bench.gate import agree, person
from bench.many import name_of, texts
from bench.rows import Row
from comity.agreements import Agreement, standing_from_rows, standing_query
from comity.gate import Read, Request, Requester
from comity.gate.decide import decide
from comity.gate.known import look_up, remembered
from comity.node import ROOMS
from comity.store import Role, Store, migrate
from comity.store.provision import drop_database, make_database
from comity.vocabulary import load

AGREEMENTS = 1_000
REQUESTS = 2_000
ROUNDS = 7
_DATABASE = "bench_verdict"
_KINDS = ("ours", "anew", "theirs", "picked", "batch")
_VOCABULARY = load()


@dataclass(frozen=True, slots=True)
class _Sides:
    """One call of each side for the same request; they agree on each of them."""

    ours: Callable[[Request], bool]
    anew: Callable[[Request], bool]
    theirs: Callable[[Request], bool]
    picked: Callable[[Request], bool]


def run(store: Store) -> list[Row]:
    """Measure in a database of its own on the store's server, which is dropped afterwards."""
    make_database(store.admin, _DATABASE)
    try:
        own = store.of(_DATABASE)
        migrate(own, ROOMS)
        agree(own, texts(datetime.now(UTC), AGREEMENTS))
        return asyncio.run(_measure(own))
    finally:
        drop_database(store.admin, _DATABASE)


async def _measure(store: Store) -> list[Row]:
    now = datetime.now(UTC)
    async with await psycopg.AsyncConnection.connect(store.conninfo(Role.GATE)) as conn:
        found = [await look_up(conn, name_of(number), _VOCABULARY, now) for number in range(AGREEMENTS)]
        rows = {name_of(number): await _rows(conn, name_of(number)) for number in range(AGREEMENTS)}
        agreements = [known.considered.agreement for known in found if known.considered and known.considered.agreement]
        policies = PolicySet.from_str("\n".join(map(_policy, agreements)))
        each = {agreement.name: PolicySet.from_str(_policy(agreement)) for agreement in agreements}
        entities = Entities.from_json_str(_ENTITIES)
        sides = _Sides(
            lambda asked: _decided(remembered(conn, asked.agreement, _VOCABULARY, now).considered, asked, now),
            lambda asked: _decided(standing_from_rows(rows[asked.agreement], _VOCABULARY, now), asked, now),
            lambda asked: is_authorized(_as_cedar(asked, now), policies, entities).allowed,
            lambda asked: is_authorized(_as_cedar(asked, now), each[asked.agreement], entities).allowed,
        )
        asked = _requests()
        _compare(sides, asked)
        return _rows_of(_timed(sides, asked, lambda many: _batch(many, now, policies, entities)))


def _rows_of(taken: dict[str, list[float]]) -> list[Row]:
    ours, anew, theirs, picked, batch = (statistics.median(taken[kind]) for kind in _KINDS)
    what = f"a verdict with {AGREEMENTS:,} agreements in force, against cedarpy with {AGREEMENTS:,} policies"
    return [
        Row("verdict", f"{what}, one call each", ours, theirs, "us", ours / theirs, "<= 50 us"),
        Row("verdict in a batch", f"{what}, theirs in batches of 1,000", ours, batch, "us", ours / batch, "<= 50 us"),
        Row("verdict picked", f"{what}, theirs of the one agreement", ours, picked, "us", ours / picked, "<= 50 us"),
        Row("verdict anew", "the same, its signatures and standing judged anew", anew, None, "us", None, "none"),
    ]


def _timed(
    sides: _Sides, asked: Sequence[Request], batch: Callable[[Sequence[Request]], object]
) -> dict[str, list[float]]:
    """Return the microseconds of one verdict, of each side in turn, for each round."""
    taken: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    few = asked[:200]  # of what takes milliseconds
    turns = (
        ("ours", sides.ours, asked),
        ("anew", sides.anew, asked),
        ("theirs", sides.theirs, few),
        ("picked", sides.picked, asked),
    )
    for _ in range(ROUNDS):
        for kind, call, these in turns:
            start = time.perf_counter()
            for each in these:
                call(each)
            taken[kind].append(1e6 * (time.perf_counter() - start) / len(these))
        start = time.perf_counter()
        batch(asked[:1_000])
        taken["batch"].append(1e6 * (time.perf_counter() - start) / 1_000)
    return taken


def _compare(sides: _Sides, asked: Sequence[Request]) -> None:
    """Both sides say the same of each request, or there is nothing to compare."""
    said = [(sides.ours(it), sides.anew(it), sides.theirs(it), sides.picked(it)) for it in asked[:300]]
    if any(len(set(each)) != 1 for each in said) or len({each[0] for each in said}) != 2:
        raise RuntimeError("the two sides do not say the same of the same requests")


def _requests() -> list[Request]:
    """Return requests under agreements taken at random; one in four has a wrong agency, role or purpose."""
    chance = random.Random(1)
    asked = []
    for number in range(REQUESTS):
        wrong = chance.choice((None, "agency", "role", "purpose")) if number % 3 == 0 else None
        requester = Requester(
            "clerk" if wrong == "agency" else "attorney", "staff-7", "judge" if wrong == "role" else "prosecutor"
        )
        purpose = "statistics" if wrong == "purpose" else "prosecution"
        name = name_of(chance.randrange(AGREEMENTS))
        asked.append(Request(Read(person(number)), name, purpose, requester, "C-1", "to measure"))
    return asked


# --- ours ------------------------------------------------------------------------------------------------------------


async def _rows(conn: psycopg.AsyncConnection, name: str) -> list[tuple[object, ...]]:
    cursor = await conn.execute(standing_query(), {"name": name}, prepare=True)
    return await cursor.fetchall()


def _decided(considered, asked: Request, now: datetime) -> bool:
    return decide(asked, considered.agreement, considered.standing, _VOCABULARY, now).permitted


# --- theirs ----------------------------------------------------------------------------------------------------------

_ENTITIES = """[
 {"uid": {"type": "Agency", "id": "attorney"}, "attrs": {}, "parents": []},
 {"uid": {"type": "Agency", "id": "clerk"}, "attrs": {}, "parents": []},
 {"uid": {"type": "Staff", "id": "attorney/staff-7"}, "attrs": {}, "parents": [{"type": "Agency", "id": "attorney"}]},
 {"uid": {"type": "Staff", "id": "clerk/staff-7"}, "attrs": {}, "parents": [{"type": "Agency", "id": "clerk"}]}
]"""


def _policy(agreement: Agreement) -> str:
    actions = ", ".join(f'Action::"{agreement.purpose}/{channel}"' for channel in agreement.channels)
    askers = " || ".join(f'principal in Agency::"{agency}"' for agency in agreement.recipients)
    roles = ", ".join(f'"{role}"' for role in agreement.requesters.roles)
    stated = " && ".join(f'context.{each} != ""' for each in agreement.requesters.must_state)
    days = agreement.in_force
    first, last = (f"{day:%Y%m%d}" for day in (days.start, days.until))
    return (
        f'@id("{agreement}") permit (principal, action in [{actions}], resource == Agreement::"{agreement.name}")'
        f" when {{ ({askers}) && [{roles}].contains(context.role) && {stated}"
        f" && context.today >= {first} && context.today <= {last} }};"
    )


def _as_cedar(asked: Request, now: datetime) -> dict[str, object]:
    requester = asked.requester
    return {
        "principal": {"type": "Staff", "id": f"{requester.agency}/{requester.person}"},
        "action": {"type": "Action", "id": f"{asked.purpose}/read"},
        "resource": {"type": "Agreement", "id": asked.agreement},
        "context": {
            "role": requester.role,
            "case_reference": asked.case_reference,
            "justification": asked.justification,
            "today": now.year * 10_000 + now.month * 100 + now.day,
        },
    }


def _batch(asked: Sequence[Request], now: datetime, policies: PolicySet, entities: Entities) -> object:
    return is_authorized_batch([_as_cedar(each, now) for each in asked], policies, entities)
