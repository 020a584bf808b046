"""Statistics, for the analyst: choose what to count and by what, and see the numbers with their bounds."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response

from comity.agreements.models import Agreement
from comity.gate import Refusal, Request
from comity.gate.errors import GateError
from comity.gate.models import Category, Measure, Quantity, Statistic
from comity.gate.statistics import spelling
from comity.gate.statistics.ask import Answer, ask, budget_left
from comity.gate.statistics.models import Told
from comity.gate.statistics.offers import OfferedMeasure, Offers, offers
from comity.gate.statistics.words import (
    axis_words,
    category_words,
    kept_words,
    measure_words,
    measured,
    value_words,
)
from comity.store import Role
from comity.vocabulary.models import Label, Vocabulary
from comity.web.agreeing import open_to
from comity.web.chart import Bar, chart
from comity.web.guards import refuse_forged
from comity.web.language import language_of, marked
from comity.web.models import Colleague
from comity.web.render import page
from comity.web.services import services_of
from comity.web.typed import Typed
from comity.web.visitors import admit_colleague

router = APIRouter()

MAX_TEXT: Final = 2_000
DIMENSIONS: Final = (1, 2, 3)
_FIELDS: Final = (
    "agreement", "measure", "low", "high", "only", "only_values", "epsilon", "anew", "case_reference", "justification",
    *(f"{name}{at}" for name in ("by", "values") for at in DIMENSIONS),
)  # fmt: skip


@router.get("/statistics", name="statistics", response_class=HTMLResponse)
async def choose(
    request: HttpRequest, colleague: Annotated[Colleague, Depends(admit_colleague)], agreement: str = ""
) -> Response:
    """Show the agreements under which statistics may be made, and the form for one of them."""
    return await _page(request, colleague, Typed({"agreement": agreement[:MAX_TEXT]}))


@router.post("/statistics", name="statistics")
async def count(request: HttpRequest, colleague: Annotated[Colleague, Depends(admit_colleague)]) -> Response:
    """Ask for what was filled in, or say what is wrong with it."""
    await refuse_forged(request)
    typed = _typed(await request.form())
    agreement = _chosen(await _agreements(request, colleague), typed)
    if agreement is None:
        return await _page(request, colleague, Typed(typed.values, {"agreement": marked("Choose an agreement")}), 400)
    asks = _asked(typed, agreement)
    if not isinstance(asks, Statistic):
        return await _page(request, colleague, Typed(typed.values, asks), 400)
    services = services_of(request)
    asked = Request(
        asks, agreement.name, agreement.purpose, colleague.requester, typed["case_reference"], typed["justification"]
    )
    async with services.as_role(Role.GATE) as conn:
        answer = await ask(conn, asked, services.now(), vocabulary=services.node.vocabulary, keyring=services.keyring)
    return await _page(request, colleague, typed, answer=answer)


# --- what was filled in ----------------------------------------------------------------------------------------------


def _typed(form: FormData) -> Typed:
    sent = {name: form.get(name) for name in _FIELDS}
    return Typed({name: it.strip()[:MAX_TEXT] for name, it in sent.items() if isinstance(it, str)})


def _asked(typed: Typed, agreement: Agreement) -> Statistic | dict[str, str]:
    """Return the statistic that was filled in, or what is wrong, each beside its field."""
    faults = {name: _MISSING[name] for name in agreement.requesters.must_state if name in _MISSING and not typed[name]}
    measure = _measure(typed["measure"])
    if measure is None:
        return {**faults, "measure": marked("Choose what to count")}
    quantity = None
    if measure.field:
        try:
            quantity = Quantity(measure.field, int(typed["low"]), int(typed["high"]), measure.since)
        except ValueError:  # what is no number, and what bounds nothing
            faults["low"] = marked("Enter the lowest and the highest value that can count, as whole numbers")
    by = [_category(typed, f"by{at}", f"values{at}", faults) for at in DIMENSIONS]
    only = _category(typed, "only", "only_values", faults)
    if only and not only.values and "only" not in faults:
        faults["only"] = marked("Name the values to keep to")
    try:
        epsilon = spelling.epsilon(typed["epsilon"])
    except GateError:
        faults["epsilon"], epsilon = _NO_NUMBER, None
    if faults:
        return faults
    categories = tuple(it for it in by if it)
    try:
        return Statistic(
            measure.record, measure.measure, quantity, categories, (only,) if only else (), epsilon, bool(typed["anew"])
        )
    except GateError:
        twice = len({(it.record, it.field) for it in categories}) < len(categories)
        return {"by1": marked("Count by each field once")} if twice else {"epsilon": _NO_NUMBER}


_MISSING: Final = {
    "case_reference": marked("Enter the case that this is about"),
    "justification": marked("Say why you need this"),
}
_NO_NUMBER: Final = marked("Enter a number such as 0.1, or leave this empty")


def _measure(text: str) -> OfferedMeasure | None:
    parts = text.split("|")
    if len(parts) not in (2, 4) or parts[0] not in list(Measure):
        return None
    named, since = (parts[2], parts[3] or None) if len(parts) > 2 else (None, None)  # noqa: PLR2004  (a field follows)
    return OfferedMeasure(Measure(parts[0]), parts[1], named or None, since)


def _category(typed: Typed, name: str, values: str, faults: dict[str, str]) -> Category | None:
    if not typed[name]:
        return None
    try:
        return spelling.category(f"{typed[name]}={typed[values]}" if typed[values] else typed[name])
    except GateError:
        faults[name] = marked("Name the values with commas between, or a range such as 2024..2026")
        return None


# --- the page --------------------------------------------------------------------------------------------------------


async def _agreements(request: HttpRequest, colleague: Colleague) -> tuple[Agreement, ...]:
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await open_to(conn, colleague, services.node.vocabulary, services.now())
    return tuple(it for it in found if it.statistics is not None)


def _chosen(agreements: tuple[Agreement, ...], typed: Typed) -> Agreement | None:
    named = next((it for it in agreements if it.name == typed["agreement"]), None)
    return named or (agreements[0] if len(agreements) == 1 and not typed["agreement"] else None)


async def _page(
    request: HttpRequest, colleague: Colleague, typed: Typed, status: int = 200, answer: Answer | None = None
) -> Response:
    services, language = services_of(request), language_of(request)
    words, agreements = services.node.vocabulary, await _agreements(request, colleague)
    agreement = _chosen(agreements, typed)
    budget = None
    if agreement is not None:
        async with services.as_role(Role.GATE) as conn:
            budget = await budget_left(conn, agreement, services.now())
    offered = offers(agreement, words) if agreement else None
    shown: dict[str, Any] = {
        "agreements": agreements,
        "agreement": agreement,
        "typed": typed.values,
        "faults": typed.faults,
        "measures": _measures(offered, words, language),
        "categories": _categories(offered, words, language),
        "budget": budget,
        "refusal": answer if isinstance(answer, Refusal) else None,
        "told": answer if isinstance(answer, Told) else None,
        "result": _result(answer, words, language) if isinstance(answer, Told) else None,
        "dimensions": DIMENSIONS,
    }
    return await page(request, "statistics.html", status, active="statistics", **shown)


def _measures(offered: Offers | None, words: Vocabulary, language: str) -> list[tuple[str, str]]:
    def of(it: OfferedMeasure) -> tuple[str, str]:
        quantity = (it.field, it.since) if it.field else None
        value = "|".join([it.measure.value, it.record, *([it.field, it.since or ""] if it.field else [])])
        return value, measure_words(it.measure, it.record, quantity, words).in_language(language)

    return [of(it) for it in offered.measures] if offered else []


def _categories(offered: Offers | None, words: Vocabulary, language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the categories to choose from, by the record that they are of."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for it in offered.categories if offered else ():
        said = category_words(it.record, it.field, it.form, words).in_language(language)
        group = words.record_type(it.record).plural.in_language(language)
        groups.setdefault(group, []).append((f"{it.record}.{it.field}:{it.form}", f"{said} *" if it.named else said))
    return list(groups.items())


def _result(told: Told, words: Vocabulary, language: str) -> dict[str, Any]:
    """Return what is shown of an answer, in one language."""
    numbers = told.numbers

    def say(label: Label) -> str:
        return label.in_language(language)

    rows = [
        ([say(value_words(axis, value, words)) for axis, value in zip(numbers.axes, it.values, strict=True)], it)
        for it in numbers.figures
    ]
    kept, title = kept_words(numbers, words), say(measured(numbers, words))
    bars = [Bar(", ".join(names), it.number, it.low, it.high) for names, it in rows if names]
    description = say(_DESCRIPTION)
    return {
        "title": title,
        "kept": say(kept) if kept else "",
        "heading": [say(axis_words(it, words)) for it in numbers.axes],
        "rows": rows,
        "chart": chart(bars, title, description),
    }


_DESCRIPTION: Final = Label(
    "A bar for each line of the table, and across its end a line between the bounds.",
    "Een balk voor elke regel van de tabel, en dwars op het eind een lijn tussen de grenzen.",
)
