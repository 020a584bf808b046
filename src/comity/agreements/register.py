"""The public register: what has been agreed, in words, by whom it was signed, and whether it is in force.

A version is in it from its first signature on, for ever: also when it is revoked or replaced. Drafts are not. It holds
no personal data: who signed is an agency, by the thumbprint of its key. Its page and its PDF are made from one entry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from comity.agreements.canonical import canonical
from comity.agreements.catalogue import agreement_text, catalogue_text
from comity.agreements.entering import Connection
from comity.agreements.keys import thumbprint
from comity.agreements.linked_data import Addresses, Published
from comity.agreements.models import Agreement, AssessmentReference, Considered, Party, Signature, Standing, Why
from comity.agreements.sign import verify
from comity.agreements.store import agencies, all_standings, signatures_of
from comity.agreements.words import ClauseWords, ReleaseWords, agreement_words, released_words
from comity.vocabulary.models import Label, Vocabulary


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A party and its signature, if it has signed; ``counts`` if it is genuine and of the key that is pinned for it."""

    agency: Label
    at: datetime | None = None
    thumbprint: str = ""
    counts: bool = False


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One version, for anybody to read; ``digest`` is the SHA-256 of what was signed, in hexadecimal."""

    name: str
    version: int
    title: Label
    providers: tuple[Label, ...]
    recipients: tuple[Label, ...]
    purpose: Label
    start: date
    until: date
    standing: Standing
    clauses: tuple[ClauseWords, ...]
    suspends: bool  # while the review of a use is overdue, which is for the gate to say
    releases: tuple[ReleaseWords, ...]
    assessment: AssessmentReference
    signatures: tuple[SignedBy, ...]
    digest: str

    @property
    def status(self) -> Label:
        """Return whether it is in force, in words; the reasons are the standing's."""
        return Label("In force", "Van kracht") if self.standing.in_force else Label("Not in force", "Niet van kracht")


def register(conn: Connection, vocabulary: Vocabulary, now: datetime) -> tuple[RegisterEntry, ...]:
    """Return the register by name, newest version first; ``now`` is in the zone whose calendar counts."""
    parties, kept = {party.agency: party for party in agencies(conn)}, signatures_of(conn)
    return tuple(
        _entry(each.agreement, each.standing, vocabulary, parties, kept.get(str(each.agreement), ()))
        for each in _all(conn, vocabulary, now)
    )


def register_data(conn: Connection, vocabulary: Vocabulary, now: datetime, at: Addresses) -> str:
    """Return the register as JSON-LD: a DCAT catalogue with a policy for each version."""
    return catalogue_text(_all(conn, vocabulary, now), vocabulary, _names(conn), at)


def agreement_data(
    conn: Connection, name: str, version: int, vocabulary: Vocabulary, now: datetime, at: Addresses
) -> str | None:
    """Return one version of the register as JSON-LD; ``None`` if the register does not have it."""
    found = (each for each in _all(conn, vocabulary, now) if str(each.agreement) == f"{name}@{version}")
    each = next(found, None)
    return None if each is None else agreement_text(each, vocabulary, _names(conn), at)


def _names(conn: Connection) -> dict[str, Label]:
    return {party.agency: party.label for party in agencies(conn)}


def _all(conn: Connection, vocabulary: Vocabulary, now: datetime) -> tuple[Published, ...]:
    return tuple(
        Published(each.agreement, each.standing)
        for versions in all_standings(conn, vocabulary, now)
        for each in reversed(versions)
        if each.agreement is not None and _published(each)
    )


def _published(considered: Considered) -> bool:
    unsigned = sum(reason.code is Why.UNSIGNED for reason in considered.standing.reasons)
    return considered.agreement is not None and unsigned < len(considered.agreement.parties)


def _entry(
    agreement: Agreement,
    standing: Standing,
    vocabulary: Vocabulary,
    parties: Mapping[str, Party],
    kept: Collection[Signature],
) -> RegisterEntry:
    names = {agency: party.label for agency, party in parties.items()}

    def labels(ids: tuple[str, ...]) -> tuple[Label, ...]:
        return tuple(names.get(agency, Label(agency, agency)) for agency in ids)

    return RegisterEntry(
        name=agreement.name,
        version=agreement.version,
        title=agreement.title,
        providers=labels(agreement.providers),
        recipients=labels(agreement.recipients),
        purpose=vocabulary.purpose(agreement.purpose).label,
        start=agreement.in_force.start,
        until=agreement.in_force.until,
        standing=standing,
        clauses=agreement_words(agreement, vocabulary, names),
        suspends=agreement.review is not None and agreement.review.suspends,
        releases=released_words(agreement, vocabulary),
        assessment=agreement.assessment,
        signatures=tuple(_signed_by(agreement, agency, parties.get(agency), kept) for agency in agreement.parties),
        digest=sha256(canonical(agreement)).hexdigest(),
    )


def _signed_by(agreement: Agreement, agency: str, party: Party | None, kept: Collection[Signature]) -> SignedBy:
    """Return the signature of a party that counts, else its latest, as one that does not."""
    label = party.label if party else Label(agency, agency)
    its = sorted((each for each in kept if each.agency == agency), key=lambda each: each.signed_at)
    if not its:
        return SignedBy(label)
    key = party.public_key if party else None
    pinned = next((each for each in its if key is not None and each.thumbprint == thumbprint(key)), None)
    if pinned is None or key is None:
        return SignedBy(label, its[-1].signed_at, its[-1].thumbprint)
    genuine = verify(canonical(agreement), agency, agreement.name, agreement.version, pinned.signature, key)
    return SignedBy(label, pinned.signed_at, pinned.thumbprint, genuine)
