"""What a read costs does not grow with what is held: each table of the record is reached through an index.

With sequential scans made as dear as can be, the plan that every subject shares still holds one exactly where there
is no other way in. One such scan once made one desk's page take half a minute, and all others none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

import comity
from comity.agreements import parse_agreement
from comity.agreements.models import Standing
from comity.demo.chain import agreement_text
from comity.gate import CaseRead, Read, Request, Requester, Search
from comity.gate.compile import compile_verdict
from comity.gate.decide import decide
from comity.store import Role
from comity.vocabulary import load

from .world import NOW

ROOT = Path(comity.__file__).parent
FILES = sorted([*ROOT.glob("agreements/examples/*.yaml"), *ROOT.glob("demo/*/agreements/*.yaml")])
ASKS = {
    "person": Read(UUID(int=1)),
    "case": CaseRead("C-1"),
    "name": Search(name="Ann"),
    "birth date": Search(birth_date=date(1990, 1, 1)),
    "number": Search(number="A1"),
}


VOCABULARY = load()


def permitted() -> Iterator[object]:
    """Each agreement that ships, with each act that it permits."""
    for file in FILES:
        agreement = parse_agreement(agreement_text(file, NOW.date()), VOCABULARY)
        requester = Requester(agreement.recipients[0], "staff-7", agreement.requesters.roles[0])
        for name, asks in ASKS.items():
            request = Request(asks, agreement.name, agreement.purpose, requester, "C-1", "to decide")
            verdict = decide(request, agreement, Standing(()), VOCABULARY, NOW)
            if verdict.permitted:
                yield pytest.param(verdict, asks, id=f"{file.parts[-3]}-{file.stem}-{name}")


@pytest.mark.parametrize(("verdict", "asks"), list(permitted()))
def test_no_table_of_the_record_is_read_through(postgres, migrated_template, verdict, asks):
    compiled = compile_verdict(verdict, asks, VOCABULARY)
    with postgres.of(migrated_template).connect(Role.GATE) as conn:
        conn.execute("set local plan_cache_mode = force_generic_plan")
        conn.execute("set local enable_seqscan = off")
        conn.execute(f"prepare statement as {compiled.sql}")
        nulls = ", ".join(["null"] * len(compiled.names))
        plan = [row[0] for row in conn.execute(f"explain (verbose) execute statement({nulls})")]
    assert [found[1] for line in plan if (found := re.search(r"Seq Scan on (record\.\S+)", line))] == []
