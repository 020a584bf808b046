"""``comity agreement``: check, prove, propose, weigh, sign, list; suspend, resume and revoke."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter, validators

from comity import vocabulary
from comity.agreements.assessment.publish import LANGUAGES
from comity.agreements.confirming import Confirming, sign_confirmed
from comity.agreements.consent import Answer, Recorded
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.keys import load_key, make_key, public_bytes, thumbprint
from comity.agreements.linked_data import Addresses
from comity.agreements.models import Act, Agreement, AssessmentReference, Event
from comity.agreements.paper.agreement import agreement_pdf
from comity.agreements.parse import parse_agreement
from comity.agreements.prove import ALONE, COMPARED, CONTRADICTIONS, SEALED, Finding, Kind, compare
from comity.agreements.prove import prove as proved
from comity.agreements.prove_words import finding_words, proved_words
from comity.agreements.register import agreement_data, register, register_data
from comity.agreements.sign import sign as signed
from comity.agreements.store import (
    act_upon,
    add_agency,
    approve_assessment,
    load_standing,
    pin_key,
    propose_assessment,
    read_agreement,
    read_text,
    record_consent,
)
from comity.agreements.store import propose as keep
from comity.agreements.words import agreement_words
from comity.cli.entered import compare_with_ledger
from comity.cli.failing import DATA, Failed, Misused
from comity.cli.impacts import OPERATOR, as_json, confirmed, name_and_version, said, take
from comity.cli.opening import node, now, text_of
from comity.store import Role
from comity.vocabulary.models import Label, Sensitivity, Vocabulary

app = App(name="agreement", help="What agencies have agreed: who may ask what of whom, why, and in what form.")

AGENCY_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"  # as the register's table has it

Name = Annotated[str, Parameter(help="The agreement's name.")]
Version = Annotated[int, Parameter(help="The number of the version.", validator=validators.Number(gte=1))]
Language = Annotated[Literal["en", "nl"], Parameter(help="In which language.")]
Agency = Annotated[str, Parameter(help="The agency that acts.")]
KeyFile = Annotated[Path, Parameter(help="The agency's private key (PEM, Ed25519, mode 0600).")]


def _file(path: Path) -> Path:
    if path.is_dir():
        raise Misused(f"{path} is a folder. Name the file that holds the key.")
    return path


@app.command
def check(
    file: Path | None = None,
    *,
    language: Language = "en",
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Say whether what is kept of agreements is what the ledger says was done; or, of a FILE, what is wrong with it.

    Without FILE: each signature, act, answer, approval and pinned key is laid beside its entry, and each difference is
    named; it exits with 1 if there is any. With FILE: what is wrong is said line by line, or the agreement in words.

    Parameters
    ----------
    as_json
        Print the differences as one JSON document, for programs.
    """
    if file is None:
        compare_with_ledger(language, as_json=as_json)
        return
    if as_json:
        raise Misused("Only differences with the ledger are printed as JSON. Leave FILE out, or --json.")
    words = vocabulary.load()
    try:
        agreement = parse_agreement(text_of(file), words)
    except FaultyAgreementError as error:
        print("\n".join(fault.in_language(language) for fault in error.faults), file=sys.stderr)
        raise Failed(DATA) from None
    for clause in agreement_words(agreement, words):
        print(f"{clause.heading.in_language(language)}: {clause.text.in_language(language)}")


@app.command
def prove(file: Path, *, against: Path | None = None, never: tuple[Sensitivity, ...] = ()) -> None:
    """Say what an agreement's file can never do, or does that it should not, with an example of each.

    It exits with 1 if the agreement contradicts itself or the law that is known here, so that it cannot be signed; if
    it releases more than AGAINST; or if it lets out as it is what it should NEVER.

    Parameters
    ----------
    against
        The file of the version before: it is then asked whether this one releases more.
    never
        A sensitivity of which nothing may leave as it is, e.g. sealed.
    """
    words = vocabulary.load()
    agreement = parse_agreement(text_of(file), words)
    older = parse_agreement(text_of(against), words) if against else None
    findings = proved(agreement, words, frozenset(never) or SEALED)
    _say(ALONE, findings, agreement, words)
    serious = set(CONTRADICTIONS) | ({Kind.SEALED_LEAVES} if never else set())
    if older is not None:
        print(f"Against {older}:")
        more = compare(older, agreement, words)
        _say(COMPARED, more, agreement, words)
        findings, serious = (*findings, *more), serious | set(COMPARED)
    if any(finding.kind in serious for finding in findings):
        raise Failed


