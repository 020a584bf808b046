"""An agreement on the governance desk: drafted, proposed, signed by each party with its own key, in force.

Rules:

1. An agreement that is signed by nobody is its parties' own: to others it does not exist.
2. What is signed is what its signer had in sight: the page carries the digest of the text, and the signature is made
   over the bytes that have it.
3. A colleague signs for the own agency alone, with the key that this node holds for it, and only if it is the key that
   is pinned. A signature that was made elsewhere is taken from anybody at the desk: the key vouches for it.
4. A text that somebody else proposed meanwhile is not overwritten unseen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection

from comity.agreements.assessment.complete import Point
from comity.agreements.assessment.draft import draft_agreement
from comity.agreements.assessment.errors import IncompleteError
from comity.agreements.canonical import canonical
from comity.agreements.difference import differences
from comity.agreements.errors import FaultyAgreementError, SignatureError
from comity.agreements.keys import load_key, public_bytes, thumbprint
from comity.agreements.models import Agreement, AssessmentReference, Considered, Done, Fault, Party, Signature, Why
from comity.agreements.parse import parse_agreement
from comity.agreements.prove import ALONE, CONTRADICTIONS, Finding, compare, prove
from comity.agreements.prove_words import finding_words, proved_words
from comity.agreements.standing import acts_in_effect
from comity.agreements.store import acts_upon, agencies, all_standings, read_text, signatures_under
from comity.agreements.words import ClauseWords, agreement_words
from comity.node import Node
from comity.store.errors import StoreError
from comity.vocabulary.models import Label, Vocabulary
from comity.web.errors import PageError, no_such_page
from comity.web.governing.files import Opened, open_assessment
from comity.web.models import Colleague

SIGNATURE_BYTES: Final = 64  # RFC 8032, section 5.1.6


class Hold(StrEnum):
    """Whether a party can sign on this node, and if not, why."""

    HERE = "here"
    NOT_PINNED = "not-pinned"  # nobody said by which key it is known
    ELSEWHERE = "elsewhere"  # this node does not hold its key
    OTHER = "other"  # this node holds another key than the one that is pinned


@dataclass(frozen=True, slots=True)
class PartySigning:
    """One party: whether it has signed, when, and how it can."""

    party: Party
    signature: Signature | None
    hold: Hold
    thumbprint: str


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was found of a text: where, in words, and whether it contradicts itself."""

    clause: str
    words: Label
    serious: bool


@dataclass(frozen=True, slots=True)
class Governed:
    """One version of an agreement on the desk; ``kept`` is None until it is proposed."""

    name: str
    version: int
    text: str
    agreement: Agreement | None
    missing: tuple[Point, ...]  # what must be answered before it can be drafted
    kept: Considered | None
    before: Agreement | None  # the version that is in force, if this is a later one
    drafted: Agreement | None  # what the answers of its assessment say
    parties: tuple[Party, ...]
    signatures: tuple[Signature, ...]
    acts: tuple[Done, ...]
    assessment: Opened | None

    @property
    def address(self) -> str:
        """Return where the desk shows it."""
        return f"/governance/agreements/{self.name}/{self.version}"

    @property
    def title(self) -> Label:
        """Return what it is called."""
        if self.agreement is not None:
            return self.agreement.title
        return self.assessment.course.title if self.assessment else Label(self.name, self.name)

    @property
    def digest(self) -> str:
        """Return the digest of what is proposed; empty while nothing is."""
        return digest_of(self.agreement) if self.kept and self.agreement else ""

    @property
    def assessed(self) -> bool:
        """Whether its impact assessment is approved."""
        if self.kept is not None:
            return all(each.code is not Why.NOT_ASSESSED for each in self.kept.standing.reasons)
        return bool(self.assessment and self.assessment.course.progress.approved)

    @property
    def revoked(self) -> bool:
        """Whether a party revoked it: that is for ever."""
        return bool(acts_in_effect(each.event for each in self.acts)[1])

    def suspended_by(self, agency: str) -> bool:
        """Whether a party's suspension stands."""
        return agency in acts_in_effect(each.event for each in self.acts)[0]

    def clauses(self, vocabulary: Vocabulary) -> tuple[ClauseWords, ...]:
        """Return it in words; none while there is no text without faults."""
        names = {each.agency: each.label for each in self.parties}
        return agreement_words(self.agreement, vocabulary, names) if self.agreement else ()

    def signing(self, node: Node) -> tuple[PartySigning, ...]:
        """Return how each party stands to signing, in the order of the agreement."""
        known = {each.agency: each for each in self.parties}
        parties = self.agreement.parties if self.agreement else ()
        return tuple(self._signing(known[each], node) for each in parties if each in known)

    def _signing(self, party: Party, node: Node) -> PartySigning:
        pinned = thumbprint(party.public_key) if party.public_key else ""
        given = (each for each in self.signatures if (each.agency, each.thumbprint) == (party.agency, pinned))
        return PartySigning(party, next(given, None), hold_of(node, party), pinned)


