"""Where two people answered one question without seeing each other's words: both are shown, and a person settles it.

Beside it the history of one answer: who wrote what, when, as which discipline.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path
from psycopg import Connection
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.agreements.assessment import Answer, Assessment, load_catalogue
from comity.agreements.assessment.check import well_formed
from comity.agreements.assessment.merge import Conflict, Edit
from comity.agreements.assessment.models import PRESENT, Kind, Question
from comity.agreements.assessment.publish import answer_words
from comity.agreements.assessment.store import edit
from comity.vocabulary.models import Label
from comity.web.errors import no_such_page
from comity.web.governing.files import Opened, editor
from comity.web.governing.reading import read_answer
from comity.web.guards import is_stale
from comity.web.language import language_of
from comity.web.models import Colleague
from comity.web.pages.assessing import HERE, STALE, framed, opened, revision_in, tried
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Officer = Annotated[Colleague, Depends(admit_colleague)]
Version = Annotated[int, Path(ge=1, le=999_999_999)]

OWN: Final = "own"  # the choice to write another answer than any of the sides
CHOOSE: Final = Label("Choose which answer is to stand", "Kies welk antwoord moet blijven staan")
WRITE: Final = Label("Write the answer that is to stand", "Schrijf het antwoord dat moet blijven staan")
SINCE: Final = Label(
    "Somebody wrote here since you looked. Look at all of the answers, and choose again",
    "Iemand heeft hier geschreven sinds u keek. Bekijk alle antwoorden en kies opnieuw",
)


@router.get(HERE + "/settle/{path}", name="assessment-settle", response_class=HTMLResponse)
async def conflict(request: Request, name: str, version: Version, path: str, colleague: Officer) -> Response:
    """Show the sides of a conflict beside one another."""
    found = await opened(request, name, version, colleague)
    return await _page(request, found, path)


@router.post(HERE + "/settle/{path}", name="assessment-settle")
async def settle(request: Request, name: str, version: Version, path: str, colleague: Officer) -> Response:
    """Let one of the sides stand, or another answer; only by whom has all of the sides in sight."""
    stale = await is_stale(request)
    found, form = await opened(request, name, version, colleague), await request.form()
    sides = found.working.conflict_at(path)
    if sides is None:
        return _back(found, path)
    if stale:
        return await _page(request, found, path, STALE, form)
    if revision_in(form) != found.working.revision(path):
        return await _page(request, found, path, SINCE, form)
    after, fault = _chosen(form, sides, found, request)
    if fault is not None:
        return await _page(request, found, path, fault, form)
    services, chosen = services_of(request), Edit(path, after, revision_in(form), resolves=True)

    def run(conn: Connection) -> Label | None:
        edit(conn, found.reference, [chosen], editor(colleague), services.clock(), services.node.vocabulary)
        return None

    told = await tried(request, run)
    if told is not None:
        return await _page(request, await opened(request, name, version, colleague), path, SINCE, form)
    return _back(found, path)


@router.get(HERE + "/history/{path}", name="assessment-history", response_class=HTMLResponse)
async def history(request: Request, name: str, version: Version, path: str, colleague: Officer) -> Response:
    """Show who wrote what at one question, and when."""
    found = await opened(request, name, version, colleague)
    question = load_catalogue().question_at(path)
    changes = found.working.history(path)
    if question is None or not changes:
        raise no_such_page()
    lines = [(change, _said(request, found, path, change.after)) for change in reversed(changes)]
    return await page(
        request,
        "assessment-history.html",
        question=question,
        path=path,
        step=load_catalogue().step_of(path),
        lines=lines,
        about=_about(request, found, path),
        **framed(request, found),
    )


async def _page(
    request: Request, found: Opened, path: str, told: Label | None = None, form: FormData | None = None
) -> Response:
    if not well_formed(path):
        raise no_such_page()
    sides = found.working.conflict_at(path)
    if sides is None:
        return _back(found, path)
    question = load_catalogue().question_at(path)
    item = load_catalogue().list_at(path)
    typed = form.get("text") if form else None
    return await page(
        request,
        "assessment-settle.html",
        400 if told else 200,
        told=told,
        path=path,
        step=load_catalogue().step_of(path),
        question=question,
        sides=[(side, _said(request, found, side.path, side.after)) for side in sides.sides],
        removal=item is not None,
        in_own_words=question is not None and question.kind in (Kind.LINE, Kind.TEXT, Kind.CONDITION),
        typed=typed if isinstance(typed, str) else _together(sides, question),
        chosen=form.get("take", "") if form else "",
        revision=found.working.revision(path),
        about=_about(request, found, path),
        **framed(request, found),
    )


def _together(sides: Conflict, question: Question | None) -> str:
    """Return what there is to begin another answer with: all sides of a text, one of what stands on a line."""
    said = [each.after.text for each in sides.sides if each.after]
    whole = question is not None and question.kind is Kind.TEXT
    return "\n\n".join(dict.fromkeys(said)) if whole else "".join(said[:1])


def _chosen(form: FormData, sides: Conflict, found: Opened, request: Request) -> tuple[Answer | None, Label | None]:
    """Return the answer that is to stand (None: nothing is), or what is wrong with the choice."""
    take, question = form.get("take"), load_catalogue().question_at(sides.path)
    if question is not None and take == OWN:
        return _written(form, question, sides, found, request)
    side = next((each for each in sides.sides if take == str(each.number)), None)
    if side is None:
        return None, CHOOSE
    return (side.after if side.path == sides.path else Answer(PRESENT)), None


def _written(
    form: FormData, question: Question, sides: Conflict, found: Opened, request: Request
) -> tuple[Answer | None, Label | None]:
    typed = form.get("text")
    record = found.course.assessment.text(f"{sides.path.rpartition('.')[0]}.record")
    text = typed if isinstance(typed, str) else ""
    read = read_answer(question, [text], [], services_of(request).node.vocabulary, record)
    if read.answer is None:
        return None, read.fault or WRITE
    # What one of them kept from the public stays so: a merged text may hold it.
    withheld = any(each.after.confidential for each in sides.sides if each.after)
    return Answer(read.answer.value, withheld), None


def _said(request: Request, found: Opened, path: str, answer: Answer | None) -> str:
    """Return an answer of the past in words, beside what is answered about the same item now."""
    if answer is None:
        return ""
    now = found.course.assessment
    then = Assessment(now.name, now.version, {**now.answers, path: answer})
    vocabulary = services_of(request).node.vocabulary
    return answer_words(then, path, vocabulary, language_of(request), found.labels)


def _about(request: Request, found: Opened, path: str) -> Label | None:
    """Return what the item is called that a path is about; None for what is asked once."""
    if "." not in path:
        return None
    of, item, *_ = path.split(".")
    return found.table(services_of(request).node.vocabulary, language_of(request)).item_name(of, item)


def _back(found: Opened, path: str) -> Response:
    step = load_catalogue().step_of(path)
    if step is None:
        raise no_such_page()
    return RedirectResponse(f"{found.address}/{step}?saved=settled", status_code=303)
