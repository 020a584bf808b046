"""Proving agreements: 1,000 clauses, no two alike, asked every question that is asked before a signature.

Agreements of 200 clauses, the most that one may have, and of ten, as those that are signed have. The clauses of an
agreement are of one record type, each narrowed by a condition of three parts; or of all record types in turn; or of one
type in nested spans of time, so that each two meet and nothing is settled without the solver: the worst that was found.
It is the time of the processor, and reading the files is not in it. There is nothing to measure it against: no peer
answers the question.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from importlib import resources

from bench.rows import Row
from comity.agreements import Agreement, parse_agreement, parse_condition
from comity.agreements.models import And, Condition, FieldRelease, Release
from comity.agreements.parse import MAX_RELEASES
from comity.agreements.prove import compare, prove
from comity.store import Store
from comity.vocabulary import load
from comity.vocabulary.models import FieldType

CLAUSES = 1_000
USUAL = 10  # clauses of an agreement that is signed
ROUNDS = 3
SUSPECT = "suspect"
_FIELDS = ("offence", "severity", "status", "charged_on", "spent")
_VOCABULARY = load()


def run(store: Store) -> list[Row]:
    """Measure; the store is not needed."""
    del store
    shapes = {
        f"of one record type, {MAX_RELEASES} an agreement": list(_agreements(_of_charges, MAX_RELEASES)),
        f"of all record types, {MAX_RELEASES} an agreement": list(_agreements(_of_any, MAX_RELEASES)),
        f"of all record types, {USUAL} an agreement": list(_agreements(_of_any, USUAL)),
        f"of one record type, in nested spans, {MAX_RELEASES} an agreement": list(_agreements(_nested, MAX_RELEASES)),
    }
    prove(next(iter(shapes.values()))[0], _VOCABULARY)  # what is loaded once is loaded
    return [row for shape, agreements in shapes.items() for row in _rows(shape, agreements)]


def _rows(shape: str, agreements: list[Agreement]) -> Iterator[Row]:
    yield _row("prove", f"{CLAUSES:,} clauses {shape}: all that is asked of them", agreements, _alone)
    yield _row("prove against", f"{CLAUSES:,} clauses {shape}, one in each made wider", agreements, _one_widened)
    yield _row("prove against", f"{CLAUSES:,} clauses {shape}, each narrowed", agreements, _each_narrowed)


def _row(name: str, what: str, agreements: list[Agreement], ask: Callable[[Agreement], object]) -> Row:
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for agreement in agreements:
            ask(agreement)
        seconds.append(time.process_time() - start)
    return Row(name, what, 1_000 * statistics.median(seconds), None, "ms", None, "<= 1,000")


def _alone(agreement: Agreement) -> object:
    return prove(agreement, _VOCABULARY)


def _one_widened(agreement: Agreement) -> object:
    first, *others = agreement.releases
    return compare(agreement, replace(agreement, releases=(replace(first, where=None), *others)), _VOCABULARY)


def _each_narrowed(agreement: Agreement) -> object:
    narrower = tuple(replace(each, where=_and(each, f"whose = '{SUSPECT}'")) for each in agreement.releases)
    return compare(agreement, replace(agreement, releases=narrower), _VOCABULARY)


# --- clauses ---------------------------------------------------------------------------------------------------------


def _agreements(clause: Callable[[int], Release], size: int) -> Iterator[Agreement]:
    for first in range(0, CLAUSES, size):
        clauses = (replace(clause(first + at), number=at + 1) for at in range(size))
        yield replace(_base(), releases=tuple(clauses))


def _of_charges(number: int) -> Release:
    at = number % MAX_RELEASES
    where = (
        f"offence_code = 'K{number}' and charged_on within last {at + 1} weeks"
        f" and (not spent or disposed_on >= today - {at % 24 + 1} months)"
    )
    forms = {field: "year" if field == "charged_on" and number % 2 else "as-is" for field in _FIELDS}
    return _clause("charge", where, forms)


def _of_any(number: int) -> Release:
    round_, at = divmod(number, len(_VOCABULARY.record_types))
    record = list(_VOCABULARY.record_types.values())[at]
    plain = [field for field in record.fields if not field.sealed]
    parts = [f"{it.name} = '{it.codes[round_ % len(it.codes)]}'" for it in plain if it.type is FieldType.CODE][:1]
    parts += [f"{it.name} within last {round_ + 1} months" for it in plain if it.type is FieldType.DATE][:1]
    parts += [f"({it.name} != 'x{round_}' or {it.name} is null)" for it in plain if it.type is FieldType.TEXT][:1]
    return _clause(record.name, " and ".join(parts), dict.fromkeys([field.name for field in plain][:4], "as-is"))


def _nested(number: int) -> Release:
    where = f"status = 'filed' and charged_on within last {number + 1} weeks and (not spent or spent is null)"
    return _clause("charge", where, dict.fromkeys(_FIELDS, "as-is"))


def _clause(record: str, where: str, forms: dict[str, str]) -> Release:
    condition = parse_condition(where, _VOCABULARY, record=record)
    return Release(0, record, (), condition, tuple(FieldRelease(*each) for each in forms.items()))


def _and(release: Release, where: str) -> Condition:
    more = parse_condition(where, _VOCABULARY, record=release.record)
    return more if release.where is None else And((release.where, more))


@cache
def _base() -> Agreement:
    text = resources.files("comity.agreements").joinpath("examples/marac-victim-safety.yaml").read_text("utf-8")
    return parse_agreement(text, _VOCABULARY)
