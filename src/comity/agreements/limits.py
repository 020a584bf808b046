"""What the law lets leave only under conditions, and how long it may be kept, as far as the vocabulary knows. Pure.

Rules:

1. A provision is asked about where it holds: in its own jurisdiction, and Union law in a member state.
2. A field that leaves is against a restriction (`data/restrictions.yaml`) if it is among its data, may be of one of its
   subjects, leaves for one of its purposes or a part of one, and rests on its grounds alone; and if none of what it
   may leave under is so.
3. Of the limits (`data/retention.yaml`) that fit purpose, bases and record types, the shortest is held to the time that
   the agreement keeps. A time is longer than another if it ends later, counted from the agreement's first day.
4. Where no limit that fits names a time, that is said: nobody has said what the limit is. Silence is not leave.
5. Only what the text of a provision states keeps an agreement from being signed. What is guidance, or read into the
   text, is a warning (:class:`~comity.vocabulary.models.Certainty`).
"""

from __future__ import annotations

from collections.abc import Iterator

from comity.agreements.carried import Against
from comity.agreements.lengths import end_of
from comity.agreements.models import Agreement, FieldRelease, Release
from comity.agreements.parse import holds_in
from comity.vocabulary.models import Certainty, Cover, Restriction, RetentionLimit, Vocabulary


def restricted(agreement: Agreement, vocabulary: Vocabulary) -> Iterator[Against]:
    """Yield each clause and restriction that its fields are against."""
    for restriction in vocabulary.restrictions.values():
        if _fits(restriction, agreement, vocabulary) and not _carried(restriction, agreement, vocabulary):
            kind = "forbidden" if restriction.certainty is Certainty.STATED else "doubted"
            for release in agreement.releases:
                fields = tuple(it.field for it in release.fields if _is_against(restriction, release, it, vocabulary))
                if fields:
                    yield Against(kind, release.clause, fields, (restriction.term,))


def kept(agreement: Agreement, vocabulary: Vocabulary) -> Iterator[Against]:
    """Yield whether it is kept longer than the law lets it, or that nobody has said how long that is."""
    fitting = [limit for limit in vocabulary.retention_limits.values() if _limits(limit, agreement, vocabulary)]
    timed = [limit for limit in fitting if limit.longest]
    keeping = end_of(agreement.retention.keep, agreement.in_force.start)
    for limit in timed:
        if keeping > end_of(limit.longest or "", agreement.in_force.start):
            kind = "kept-too-long" if limit.certainty is Certainty.STATED else "kept-long"
            yield Against(kind, "retention", (), (limit.term,))
    if not timed:
        yield Against("limit-unknown", "retention", (), tuple(limit.term for limit in fitting))


def _fits(restriction: Restriction, agreement: Agreement, vocabulary: Vocabulary) -> bool:
    grounds = {
        basis.term for basis in agreement.lawful_basis if Cover.PROCESSING in vocabulary.lawful_basis(basis.term).covers
    }
    return (
        holds_in(restriction.jurisdiction, agreement.jurisdiction)
        and _is_for(restriction.purposes, agreement, vocabulary)
        and (not restriction.grounds or (bool(grounds) and grounds <= set(restriction.grounds)))
    )


def _carried(restriction: Restriction, agreement: Agreement, vocabulary: Vocabulary) -> bool:
    """Whether the agreement as a whole meets a condition under which the data may leave all the same."""
    terms = [basis.term for basis in agreement.lawful_basis]
    covers = {cover for term in terms for cover in vocabulary.lawful_basis(term).covers}
    return bool(
        covers.intersection(restriction.covers)
        or set(terms).intersection(restriction.bases)
        or agreement.consent in restriction.consents
    )


def _is_against(restriction: Restriction, release: Release, released: FieldRelease, vocabulary: Vocabulary) -> bool:
    field = vocabulary.record_type(release.record).field(released.field)
    among = (
        field.sensitivity in restriction.sensitivities
        or field.identifiability in restriction.identifiabilities
        or f"{release.record}.{field.name}" in restriction.fields
    )
    of = not restriction.subjects or not release.of or bool(set(release.of) & set(restriction.subjects))
    return among and of and released.minimiser not in {"withheld", *restriction.forms}


def _limits(limit: RetentionLimit, agreement: Agreement, vocabulary: Vocabulary) -> bool:
    return (
        holds_in(limit.jurisdiction, agreement.jurisdiction)
        and _is_for(limit.purposes, agreement, vocabulary)
        and (not limit.bases or any(basis.term in limit.bases for basis in agreement.lawful_basis))
        and (not limit.records or any(release.record in limit.records for release in agreement.releases))
    )


def _is_for(purposes: tuple[str, ...], agreement: Agreement, vocabulary: Vocabulary) -> bool:
    line = {purpose.name for purpose in vocabulary.purpose_line(agreement.purpose)}
    return not purposes or not line.isdisjoint(purposes)
