"""The four steps at the governance desk: an assessment, its steps, its questions, and each discipline's signature.

Every form carries the revision that it was made from (:mod:`comity.web.governing.asking`); every signature, that of
what its signer had in sight.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path
from psycopg import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from comity.agreements.assessment import Answer, Step, load_catalogue, write_assessment
from comity.agreements.assessment.diagram import draw_map, map_in_words
from comity.agreements.assessment.draft import ITEM_KEYS as DRAFTED
from comity.agreements.assessment.errors import IncompleteError
from comity.agreements.assessment.merge import Change, Edit
from comity.agreements.assessment.models import PRESENT, is_item
from comity.agreements.assessment.publish import answer_words, publish
from comity.agreements.assessment.steps import moments, risks
from comity.agreements.assessment.store import approve, edit, load_working, sign_step
from comity.agreements.errors import ActRefusedError
from comity.agreements.models import AssessmentReference
from comity.store import Role
from comity.vocabulary.models import Label
from comity.web.access import DISCIPLINES, Desk, desks_of
from comity.web.errors import no_such_page
from comity.web.governing.asking import WITHHELD, Asked, Sent, Table, parties_of, paths_of, read_form
from comity.web.governing.files import Opened, editor, open_assessment
from comity.web.guards import is_stale, refuse_forged
from comity.web.language import language_of, marked
from comity.web.models import Colleague
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Officer = Annotated[Colleague, Depends(admit_colleague)]
Version = Annotated[int, Path(ge=1, le=999_999_999)]
HERE: Final = "/governance/assessments/{name}/{version}"

STALE: Final = Label(
    "This page was open too long, so nothing is saved yet. What you filled in still stands here: save it now",
    "Deze pagina stond te lang open, dus er is nog niets opgeslagen. Wat u invulde staat er nog: sla het nu op",
)
CHANGED: Final = Label(
    "Somebody changed this since you looked. Look at it as it is now, and then sign",
    "Iemand heeft dit gewijzigd sinds u keek. Bekijk het zoals het nu is, en teken dan",
)
NO_PARTY: Final = Label(
    "Your agency is not among the parties, so it cannot sign",
    "Uw organisatie staat niet bij de partijen en kan dus niet tekenen",
)
APPROVED: Final = Label(
    "This assessment is approved, so it stays as it is. Begin its next version",
    "Deze beoordeling is goedgekeurd en blijft dus zoals zij is. Begin een volgende versie",
)
NOTHING: Final = Label("Answer at least one of these questions", "Beantwoord ten minste een van deze vragen")
GONE: Final = Label(
    "This could not be saved as it was sent. Look at what stands here now, and save again",
    "Dit kon niet worden opgeslagen zoals het kwam. Bekijk wat er nu staat en sla het opnieuw op",
)
_REVISION: Final = re.compile(r"[0-9]{1,9}")  # what the column holds
LISTS: Final = {
    "parties": (marked("Parties"), marked("Add a party")),
    "moments": (marked("Moments of sharing"), marked("Add a moment of sharing")),
    "data": (marked("Data that are shared"), marked("Add data that are shared")),
    "bases": (marked("Lawful bases"), marked("Add a lawful basis")),
    "risks": (marked("Risks"), marked("Add a risk")),
    "actions": (marked("Measures"), marked("Add a measure")),
}
"""What several items of a list are called, and the words of the way to one more."""


@router.get(HERE, name="assessment", response_class=HTMLResponse)
async def overview(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Show where an assessment stands: each step, what is missing, whose turn it is."""
    return await _overview(request, await opened(request, name, version, colleague), colleague)


