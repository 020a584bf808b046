"""An agreement at the governance desk: drafted, proposed, signed by its parties, in force, and stopped again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from psycopg import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from comity.agreements.assessment.models import is_item
from comity.agreements.canonical import canonical
from comity.agreements.confirming import Confirming, Kept, Stale, kept_impact, latest_impact, sign_confirmed
from comity.agreements.errors import ActRefusedError, ContradictionError, ImmutableError, SignatureError
from comity.agreements.models import Act, Agreement, Event, Fault
from comity.agreements.reading import hidden
from comity.agreements.sign import message
from comity.agreements.sign import sign as signature_of
from comity.agreements.store import act_upon, add_signature, propose
from comity.agreements.words import agreement_words
from comity.gate.impact import Impact, Weigh, impact_words, take_impact
from comity.gate.impact.words import banded_lines, banded_words, newly_visible
from comity.store import Role, load_queries
from comity.vocabulary.models import Label
from comity.web.access import Desk, desks_of
from comity.web.errors import no_such_page
from comity.web.governing.concluding import (
    Governed,
    Hold,
    Proof,
    digest_of,
    held_key,
    hold_of,
    load_governed,
    parsed,
    proof_of,
    signature_in,
)
from comity.web.guards import is_stale, refuse_forged
from comity.web.models import Colleague
from comity.web.pages.assessing import STALE
from comity.web.render import page
from comity.web.services import services_of
from comity.web.visitors import admit_colleague

router = APIRouter()
Officer = Annotated[Colleague, Depends(admit_colleague)]
Version = Annotated[int, Path(ge=1, le=999_999_999)]
HERE: Final = "/governance/agreements/{name}/{version}"
MAX_REASON: Final = 500  # characters: a reason is a sentence or two
MAX_FILE: Final = 1_000_000  # bytes: the longest agreement that is allowed is far below it
_QUERIES: Final = load_queries("comity.web")

OTHER_TEXT: Final = Label(
    "Somebody proposed another text since you looked. What you wrote is kept below; look at theirs before you propose",
    "Iemand heeft een andere tekst voorgesteld sinds u keek. Wat u schreef staat hieronder; bekijk eerst de hunne",
)
OTHER_NAME: Final = Label(
    "The file names another agreement or version. Leave the first lines as they were",
    "Het bestand noemt een andere overeenkomst of versie. Laat de eerste regels zoals ze waren",
)
NO_FILE: Final = Label(
    "Choose a file with the text of an agreement: YAML, in UTF-8, of at most 1 MB",
    "Kies een bestand met de tekst van een overeenkomst: YAML, in UTF-8, van ten hoogste 1 MB",
)
SIGNED: Final = Label(
    "A party has signed, so the text stays as it is", "Een partij heeft getekend, dus de tekst blijft zoals zij is"
)
NOT_ASSESSED: Final = Label("The impact assessment is not approved yet", "De effectbeoordeling is nog niet goedgekeurd")
FAULTY: Final = Label("The file has mistakes", "Het bestand bevat fouten")
CONFIRM: Final = Label("Confirm that you have read what will leave", "Bevestig dat u hebt gelezen wat eruit gaat")
MOVED: Final = Label(
    "The text changed since you looked. Read it as it is now, and then sign",
    "De tekst is gewijzigd sinds u keek. Lees de tekst zoals die nu is, en teken dan",
)
NOT_COUNTED: Final = Label(
    "Count on today's records what would newly be visible, and read it, before you sign",
    "Tel in de dossiers van vandaag wat nieuw zichtbaar zou zijn, en lees het, voordat u tekent",
)
NO_KEY: Final = Label(
    "This node does not hold the key that is pinned for your agency",
    "Deze node heeft niet de sleutel die voor uw organisatie is vastgelegd",
)
NO_SIGNATURE: Final = Label(
    "Choose the file with the signature: 64 bytes, or these in base64",
    "Kies het bestand met de ondertekening: 64 bytes, of die in base64",
)
NOT_THEIRS: Final = Label(
    "This is not that party's signature under this text, with the key that is pinned for it; or it has signed already",
    "Dit is niet de ondertekening van die partij onder deze tekst, met de vastgelegde sleutel; of zij tekende al",
)
CONTRADICTS: Final = Label(
    "The text contradicts itself, so it cannot be signed. What was found stands below; mend it and propose it anew",
    "De tekst spreekt zichzelf tegen en kan dus niet worden getekend. Herstel wat hieronder staat en stel opnieuw voor",
)
NO_REASON: Final = Label("Say why, for the other parties", "Zeg waarom, voor de andere partijen")
LONG_REASON: Final = Label(
    f"Say why in at most {MAX_REASON} characters, without characters that nobody can see",
    f"Zeg waarom in ten hoogste {MAX_REASON} tekens, zonder tekens die niemand kan zien",
)
FOR_EVER: Final = Label("Confirm that it ends for ever", "Bevestig dat zij voorgoed eindigt")
NO_SENSE: Final = Label(
    "This cannot be done to the agreement as it stands", "Dit kan niet met de overeenkomst zoals zij er nu voor staat"
)


@dataclass(frozen=True, slots=True)
class Counted:
    """What would newly be visible, as it is shown where somebody signs: in words, with the digest that is confirmed."""

    digest: str
    sentences: Sequence[Label]


@router.get(HERE, name="governed", response_class=HTMLResponse)
async def show(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Show an agreement in words, what was found of it, who signed, and what can be done next."""
    return await _page(request, await _load(request, name, version, colleague), colleague, {})