def _say(kinds: Sequence[Kind], findings: Sequence[Finding], agreement: Agreement, words: Vocabulary) -> None:
    for finding in findings:
        print(f"Found: {finding.clause}: {finding_words(finding, agreement, words).en}")
    for label in proved_words(kinds, findings):
        print(f"Proved: {label.en}")


@app.command
def agency(
    name: str,
    kind: str,
    *,
    en: str,
    nl: str,
    public_key: Path | None = None,
    replace_key: bool = False,
    replace: bool = False,
) -> None:
    """Make an agency known here, and pin the key by which its signatures are known.

    Parameters
    ----------
    public_key
        A file with the 32 bytes of the agency's Ed25519 public key.
    replace
        Make an agency that is known here one of another kind.
    """
    if not re.fullmatch(AGENCY_NAME, name):
        raise Misused(f"{name!r} is no name for an agency. Write small letters, digits and hyphens: district-court.")
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        add_agency(conn, name, kind, Label(en, nl), opened.vocabulary, replace=replace)
        if public_key is not None:
            print(f"Pinned: {pin_key(conn, name, _file(public_key).read_bytes(), now(), replace=replace_key)}")
    print(f"{name} is known here: {en}, of the kind {kind}.")


@app.command
def key(file: Path) -> None:
    """Make a new signing key for an agency in FILE, and its public half in FILE.pub."""
    try:
        made = public_bytes(make_key(file))
    except FileExistsError:
        if not file.exists():  # what is in the way is not the key, but a file in the place of its folder
            raise
        raise Misused(f"{file} exists already. Name a file that does not: a key is never written over.") from None
    file.with_name(f"{file.name}.pub").write_bytes(made)
    print(f"{file} holds the private key: keep it with the agency. Its thumbprint is {thumbprint(made)}.")


@app.command
def propose(file: Path) -> None:
    """Keep an agreement's file as a draft of the version that it names, and say what is found of it."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        agreement = keep(conn, text_of(file), opened.vocabulary, now())
        _say((), proved(agreement, opened.vocabulary), agreement, opened.vocabulary)
    print(f"{agreement} is proposed. It waits for the signatures of {', '.join(agreement.parties)}.")


@app.command
def approve(assessment: str, version: Version, *, agency: Agency, by: str, document: str) -> None:
    """Keep an impact assessment and approve it; without one that is approved, an agreement is not in force.

    Parameters
    ----------
    by
        The staff id of who approves; an opaque one, not a name.
    document
        What the assessment found, in a sentence or two.
    """
    reference = AssessmentReference(assessment, version)
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        propose_assessment(conn, reference, {"summary": document})
        approve_assessment(conn, reference, agency=agency, by=by, at=now())
    print(f"Assessment {reference} is approved.")


@app.command
def impact(
    agreement: str,
    *,
    against: Annotated[int | None, Parameter(validator=validators.Number(gte=1))] = None,
    agency: str = "",
    by: str = OPERATOR,
    key: Path | None = None,
    json: bool = False,
) -> None:
    """Say what a version would do to today's records: what would newly be visible, to whom, of how many people.

    Parameters
    ----------
    agreement
        NAME, for the last version that was proposed, or NAME@VERSION.
    against
        The version to hold it against; the one in force, if none is named.
    agency
        The party for whose officer it is. A provider's officer is told each number; anybody else coarse ones.
    by
        The staff id of that officer; an opaque one, not a name.
    key
        With --json: the agency's private key, to sign the impact for a party whose node holds no records.
    json
        Print it for programs, with its digest.
    """
    with node() as opened:
        taken = take(opened, *name_and_version(agreement), against=against, agency=agency, by=by)
        signing = load_key(_file(key)) if key else None
        print(as_json(taken, opened, agency, signing) if json else "\n".join(said(taken, opened)))


@app.command
def sign(
    name: Name,
    version: Version,
    *,
    agency: Agency,
    key: KeyFile,
    by: str = OPERATOR,
    confirm: str | None = None,
    impact: Path | None = None,
) -> None:
    """Sign a version for an agency, with its own key, once what would newly be visible is confirmed.

    Parameters
    ----------
    by
        The staff id of who confirms; an opaque one, not a name.
    confirm
        The digest of the impact that was read. Without it, the impact is shown, and confirmed at the terminal.
    impact
        An impact that a provider took and signed (`comity agreement impact --json --key`), where this node holds no
        records.
    """
    with node() as opened:
        with opened.store.connect(Role.GOVERNANCE) as conn:
            agreement = read_agreement(conn, name, version, opened.vocabulary)
        signature = signed(agreement, agency, load_key(_file(key)))
        digest = confirmed(opened, agreement, agency, by, confirm, impact)
        with opened.store.connect(Role.GOVERNANCE) as conn:
            confirming = Confirming(agency, by, digest, now())
            sign_confirmed(conn, name, version, confirming, signature, opened.vocabulary)
            conn.commit()
            standing = load_standing(conn, name, opened.vocabulary, now()).standing
    print(f"{agency} has confirmed what would newly be visible, and signed {agreement}.")
    for reason in standing.reasons:
        print(f"  not in force yet: {reason.label.en}")


@app.command(name="list")
def list_() -> None:
    """List the agreements that have been signed, and whether they are in force."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        entries = register(conn, opened.vocabulary, now())
    for entry in entries:
        print(f"{entry.name}@{entry.version}  {entry.status.en.lower()} until {entry.until}: {entry.title.en}")
        for reason in (*entry.standing.reasons, *entry.standing.warnings):
            print(f"    {reason.label.en}")
    if not entries:
        print("No agreement has been signed. Nothing can be disclosed.")