def digest_of(agreement: Agreement) -> str:
    """Return the digest of an agreement's canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(agreement)).hexdigest()


def load_governed(
    conn: Connection, name: str, version: int, colleague: Colleague, vocabulary: Vocabulary, now: datetime
) -> Governed:
    """Return an agreement, or what the answers of its assessment draft; no such page, if it is not for the agency."""
    versions = [each for of in all_standings(conn, vocabulary, now) for each in of if each.name == name]
    kept = next((each for each in versions if each.version == version), None)
    if kept is not None and (kept.agreement is None or colleague.agency not in kept.agreement.parties):
        raise no_such_page()
    try:
        opened = open_assessment(conn, AssessmentReference(name, version), colleague, vocabulary, now)
    except PageError:
        if kept is None:
            raise
        opened = None  # it was assessed elsewhere, or not in four steps
    drafted, missing = _drafted(opened, vocabulary)
    text = read_text(conn, name, version) if kept else drafted
    known = agencies(conn)
    made = parsed(drafted, vocabulary, known)[0] if drafted else None
    before = (each.agreement for each in reversed(versions) if each.standing.in_force and each.version < version)
    return Governed(
        name=name,
        version=version,
        text=text,
        agreement=kept.agreement if kept else made,
        missing=missing,
        kept=kept,
        before=next(before, None),
        drafted=made,
        parties=known,
        signatures=signatures_under(conn, name, version) if kept else (),
        acts=acts_upon(conn, name, version) if kept else (),
        assessment=opened,
    )


def _drafted(opened: Opened | None, vocabulary: Vocabulary) -> tuple[str, tuple[Point, ...]]:
    if opened is None:
        return "", ()
    try:
        return draft_agreement(opened.course.assessment, vocabulary), ()
    except IncompleteError as error:
        return "", error.points


def parsed(text: str, vocabulary: Vocabulary, known: Sequence[Party]) -> tuple[Agreement | None, tuple[Fault, ...]]:
    """Return what a text says, or each of its faults."""
    try:
        return parse_agreement(text, vocabulary, agencies=[each.agency for each in known]), ()
    except FaultyAgreementError as error:
        return None, error.faults


# --- what is found ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found of a text, what was proved of it, and what it lets out beyond its answers and the one before."""

    found: tuple[Told, ...] = ()
    proved: tuple[Label, ...] = ()
    beyond: tuple[Label, ...] = ()
    newly: tuple[Label, ...] = ()

    @property
    def contradicts(self) -> bool:
        """Whether the text contradicts itself."""
        return any(each.serious for each in self.found)


def proof_of(
    agreement: Agreement | None, drafted: Agreement | None, before: Agreement | None, vocabulary: Vocabulary
) -> Proof:
    """Return what can be known of an agreement before anyone signs it."""
    if agreement is None:
        return Proof()
    findings = prove(agreement, vocabulary)
    return Proof(
        tuple(_told(each, agreement, vocabulary) for each in findings),
        proved_words(ALONE, findings),
        tuple(_more(drafted, agreement, vocabulary)) if drafted and drafted != agreement else (),
        tuple(_more(before, agreement, vocabulary)) if before else (),
    )


def _told(finding: Finding, agreement: Agreement, vocabulary: Vocabulary) -> Told:
    return Told(finding.clause, finding_words(finding, agreement, vocabulary), finding.kind in CONTRADICTIONS)


def _more(old: Agreement, new: Agreement, vocabulary: Vocabulary) -> Iterator[Label]:
    """Yield what ``new`` lets out that ``old`` does not, and then what else differs in what leaves."""
    for finding in compare(old, new, vocabulary):
        yield finding_words(finding, new, vocabulary)
    for difference in differences(old, new, vocabulary):
        yield difference.text


# --- keys -------------------------------------------------------------------------------------------------------------


def hold_of(node: Node, party: Party) -> Hold:
    """Return whether this node holds the key that is pinned for a party."""
    if party.public_key is None:
        return Hold.NOT_PINNED
    try:
        key = held_key(node, party.agency)
    except (SignatureError, StoreError):
        return Hold.OTHER
    if key is None:
        return Hold.ELSEWHERE
    return Hold.HERE if public_bytes(key) == party.public_key else Hold.OTHER


def held_key(node: Node, agency: str) -> Ed25519PrivateKey | None:
    """Return the key that this node holds for an agency of its own; None if it holds none."""
    path = node.agency_keys / f"{agency}.pem"
    return load_key(path) if path.is_file() else None


def signature_in(data: bytes) -> bytes | None:
    """Return the signature in a file: its 64 bytes, or these in base64; None if it is neither."""
    if len(data) == SIGNATURE_BYTES:
        return data
    try:
        decoded = base64.b64decode(data.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if len(decoded) == SIGNATURE_BYTES else None
