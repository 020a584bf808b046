"""Proving agreements: 1,000 clauses, no two alike, asked every question that is asked before a signature.

Five agreements of 200 clauses each, the most that one may have, over charges. Each clause is narrowed by a condition of
three parts, and each two are asked about, so the time grows with the square of an agreement's clauses; those that are
signed have some ten. There is nothing to measure it against: no peer answers the question.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from importlib import resources

from bench.rows import Row
from comity.agreements import Agreement, parse_agreement, parse_condition
from comity.agreements.parse import MAX_RELEASES
from comity.agreements.prove import compare, prove
from comity.store import Store
from comity.vocabulary import load

CLAUSES = 1_000
ROUNDS = 1  # some ten seconds
_FIELDS = ("offence", "severity", "status", "charged_on", "spent")
_VOCABULARY = load()


def run(store: Store) -> list[Row]:
    """Measure; the store is not needed."""
    del store
    asked = [_agreement(number) for number in range(CLAUSES // MAX_RELEASES)]
    prove(asked[0], _VOCABULARY)  # the solver is loaded
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for agreement in asked:
            prove(agreement, _VOCABULARY)
        alone.append(time.perf_counter() - start)
        start = time.perf_counter()
        for agreement in asked:
            compare(agreement, agreement, _VOCABULARY)
        beside.append(time.perf_counter() - start)
    return [
        _row("prove", f"{CLAUSES:,} clauses, everything that is asked of them alone", alone),
        _row("prove against", f"{CLAUSES:,} clauses, that the next version releases no more", beside),
    ]


def _row(name: str, what: str, seconds: list[float]) -> Row:
    return Row(name, what, 1_000 * statistics.median(seconds) / CLAUSES, None, "ms a clause", None, "<= 20")


def _agreement(number: int) -> Agreement:
    text = resources.files("comity.agreements").joinpath("examples/marac-victim-safety.yaml").read_text("utf-8")
    base = parse_agreement(text, _VOCABULARY)
    clauses = []
    for at in range(MAX_RELEASES):
        where = (
            f"offence_code = 'K{number}-{at}' and charged_on within last {at + 1} weeks"
            f" and (not spent or disposed_on >= today - {at % 24 + 1} months)"
        )
        condition = parse_condition(where, _VOCABULARY, record="charge")
        forms = tuple(replace(base.releases[2].fields[0], field=field, minimiser="as-is") for field in _FIELDS)
        forms = tuple(replace(it, minimiser="year") if it.field == "charged_on" and at % 2 else it for it in forms)
        clauses.append(replace(base.releases[2], number=at + 1, where=condition, fields=forms))
    return replace(base, releases=tuple(clauses))