@router.get(HERE + "/file", name="governed-file", response_class=HTMLResponse)
async def show_file(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Show the agreement's file beside its words."""
    found = await _load(request, name, version, colleague)
    return await _file_page(request, found, colleague, found.text, found.agreement)


@router.post(HERE + "/file", name="governed-propose")
async def check_or_propose(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Check a file, or propose it: the mistakes are shown with their places, and what was typed stays."""
    stale = await is_stale(request)
    found, form = await _load(request, name, version, colleague), await request.form()
    brought = await _brought(form) if form.get("do") == "upload" else None
    text = (_text(form, "text") if brought is None else brought).replace("\r\n", "\n")
    if form.get("do") == "upload" and brought is None:
        return await _file_page(request, found, colleague, text, None, (), NO_FILE)
    vocabulary = services_of(request).node.vocabulary
    agreement, faults = await run_in_threadpool(parsed, text, vocabulary, found.parties)
    told = STALE if stale else FAULTY if faults else None
    if agreement is not None and (agreement.name, agreement.version) != (name, version):
        told = told or OTHER_NAME
    if form.get("do") != "propose" or told:
        return await _file_page(request, found, colleague, text, agreement, faults, told)
    told = NOT_ASSESSED if not found.assessed else await _propose(request, found, text, _text(form, "seen"))
    if told:
        again = await _load(request, name, version, colleague)
        return await _file_page(request, again, colleague, text, agreement, (), told)
    return RedirectResponse(f"{found.address}?saved=proposed", status_code=303)


@router.get(HERE + "/to-sign/{agency}", name="governed-to-sign")
async def to_sign(request: Request, name: str, version: Version, agency: str, colleague: Officer) -> Response:
    """Return the bytes that a party signs elsewhere, with its own key and its own tool."""
    found = await _load(request, name, version, colleague)
    if found.kept is None or found.agreement is None or agency not in found.agreement.parties:
        raise no_such_page()
    data = message(canonical(found.agreement), agency, name, version)
    headers = {"content-disposition": f'attachment; filename="{name}-{version}-{agency}.to-sign"'}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post(HERE + "/impact", name="governed-impact")
async def count(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Count on today's records what the version would do, and show it where it is confirmed."""
    await refuse_forged(request)
    found = await _load(request, name, version, colleague)
    if found.kept is None:
        raise no_such_page()
    services = services_of(request)
    weigh, vocabulary = Weigh(name, version, None, colleague.requester), services.node.vocabulary
    async with services.as_role(Role.GATE) as conn:
        taken = await take_impact(conn, weigh, services.now(), vocabulary=vocabulary, keyring=services.keyring)
    if not isinstance(taken, Impact):
        raise no_such_page()
    names = {each.agency: each.label for each in found.parties}
    sentences = [it.text for it in newly_visible(impact_words(taken, vocabulary, names))]
    return await _page(request, found, colleague, {}, counted=Counted(taken.digest.hex(), sentences))


@router.get(HERE + "/impact/{impact}", name="governed-impact-kept", response_class=HTMLResponse)
async def show_impact(request: Request, name: str, version: Version, impact: UUID, colleague: Officer) -> Response:
    """Show the whole of an impact as it is kept: each field, in bands."""
    found, services = await _load(request, name, version, colleague), services_of(request)
    vocabulary, agency = services.node.vocabulary, colleague.agency
    kept = await services.reading(
        Role.GOVERNANCE,
        lambda conn: kept_impact(conn, name, version, agency, impact, vocabulary, services.now()),
    )
    if kept is None:
        raise no_such_page()
    sentences = banded_words(kept.document, vocabulary, {each.agency: each.label for each in found.parties})
    return await page(
        request, "governed-impact.html", active="governance", found=found, kept=kept, sentences=sentences,
        lines=banded_lines(kept.document),
    )  # fmt: skip


@router.post(HERE + "/sign", name="governed-sign")
async def sign(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Sign for the colleague's own agency, with the key that this node holds for it, upon the impact that was shown."""
    await refuse_forged(request)
    found, form = await _load(request, name, version, colleague), await request.form()
    fault, digest = _sign_fault(request, found, colleague, form), _digest(form)
    agreement, node = found.agreement, services_of(request).node
    key = held_key(node, colleague.agency) if fault is None else None
    if fault is None and digest is None:
        fault = NOT_COUNTED
    elif fault is None and digest is not None and key is not None and agreement is not None:
        signature = signature_of(agreement, colleague.agency, key)
        fault = await _keep_confirmed(request, found, colleague, digest, signature)
    if fault is not None:
        again = await _load(request, name, version, colleague)
        return await _page(request, again, colleague, {"confirm": fault}, 400)
    return RedirectResponse(f"{found.address}?saved=signed", status_code=303)


@router.post(HERE + "/signature", name="governed-signature")
async def take_signature(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Take a signature that a party made elsewhere; its key says whose it is."""
    await refuse_forged(request)
    found, form = await _load(request, name, version, colleague), await request.form()
    agency, sent = _text(form, "agency"), form.get("signature")
    data = signature_in(await sent.read(1_000)) if isinstance(sent, UploadFile) else None
    if found.kept is None or found.agreement is None or agency not in found.agreement.parties:
        raise no_such_page()
    fault = await _keep(request, found, agency, data) if data else NO_SIGNATURE
    if fault is not None:
        return await _page(request, found, colleague, {f"signature-{agency}": fault}, 400)
    return RedirectResponse(f"{found.address}?saved=signed", status_code=303)


@router.post(HERE + "/act", name="governed-act")
async def act(request: Request, name: str, version: Version, colleague: Officer) -> Response:
    """Suspend, resume or revoke it for the colleague's own agency; it counts from the next request on."""
    await refuse_forged(request)
    found, form = await _load(request, name, version, colleague), await request.form()
    wanted, reason = _text(form, "act"), _text(form, "reason").replace("\r\n", "\n").strip()
    if found.kept is None or wanted not in list(Act):
        raise no_such_page()
    faults = _act_faults(wanted, reason, form)
    if not faults:
        event, services = Event(Act(wanted), colleague.agency, services_of(request).clock()), services_of(request)

        def run(conn: Connection) -> None:
            act_upon(conn, name, version, event, by=colleague.id, reason=reason)

        try:
            await services.reading(Role.GOVERNANCE, run)
        except ActRefusedError:
            faults = {f"reason-{wanted}": NO_SENSE}
    if faults:
        again = await _load(request, name, version, colleague)
        return await _page(request, again, colleague, faults, 400, reason=reason, wanted=wanted)
    return RedirectResponse(f"{found.address}?saved={wanted}", status_code=303)


# --- doing ------------------------------------------------------------------------------------------------------------


class _MovedError(Exception):
    """Somebody proposed another text meanwhile."""


async def _propose(request: Request, found: Governed, text: str, seen: str) -> Label | None:
    """Keep a text as the draft; what is wrong, if that cannot be: above all, that nobody saw the one it replaces."""
    services = services_of(request)

    def run(conn: Connection) -> None:
        vocabulary, now = services.node.vocabulary, services.now()
        conn.execute(_QUERIES.hold_agreement, {"name": found.name})
        kept = conn.execute(_QUERIES.proposed_digest, {"name": found.name, "version": found.version}).fetchone()
        if (kept[0] if kept else "") != seen:
            raise _MovedError
        propose(conn, text, vocabulary, now)

    try:
        await services.reading(Role.GOVERNANCE, run)
    except _MovedError:
        return OTHER_TEXT
    except ImmutableError:
        return SIGNED
    return None


def _sign_fault(request: Request, found: Governed, colleague: Colleague, form: FormData) -> Label | None:
    if found.kept is None or found.agreement is None or colleague.agency not in found.agreement.parties:
        raise no_such_page()
    if _text(form, "seen") != digest_of(found.agreement):
        return MOVED
    own = next((each for each in found.parties if each.agency == colleague.agency), None)
    if own is None or hold_of(services_of(request).node, own) is not Hold.HERE:
        return NO_KEY
    return None if form.get("confirm") == "yes" else CONFIRM


async def _keep(request: Request, found: Governed, agency: str, signature: bytes) -> Label | None:
    """Keep a signature that was made elsewhere; its signer confirmed what it would do where the key is."""
    services = services_of(request)
    vocabulary, at = services.node.vocabulary, services.clock()
    return await _kept(
        request,
        lambda conn: add_signature(conn, found.name, found.version, agency, signature, vocabulary, at),
    )


async def _keep_confirmed(
    request: Request, found: Governed, colleague: Colleague, digest: bytes, signature: bytes
) -> Label | None:
    """Keep a signature with its signer's confirmation of the impact of that digest."""
    services = services_of(request)
    confirming = Confirming(colleague.agency, colleague.id, digest, services.now())
    vocabulary = services.node.vocabulary
    return await _kept(
        request,
        lambda conn: sign_confirmed(conn, found.name, found.version, confirming, signature, vocabulary),
    )


async def _kept(request: Request, keep: Callable[[Connection], None]) -> Label | None:
    try:
        await services_of(request).reading(Role.GOVERNANCE, keep)
    except SignatureError:
        return NOT_THEIRS
    except ContradictionError:
        return CONTRADICTS
    except ActRefusedError:
        return NOT_COUNTED
    return None


def _digest(form: FormData) -> bytes | None:
    try:
        return bytes.fromhex(_text(form, "impact")) or None
    except ValueError:
        return None


def _act_faults(wanted: str, reason: str, form: FormData) -> dict[str, Label]:
    faults: dict[str, Label] = {}
    if not reason:
        faults[f"reason-{wanted}"] = NO_REASON
    elif len(reason) > MAX_REASON or any(True for _ in hidden(reason)):
        faults[f"reason-{wanted}"] = LONG_REASON
    if wanted == Act.REVOKE and form.get("confirm") != "yes":
        faults["for-ever"] = FOR_EVER
    return faults


# --- pages ------------------------------------------------------------------------------------------------------------


async def _load(request: Request, name: str, version: int, colleague: Colleague) -> Governed:
    if not is_item(name):
        raise no_such_page()
    services = services_of(request)
    return await services.reading(
        Role.GOVERNANCE,
        lambda conn: load_governed(conn, name, version, colleague, services.node.vocabulary, services.now()),
    )


async def _page(
    request: Request,
    found: Governed,
    colleague: Colleague,
    faults: dict[str, Label],
    status: int = 200,
    counted: Counted | None = None,
    **typed: Any,
) -> Response:
    node, names = services_of(request).node, {each.agency: each.label for each in found.parties}
    kept, signatory = await _latest(request, found, colleague), Desk.SIGNATORY in desks_of(colleague)
    if counted is None and kept is not None and kept.stale is None:
        counted = Counted(kept.digest.hex(), banded_words(kept.document, node.vocabulary, names))
    return await page(
        request,
        "governed.html",
        status,
        active="governance",
        found=found,
        proof=await _proof(request, found, found.agreement),
        clauses=found.clauses(node.vocabulary),
        signing=found.signing(node),
        kept=kept,
        counted=counted,
        Stale=Stale,
        Hold=Hold,
        signatory=signatory,
        me=colleague,
        faults=faults,
        saved=request.query_params.get("saved", ""),
        typed={"reason": "", "wanted": "", **typed},
    )


async def _latest(request: Request, found: Governed, colleague: Colleague) -> Kept | None:
    """Return the newest impact upon which the colleague's agency may sign; none while nothing is proposed."""
    services, agency = services_of(request), colleague.agency
    if found.kept is None:
        return None
    return await services.reading(
        Role.GOVERNANCE,
        lambda conn: latest_impact(conn, found.name, found.version, agency, services.node.vocabulary, services.now()),
    )


async def _file_page(
    request: Request,
    found: Governed,
    colleague: Colleague,
    text: str,
    agreement: Agreement | None,
    faults: tuple[Fault, ...] = (),
    told: Label | None = None,
) -> Response:
    node = services_of(request).node
    names = {each.agency: each.label for each in found.parties}
    return await page(
        request,
        "governed-file.html",
        400 if told else 200,
        active="governance",
        found=found,
        text=text,
        seen=found.digest,
        clauses=agreement_words(agreement, node.vocabulary, names) if agreement else (),
        proof=await _proof(request, found, agreement),
        faults=faults,
        told=told,
        checked=request.method == "POST",
        theirs=found.text if told is OTHER_TEXT else "",
        signatory=Desk.SIGNATORY in desks_of(colleague),
        me=colleague,
    )


async def _proof(request: Request, found: Governed, agreement: Agreement | None) -> Proof:
    vocabulary = services_of(request).node.vocabulary
    return await run_in_threadpool(proof_of, agreement, found.drafted, found.before, vocabulary)


async def _brought(form: FormData) -> str | None:
    """Return the text of a file that was brought; ``None`` if there is none that can be read."""
    sent = form.get("upload")
    data = await sent.read(MAX_FILE + 1) if isinstance(sent, UploadFile) else b""
    try:
        return data.decode("utf-8-sig") if 0 < len(data) <= MAX_FILE else None
    except UnicodeDecodeError:
        return None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
