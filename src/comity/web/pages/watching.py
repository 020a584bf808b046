"""For the data steward: how good linking is, which models there are, and samples of links to look at.

Counts and shares, and ids where an example is named. A sampled pair is shown as the gate lets it out, under the
agreement for who is who, and without its weight. Under that agreement alone a model is put in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from markupsafe import Markup
from psycopg import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.gate.partings import tell_partings
from comity.intake import retraining, watching
from comity.intake.deciding import MAX_REASON, NOT_THERE
from comity.intake.retraining import Example, KeptModel, UnknownModelError
from comity.intake.watching import AGES, SAID, Drifted, Quality, UnknownSampleError
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.beside import agreed, beside
from comity.web.chart import Bar, chart
from comity.web.errors import in_force_already, no_such_page, unusable
from comity.web.guards import refuse_forged
from comity.web.language import language_of, marked
from comity.web.models import Colleague
from comity.web.pages.identifying import LIMITS, faults_in, names_of, plain
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Steward = Annotated[Colleague, Depends(admit_colleague)]

SAMPLE: Final = 200  # links: fifty of each stratum
_GROUPS: Final = (1, 2, 3, 4, 5, 6, 11, 21, 51, 101)  # records of a person from which a line of the table begins
_BITS: Final = (-2, 2, 6, 10, 14, 18, 22, 26, 61)  # of weight from which a line of the table begins
_BANDS: Final = {"linked": marked("Near enough to link"), "needs a person": marked("For a person to say")}
_DRIFTS: Final = {
    Drifted.TOO_FEW: marked("Too few pairs were scored since to say whether weights have moved."),
    Drifted.LITTLE: marked("Pairs scored since are spread as those of training were: nothing to do."),
    Drifted.SOME: marked("Pairs scored since are spread somewhat otherwise: look at what sources changed."),
    Drifted.MUCH: marked(
        "Pairs scored since are spread much otherwise: look at what sources changed, then train anew."
    ),
}
_CHANGES: Final = {
    "joined": marked("would be one person"),
    "parted": marked("would be two persons"),
    "asked": marked("a person would be asked"),
    "unasked": marked("nobody would be asked any more"),
    "judged": marked("the model disagrees with the decision, which stands"),
}
_ANSWERS: Final = {
    "same": marked("One human being"),
    "different": marked("Two human beings"),
    "cannot tell": marked("I cannot tell"),
}
_SIZES = Label("Persons by number of records", "Personen naar aantal registraties")
_WEIGHTS = Label("Pairs by weight", "Paren naar gewicht")
_DESCRIPTION = Label("A bar for each line of the table.", "Een balk voor elke regel van de tabel.")


@router.get("/linking", name="linking", response_class=HTMLResponse)
async def quality(request: Request, colleague: Steward) -> Response:
    """Show how good linking is now."""
    del colleague
    services, language = services_of(request), language_of(request)
    now = services.now()

    def read(conn: Connection) -> tuple[Quality, list[KeptModel]]:
        return watching.quality(conn, now), retraining.models(conn)

    found, models = await services.reading(Role.INTAKE, read)
    sizes, weights = _sizes(found.sizes), _weights(found)
    return await page(
        request,
        "linking.html",
        active="linking",
        found=found,
        models=models,
        bands=_BANDS,
        limits=LIMITS,
        drifts=_DRIFTS,
        ages=AGES,
        answers=_ANSWERS,
        sizes=sizes,
        sizes_chart=_chart([(_span(low, high), n) for low, high, n in sizes], _SIZES, language, "sizes"),
        weights=weights,
        weights_chart=_chart(
            [(_span(low, high), then) for low, high, then, _ in weights], _WEIGHTS, language, "weights"
        ),
    )


@router.get("/linking/models/{version}", name="linking-model", response_class=HTMLResponse)
async def model(request: Request, version: str, colleague: Steward) -> Response:
    """Show a model: what it was measured at, what it would change, and how it is put in force."""
    return await _model(request, colleague, version)


@router.post("/linking/models/{version}", name="linking-model")
async def apply(request: Request, version: str, colleague: Steward, reason: Annotated[str, Form()] = "") -> Response:
    """Put a model in force, and link everybody by it: the answer comes when that is done.

    A browser that goes away stops nothing; a node that does leaves everything as it was.
    """
    await refuse_forged(request)
    if await agreed(request, colleague) is None:
        raise no_such_page()
    if faults := faults_in(reason):
        return await _model(request, colleague, version, 400, faults=faults, reason=reason)
    services, by, why = services_of(request), colleague.id, plain(reason)
    if version not in {each.version for each in await services.reading(Role.INTAKE, retraining.models)}:
        raise no_such_page()
    try:
        await services.reading(
            Role.INTAKE, lambda conn: retraining.apply(conn, version, services.now(), by=by, reason=why)
        )
    except UnknownModelError:
        raise in_force_already() from None
    async with services.as_role(Role.GATE) as conn:
        await tell_partings(conn, services.now())
    return RedirectResponse(f"/linking/models/{quote(version)}", status_code=303)


async def _model(
    request: Request,
    colleague: Colleague,
    version: str,
    status: int = 200,
    *,
    faults: Mapping[str, str] | None = None,
    reason: str = "",
) -> Response:
    services = services_of(request)

    def read(conn: Connection) -> tuple[KeptModel, list[Example]] | None:
        try:
            found = retraining.named(conn, version)
        except UnknownModelError:
            return None
        return (found, retraining.examples_of(conn, version)) if found.version == version else None

    found = await services.reading(Role.INTAKE, read)
    if found is None:
        raise no_such_page()
    kept, examples = found
    return await page(
        request,
        "linking-model.html",
        status,
        active="linking",
        model=kept,
        examples=examples,
        changes=_CHANGES,
        bands=_BANDS,
        agreement=await agreed(request, colleague),
        names=await names_of(services),
        faults=faults or {},
        reason=reason,
        most=MAX_REASON,
    )


@router.post("/linking/samples", name="linking-draw")
async def draw(request: Request, colleague: Steward) -> Response:
    """Draw a sample of links to look at."""
    await refuse_forged(request)
    now = services_of(request).now()
    sample = await services_of(request).reading(
        Role.INTAKE, lambda conn: watching.draw(conn, SAMPLE, now, by=colleague.id)
    )
    return RedirectResponse(f"/linking/samples/{sample}", status_code=303)


@router.get("/linking/samples/{sample}", name="linking-sample", response_class=HTMLResponse)
async def look(request: Request, sample: UUID, colleague: Steward) -> Response:
    """Show the next pair of a sample side by side, as the gate lets it out, without its score: that is a disclosure."""
    try:
        found, pair = await services_of(request).reading(
            Role.INTAKE, lambda conn: (watching.of(conn, sample), watching.next_of(conn, sample))
        )
    except UnknownSampleError:
        raise no_such_page() from None
    agreement = await agreed(request, colleague) if pair else None
    shown = None
    if pair and agreement:
        with suppress(*NOT_THERE):
            shown = await beside(request, colleague, agreement, (pair.a, pair.b))
    return await page(
        request,
        "linking-sample.html",
        active="linking",
        sample=found,
        pair=pair,
        beside=shown,
        agreement=agreement,
        answers=_ANSWERS,
    )


@router.post("/linking/samples/{sample}", name="linking-answer")
async def answer(
    request: Request,
    sample: UUID,
    colleague: Steward,
    place: Annotated[int, Form(ge=1)] = 0,
    said: Annotated[str, Form()] = "",
) -> Response:
    """Keep what the steward says of a pair."""
    await refuse_forged(request)
    if said not in SAID:
        raise unusable(Label("Choose one of the answers", "Kies een van de antwoorden"))
    now = services_of(request).now()
    try:
        await services_of(request).reading(
            Role.INTAKE, lambda conn: watching.answer(conn, sample, place, said, now, by=colleague.id)
        )
    except UnknownSampleError:
        raise no_such_page() from None
    return RedirectResponse(f"/linking/samples/{sample}", status_code=303)


def _sizes(sizes: Mapping[int, int]) -> list[tuple[int, int | None, int]]:
    """Return how many persons have how many records: from, up to (None: no bound), how many."""
    ends = [*(start - 1 for start in _GROUPS[1:]), None]
    lines = [
        (start, end, sum(n for size, n in sizes.items() if start <= size and (end is None or size <= end)))
        for start, end in zip(_GROUPS, ends, strict=True)
    ]
    while lines and not lines[-1][2]:
        lines.pop()
    return lines


def _weights(found: Quality) -> list[tuple[int, int, float, float | None]]:
    """Return how pairs are spread over weights: from, below, the share when the model was trained, the share since."""
    if found.drift and found.drift.bins:
        return [(each.low, each.high, each.then, each.now) for each in found.drift.bins]
    bits = found.evaluation.bits if found.evaluation else {}
    kept = sum(n for bit, n in bits.items() if bit >= _BITS[0])
    if not kept:
        return []
    lines = [(low, high, sum(n for bit, n in bits.items() if low <= bit < high)) for low, high in pairwise(_BITS)]
    return [(low, high, n / kept, None) for low, high, n in lines]


def _span(low: int, high: int | None) -> str:
    return f"{low}" if low == high else f"{low}+" if high is None else f"{low} … {high}"


def _chart(lines: Sequence[tuple[str, float]], title: Label, language: str, name: str) -> Markup:
    bars = [Bar(label, number, number, number) for label, number in lines]
    return chart(bars, title.in_language(language), _DESCRIPTION.in_language(language), name)