@router.get(HERE + "/file", name="assessment-file")
async def as_file(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Return the working document as a file that can be edited elsewhere and merged back."""
    found = await opened(request, name, version, colleague)
    vocabulary, working = services_of(request).node.vocabulary, found.working
    text = write_assessment(
        working.assessment(), vocabulary, language=language_of(request), revision=working.revision_of_all
    )
    return PlainTextResponse(text, headers=_attached(f"{name}-{version}.yaml"))


@router.get(HERE + "/public", name="assessment-public")
async def as_published(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Return the page for the public, to keep: what is confidential is withheld."""
    found = await opened(request, name, version, colleague)
    language, vocabulary = language_of(request), services_of(request).node.vocabulary
    approved = found.course.progress.approved
    text = publish(found.course.assessment, vocabulary, language, found.labels, approved=approved)
    return HTMLResponse(text, headers=_attached(f"{name}-{version}-{language}.html"))


@router.post(HERE + "/approve", name="assessment-approve")
async def approve_it(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Approve the assessment as the officer saw it, if nothing is open; from then on it stays as it is."""
    await refuse_forged(request)
    services, found = services_of(request), await opened(request, name, version, colleague)
    seen = revision_in(await request.form())

    def run(conn: Connection) -> Label | None:
        reference, at = found.reference, services.clock()
        with conn.transaction():
            approve(conn, reference, services.node.vocabulary, agency=colleague.agency, by=colleague.id, at=at)
            if load_working(conn, reference).revision_of_all != seen:
                raise _MovedError
        return None

    told = NO_PARTY if colleague.agency not in parties_of(found.course.assessment) else None
    told = told or await tried(request, run)
    if told is None:
        return RedirectResponse(f"{found.address}?saved=approved", status_code=303)
    return await _overview(request, await opened(request, name, version, colleague), colleague, told)


@router.get(HERE + "/{step}", name="assessment-step", response_class=HTMLResponse)
async def show_step(request: Request, name: str, version: Version, step: Step, colleague: Officer) -> Response:
    """Show one step: its answers, what is missing, and who has signed it."""
    return await _step_page(request, await opened(request, name, version, colleague), step, colleague)


@router.post(HERE + "/{step}/sign", name="assessment-sign")
async def sign(request: Request, name: str, version: Version, step: Step, colleague: Officer) -> Response:
    """Sign a step for the discipline of the colleague's role, as they saw it."""
    await refuse_forged(request)
    services, found = services_of(request), await opened(request, name, version, colleague)
    seen = revision_in(await request.form())

    def run(conn: Connection) -> Label | None:
        with conn.transaction():
            reference, by = found.reference, editor(colleague)
            sign_step(conn, reference, step, by, services.clock(), services.node.vocabulary)
            if load_working(conn, reference).step_revision(step) > seen:
                raise _MovedError
        return None

    told = NO_PARTY if colleague.agency not in parties_of(found.course.assessment) else None
    told = told or await tried(request, run)
    if told is None:
        return RedirectResponse(f"{found.address}/{step}?saved=signed", status_code=303)
    return await _step_page(request, await opened(request, name, version, colleague), step, colleague, told)


@router.get(HERE + "/{step}/questions", name="assessment-questions", response_class=HTMLResponse)
async def ask(request: Request, name: str, version: Version, step: Step, colleague: Officer) -> Response:
    """Ask what a step asks once."""
    found = await opened(request, name, version, colleague)
    return await _form_page(request, found, step, "", "", None)


@router.post(HERE + "/{step}/questions", name="assessment-questions")
async def answer(request: Request, name: str, version: Version, step: Step, colleague: Officer) -> Response:
    """Keep what was answered, or say what cannot be read; what was typed is never lost."""
    stale = await is_stale(request)
    found = await opened(request, name, version, colleague)
    return await _take(request, found, step, "", "", colleague, stale=stale)


@router.get(HERE + "/{step}/{of}/{item}", name="assessment-item", response_class=HTMLResponse)
async def ask_about_item(
    request: Request, name: str, version: Version, step: Step, of: str, item: str, colleague: Officer
) -> Response:
    """Ask about one item of a list; one that is not there yet is added with its first answers."""
    found = await opened(request, name, version, colleague)
    _refuse_unless_asked(found, step, of, item)
    return await _form_page(request, found, step, of, item, None)


@router.post(HERE + "/{step}/{of}/{item}", name="assessment-item")
async def answer_about_item(
    request: Request, name: str, version: Version, step: Step, of: str, item: str, colleague: Officer
) -> Response:
    """Keep what was answered about an item, and add it if it is new."""
    stale = await is_stale(request)
    found = await opened(request, name, version, colleague)
    _refuse_unless_asked(found, step, of, item)
    return await _take(request, found, step, of, item, colleague, stale=stale)


@router.post(HERE + "/{step}/{of}/{item}/remove", name="assessment-remove")
async def remove(
    request: Request, name: str, version: Version, step: Step, of: str, item: str, colleague: Officer
) -> Response:
    """Take an item away, as it was seen: an answer that somebody gave unseen makes it a conflict."""
    await refuse_forged(request)
    found = await opened(request, name, version, colleague)
    _refuse_unless_asked(found, step, of, item)
    path, seen = f"{of}.{item}", found.working.at(revision_in(await request.form()))
    if load_catalogue().lists[of].step is not step:
        raise no_such_page()
    edits = [Edit(path, None, seen.revision(path))]
    told = await _edited(request, found, edits, colleague)
    if told:
        return await _form_page(request, found, step, of, item, None, told)
    return await _after(request, found, step, edits, colleague)


# --- saving -----------------------------------------------------------------------------------------------------------


async def _take(
    request: Request, found: Opened, step: Step, of: str, item: str, colleague: Colleague, *, stale: bool
) -> Response:
    form, vocabulary, language = await request.form(), services_of(request).node.vocabulary, language_of(request)
    seen = found.table(vocabulary, language, revision_in(form))
    sent = read_form(form, seen, found.table(vocabulary, language), paths_of(found.course.assessment, step, of, item))
    edits = [*_item_edits(form, seen, step, of, item), *sent.edits]
    told = STALE if stale else None
    if (
        of
        and not stale
        and not sent.faults
        and f"{of}.{item}" not in found.course.assessment.answers
        and not sent.edits
    ):
        told = NOTHING
    if sent.faults or told:
        return await _form_page(request, found, step, of, item, sent, told)
    told = await _edited(request, found, edits, colleague)
    if told:
        return await _form_page(request, found, step, of, item, sent, told)
    chosen = next((each for each in sent.edits if each.path == f"data.{item}.record"), None)
    if chosen is not None:  # its fields can be chosen from now on
        address = f"{found.address}/{step}/{of}/{item}?saved=record#data.{item}.fields"
        return RedirectResponse(address, status_code=303)
    return await _after(request, found, step, edits, colleague)


def _item_edits(form: FormData, seen: Table, step: Step, of: str, item: str) -> Iterable[Edit]:
    """Yield what makes an item be there, or be confidential as a whole."""
    path = f"{of}.{item}"
    if not of or load_catalogue().lists[of].step is not step:
        return
    before = seen.working.shown(path)
    after = Answer(PRESENT, confidential=of not in DRAFTED and bool(form.getlist(f"{WITHHELD}{path}")))
    if after != before:
        yield Edit(path, after, seen.working.revision(path))


async def _edited(request: Request, found: Opened, edits: Sequence[Edit], colleague: Colleague) -> Label | None:
    services = services_of(request)
    if found.course.progress.approved:
        return APPROVED

    def run(conn: Connection) -> Label | None:
        edit(conn, found.reference, edits, editor(colleague), services.clock(), services.node.vocabulary)
        return None

    return await tried(request, run) if edits else None


async def _after(request: Request, found: Opened, step: Step, edits: Sequence[Edit], colleague: Colleague) -> Response:
    """Lead on: to what is now in conflict, if it is by these edits; else back to the step."""
    again = await opened(request, found.working.name, found.working.version, colleague)
    touched = {each.path for each in edits} | {each.path.rpartition(".")[0] for each in edits}
    conflict = next((each for each in again.working.conflicts() if each.path in touched), None)
    if conflict is not None:
        return RedirectResponse(f"{again.address}/settle/{conflict.path}", status_code=303)
    return RedirectResponse(f"{again.address}/{step}?saved=answers", status_code=303)


class _MovedError(Exception):
    """What was to be signed is not what the signer had in sight."""


async def tried(request: Request, run: Callable[[Connection], Label | None]) -> Label | None:
    """Return why an act was refused, in words for the page; None if it was done."""
    try:
        return await services_of(request).reading(Role.GOVERNANCE, run)
    except _MovedError:
        return CHANGED
    except IncompleteError as error:
        en, nl = (" ".join(each.label.in_language(it) for each in error.points[:3]) for it in ("en", "nl"))
        return Label(f"Something is still open. {en}", f"Er staat nog iets open. {nl}")
    except ActRefusedError as error:
        return Label(f"{GONE.en}. {error}", f"{GONE.nl}. {error}")


def revision_in(form: FormData) -> int:
    """Return the revision that a form was made from; 0, which has seen nothing, if it does not say one."""
    value = form.get("revision")
    return int(value) if isinstance(value, str) and _REVISION.fullmatch(value) else 0


# --- pages ------------------------------------------------------------------------------------------------------------


async def opened(request: Request, name: str, version: int, colleague: Colleague) -> Opened:
    """Return the assessment of an address, if the colleague's agency has a part in it; no such page, if not."""
    if not is_item(name):
        raise no_such_page()
    services, reference = services_of(request), AssessmentReference(name, version)
    vocabulary, now = services.node.vocabulary, services.now()
    return await services.reading(
        Role.GOVERNANCE, lambda conn: open_assessment(conn, reference, colleague, vocabulary, now)
    )


def framed(request: Request, found: Opened, colleague: Colleague | None = None) -> dict[str, Any]:
    """Return what every page of an assessment says: what it is, and how answers and people are called."""
    vocabulary, language = services_of(request).node.vocabulary, language_of(request)
    table, catalogue = found.table(vocabulary, language), load_catalogue()

    def words(path: str) -> str:
        return answer_words(found.course.assessment, path, vocabulary, language, found.labels)

    def written_by(change: Change) -> str:
        by = change.by
        name = found.people.get(by.staff, by.staff)
        agency = found.labels.get(by.agency, Label(by.agency, by.agency)).in_language(language)
        return f"{name}, {catalogue.disciplines[by.discipline].in_language(language).lower()}, {agency}"

    return {
        "active": "governance",
        "opened": found,
        "course": found.course,
        "catalogue": catalogue,
        "lists": LISTS,
        "table": table,
        "words": words,
        "written_by": written_by,
        "saved": request.query_params.get("saved", ""),
        "written_in": found.course.assessment.text("language") or language,
        "desks": desks_of(colleague),
        "Desk": Desk,
        "me": colleague,
        "discipline": DISCIPLINES.get(colleague.role) if colleague else None,
    }


async def _overview(request: Request, found: Opened, colleague: Colleague, told: Label | None = None) -> Response:
    return await page(request, "assessment.html", 409 if told else 200, told=told, **framed(request, found, colleague))


async def _step_page(
    request: Request, found: Opened, step: Step, colleague: Colleague, told: Label | None = None
) -> Response:
    frame = framed(request, found, colleague)
    table: Table = frame["table"]
    catalogue, assessment = load_catalogue(), found.course.assessment
    groups = [
        (of, [(it, table.item_name(of, it), table.ask(paths_of(assessment, step, of, it))) for it in items])
        for of, items in ((of, assessment.items(of)) for of in catalogue.lists if catalogue.asked(step, of))
    ]
    return await page(
        request,
        "assessment-step.html",
        409 if told else 200,
        told=told,
        view=found.course.step(step),
        once=table.ask(paths_of(assessment, step)),
        groups=groups,
        new_items={of: _new_item(assessment.items(of)) for of, _ in groups},
        risks=risks(assessment),
        party=colleague.agency in parties_of(assessment),
        following=next((each for each in found.course.steps if _after_that(each.step, step)), None),
        **_drawn(request, found),
        **frame,
    )


async def _form_page(
    request: Request, found: Opened, step: Step, of: str, item: str, sent: Sent | None, told: Label | None = None
) -> Response:
    frame = framed(request, found)
    table: Table = frame["table"]
    form, path = (await request.form()) if request.method == "POST" else FormData(), f"{of}.{item}"
    answers = found.course.assessment.answers
    asked: Sequence[Asked] = sent.asked if sent else table.ask(paths_of(found.course.assessment, step, of, item))
    return await page(
        request,
        "assessment-form.html",
        400 if sent or told else 200,
        told=told,
        view=found.course.step(step),
        of=of,
        item=item,
        path=path,
        there=path in answers,
        own=bool(of) and load_catalogue().lists[of].step is step,
        may_withhold=of in ("risks", "actions"),
        withheld=bool(form.getlist(f"{WITHHELD}{path}")) if sent else path in answers and answers[path].confidential,
        asked=asked,
        faults=sent.faults if sent else {},
        # A form that is shown again is still made from what its author saw.
        revision=revision_in(form) if sent else found.working.revision_of_all,
        **_drawn(request, found),
        **frame,
    )


def _drawn(request: Request, found: Opened) -> dict[str, Any]:
    """Return the process map, drawn from the answers as they stand, and what stands in its table."""
    assessment, language = found.course.assessment, language_of(request)
    return {
        "drawing": draw_map(assessment, found.labels, language),
        "in_words": map_in_words(assessment, found.labels),
        "moments": moments(assessment),
    }


def _after_that(step: Step, before: Step) -> bool:
    steps = list(Step)
    return steps.index(step) == steps.index(before) + 1


def _new_item(items: Sequence[str]) -> str:
    """Return an id that nobody else has, also if two people add an item in the same moment."""
    return f"{len(items) + 1}-{secrets.token_hex(4)}"


def _refuse_unless_asked(found: Opened, step: Step, of: str, item: str) -> None:
    """Raise no such page unless a step asks about such an item."""
    known = of in load_catalogue().lists and is_item(item) and load_catalogue().asked(step, of)
    if not known:
        raise no_such_page()
    if load_catalogue().lists[of].step is not step and f"{of}.{item}" not in found.course.assessment.answers:
        raise no_such_page()


def _attached(name: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}"'}
