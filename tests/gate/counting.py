"""What the tests of statistics share: an agreement with a budget, and ways to ask."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg

from comity.agreements import parse_agreement
from comity.agreements.models import Standing
from comity.gate import Refusal
from comity.gate.decide import decide
from comity.gate.models import Asking, Category, Measure, Quantity, Reason, Statistic
from comity.gate.statistics.ask import _Errand, _exact, ask
from comity.gate.statistics.models import Told
from comity.gate.statistics.plan import Plan, plan
from comity.store import Role
from comity.vocabulary import Vocabulary

from .world import NOW, World, agreement_text, request

RELEASE = """
  - {record: person, fields: {birth_date: age-band, sex: as-is, postcode: area, name: initials}}
  - {record: charge, fields: {severity: as-is, charged_on: as-is, disposed_on: as-is, offence: as-is, offence_on: month}}
  - {record: assessment, fields: {score: as-is, band: as-is}}
  - {record: incident, fields: {kind: as-is, risk_score: band}}
"""
TERMS = {"about": "everyone", "release": RELEASE, "channels": "statistic", "must_state": "justification"}

SEVERITY = Category("charge", "severity")
YEAR = Category("charge", "charged_on", "year", ("2024..2026",))
AGE = Category("person", "birth_date")
SEX = Category("person", "sex")
AREA = Category("person", "postcode")
DAYS = Quantity("disposed_on", 0, 400, "charged_on")
SCORE = Quantity("score", 0, 100)


def text(epsilon: Any = "1.0", delta: Any = "0", per: str = "P1M", most: int = 3, **changes: Any) -> str:
    budget = f"statistics: {{epsilon: {epsilon}, delta: {delta}, per: {per}, most_per_person: {most}}}\n"
    return agreement_text(**{**TERMS, **changes}) + budget


def agree(world: World, *args: Any, **changes: Any) -> str:
    return world.agree_to(text(*args, **changes))


def count(record: str = "charge", measure: Measure = Measure.ROWS, **changes: Any) -> Statistic:
    epsilon = changes.pop("epsilon", None)
    return Statistic(record, measure, epsilon=None if epsilon is None else Decimal(str(epsilon)), **changes)


async def asking(world: World, asks: Statistic, now: datetime = NOW, **changes: Any) -> Told | Refusal:
    async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
        return await ask(conn, request(asks, **changes), now, vocabulary=world.vocabulary, keyring=world.keyring)


def told(world: World, asks: Statistic, now: datetime = NOW, **changes: Any) -> Told:
    answer = asyncio.run(asking(world, asks, now, **changes))
    assert isinstance(answer, Told), answer.reason.code
    return answer


def refused(world: World, asks: Statistic, now: datetime = NOW, **changes: Any) -> str:
    """Ask, and return the code of the refusal."""
    answer = asyncio.run(asking(world, asks, now, **changes))
    assert isinstance(answer, Refusal), answer
    return answer.reason.code


def planned(vocabulary: Vocabulary, asks: Statistic, agreement: str = "") -> tuple[Plan | Reason, Any]:
    agreed = parse_agreement(agreement or text(), vocabulary)
    verdict = decide(request(asks), agreed, Standing(()), vocabulary, NOW)
    assert verdict.permitted, verdict.refusal
    return plan(asks, agreed, verdict.clauses), verdict


def exact(world: World, asks: Statistic, agreement: str = "") -> Mapping[tuple[str, ...], tuple[int, int]]:
    """Return the exact cells, which nobody ever sees: for each cell its rows and its sum."""
    return exact_of_each(world, [asks], agreement)[0]


def exact_of_each(
    world: World, questions: Sequence[Statistic], agreement: str = ""
) -> list[Mapping[tuple[str, ...], tuple[int, int]]]:
    async def read() -> list[Mapping[tuple[str, ...], tuple[int, int]]]:
        async with await psycopg.AsyncConnection.connect(world.store.conninfo(Role.GATE)) as conn:
            await conn.execute("select set_config('comity.providers', 'police,court', true)")
            return [await _exact(conn, *errand(world, asks, agreement)) for asks in questions]

    return asyncio.run(read())


def errand(world: World, asks: Statistic, agreement: str) -> tuple[_Errand, Plan]:
    made, verdict = planned(world.vocabulary, asks, agreement)
    assert isinstance(made, Plan), made
    asked = Asking(uuid4(), bytes(16), NOW, request(asks))
    return _Errand(asked, verdict, made, verdict.agreement.statistics, "", world.vocabulary, world.keyring), made


def somebody(world: World, charges: int = 1, severity: str = "serious", **person: Any) -> UUID:
    """Put down a person with some charges."""
    who = world.person(**{"birth_date": date(1990, 5, 1), "sex": "female", "postcode": "SW1A 1AA", **person})
    for number in range(charges):
        world.row("charge", person=who, offence="Burglary", severity=severity, charged_on=date(2024 + number % 3, 3, 1),
                  disposed_on=date(2024 + number % 3, 5, 1))  # fmt: skip
    return who
