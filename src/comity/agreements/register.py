"""The public register: what has been agreed, in words, and whether it is in force. No personal data, no keys.

A version is in it from its first signature on, for ever: also when it is revoked or replaced. Drafts are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from comity.agreements.catalogue import agreement_text, catalogue_text
from comity.agreements.entering import Connection
from comity.agreements.linked_data import Addresses, Published
from comity.agreements.models import Agreement, Considered, Standing, Why
from comity.agreements.store import agencies, all_standings
from comity.agreements.words import ClauseWords, agreement_words
from comity.vocabulary.models import Label, Vocabulary


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One version, for anybody to read."""

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

    @property
    def status(self) -> Label:
        """Return whether it is in force, in words; the reasons are the standing's."""
        return Label("In force", "Van kracht") if self.standing.in_force else Label("Not in force", "Niet van kracht")


def register(conn: Connection, vocabulary: Vocabulary, now: datetime) -> tuple[RegisterEntry, ...]:
    """Return the register by name, newest version first; ``now`` is in the zone whose calendar counts."""
    names = _names(conn)
    return tuple(_entry(each.agreement, each.standing, vocabulary, names) for each in _all(conn, vocabulary, now))


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
    agreement: Agreement, standing: Standing, vocabulary: Vocabulary, names: Mapping[str, Label]
) -> RegisterEntry:
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
    )
