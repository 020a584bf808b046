"""Whether the lawful bases of an agreement carry what it releases, as far as the vocabulary knows. Pure.

Rules. Each needs nothing but what the vocabulary says of fields and of provisions (`data/lawful_bases.yaml`):

1. A field of a special category leaves, in whatever form, only if a provision for sensitive processing is among the
   bases: LED article 10 and GDPR article 9(1) forbid it otherwise; in the United Kingdom section 35(3) of the Data
   Protection Act 2018, in the Netherlands article 5 of the Wet politiegegevens and article 22 of the Uitvoeringswet
   AVG. Not asked where the vocabulary has no such provision (the United States).
2. Such a provision stands beside a ground, never alone: section 35(3) of the Act asks for it *in addition*, and so do
   LED articles 8 and 10, GDPR articles 6 and 9.

What the law lets leave only under conditions, and how long it may be kept, is asked in
:mod:`comity.agreements.limits`. Not decided anywhere: whether a provision fits. A lawyer says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from comity.agreements.models import Agreement
from comity.agreements.parse import holds_in
from comity.vocabulary.models import Cover, LawfulBasis, Sensitivity, Vocabulary

#: A provision that carries one of these stands beside a ground, never alone (the head of `data/lawful_bases.yaml`).
NEVER_ALONE: Final = frozenset({Cover.SENSITIVE, Cover.CRIMINAL})


class Against(NamedTuple):
    """What the law is against, as far as the vocabulary knows: the key or clause, its fields, and terms of law."""

    kind: str
    clause: str
    fields: tuple[str, ...]
    terms: tuple[str, ...]


def uncarried(agreement: Agreement, vocabulary: Vocabulary) -> Iterator[Against]:
    """Yield each clause that the bases do not carry, and the bases if they stand alone."""
    bases = [vocabulary.lawful_basis(each.term) for each in agreement.lawful_basis]
    could = _for_sensitive(vocabulary, agreement.jurisdiction)
    if could and not any(Cover.SENSITIVE in basis.covers for basis in bases):
        for release in agreement.releases:
            record = vocabulary.record_type(release.record)
            special = tuple(
                each.field
                for each in release.fields
                if each.minimiser != "withheld" and record.field(each.field).sensitivity is Sensitivity.SPECIAL
            )
            if special:
                yield Against("not-carried", release.clause, special, tuple(basis.term for basis in could))
    if all(NEVER_ALONE.intersection(basis.covers) for basis in bases):
        yield Against("never-alone", "lawful_basis", (), tuple(basis.term for basis in bases))


def _for_sensitive(vocabulary: Vocabulary, jurisdiction: str) -> list[LawfulBasis]:
    """Return the provisions that hold in a jurisdiction and can carry sensitive processing."""
    return [
        basis
        for basis in vocabulary.lawful_bases.values()
        if holds_in(basis.jurisdiction, jurisdiction) and Cover.SENSITIVE in basis.covers
    ]