@app.command
def show(name: Name, version: Version, *, text: bool = False) -> None:
    """Say a version in words, or print its text as it was proposed."""
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        if text:
            print(read_text(conn, name, version))
            return
        agreement = read_agreement(conn, name, version, opened.vocabulary)
        for clause in agreement_words(agreement, opened.vocabulary):
            print(f"{clause.heading.en}: {clause.text.en}")


@app.command
def act(
    act: Literal["suspend", "resume", "revoke"], name: Name, version: Version, *, agency: Agency, by: str, reason: str
) -> None:
    """Suspend, resume or revoke a version; it counts from the next request on.

    Parameters
    ----------
    by
        The staff id of who acts; an opaque one, not a name.
    reason
        Why, for the other parties.
    """
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, name, version, Event(Act(act), agency, now()), by=by, reason=reason)
    print(f"{name}@{version}: {act} by {agency}.")


@app.command
def publish(folder: Path, *, address: str, pdf: bool = False) -> None:
    """Write the public register for programs: a DCAT catalogue, and each version as an ODRL policy, as JSON-LD.

    Parameters
    ----------
    folder
        Where to write; it is made if it is not there.
    address
        The node's own address, e.g. https://comity.example.org.
    pdf
        Write each version for people too: accessible PDFs (PDF/UA-1), in English and in Dutch.
    """
    if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", address):
        raise Misused(f"{address!r} is no address of a node. Write one such as https://comity.example.org.")
    at = Addresses(address.rstrip("/"))
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        words = opened.vocabulary
        files = {"agreements.jsonld": register_data(conn, words, now(), at).encode()}
        entries = register(conn, words, now())
        for each in entries:
            text = agreement_data(conn, each.name, each.version, words, now(), at)
            files[f"agreements/{each.name}/{each.version}.jsonld"] = (text or "").encode()
    for each, language in product(entries, LANGUAGES if pdf else ()):
        files[f"agreements/{each.name}/{each.version}.{language}.pdf"] = agreement_pdf(each, language, now().date())
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    print(f"{len(entries)} versions are published in {folder}.")


@app.command
def consent(
    name: Name,
    person: UUID,
    answer: Literal["given", "refused", "withdrawn"],
    *,
    agency: Agency,
    by: str,
    reason: str = "",
) -> None:
    """Record what a person answered who was asked for consent; it counts from the next request on.

    Parameters
    ----------
    person
        The person's id, as the pages show it.
    by
        The staff id of who records it; an opaque one, not a name.
    reason
        Of a refusal: why data may leave all the same. Without it, record nothing: then nothing leaves.
    """
    recorded = Recorded(Answer(answer), agency, by, now(), reason)
    with node() as opened, opened.store.connect(Role.GOVERNANCE) as conn:
        record_consent(conn, name, person, recorded, opened.vocabulary)
    print(f"{name}: recorded by {agency}.")
