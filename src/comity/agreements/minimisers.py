"""Which minimiser can be applied to which type of field, and which tells no more than which other.

What each does is the gate's to define and to test (:mod:`comity.gate.minimise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from comity.vocabulary.models import Field, FieldType

_ANY: Final = frozenset(FieldType)
_DAYS: Final = frozenset({FieldType.DATE, FieldType.TIMESTAMP})

APPLIES: Final[Mapping[str, frozenset[FieldType]]] = {
    "as-is": _ANY,
    "withheld": _ANY,
    "present": _ANY,
    "year": _DAYS,
    "month": _DAYS,
    "age-band": frozenset({FieldType.DATE}),
    "area": frozenset({FieldType.TEXT}),
    "initials": frozenset({FieldType.TEXT}),
    "band": frozenset({FieldType.INTEGER}),
    "pseudonym": frozenset({FieldType.TEXT, FieldType.REFERENCE}),
}


def applies(minimiser: str, field: Field) -> bool:
    """Return whether ``minimiser`` can be applied to ``field``; one that is not in the table cannot."""
    return field.type in APPLIES.get(minimiser, frozenset())


def applicable(field: Field) -> tuple[str, ...]:
    """Return the minimisers that can be applied to ``field``."""
    return tuple(name for name in APPLIES if applies(name, field))


#: Of each form, those of which it tells everything: whoever has the form can work these out from it.
#:
#: - ``as-is`` tells all of them. A pseudonym too: it says nothing of a person but that two values are the same.
#: - A month tells its year. A year does not tell an age band, nor a band a year: either can part what the other joins.
#: - Whether there is a value is told by each form that has a value whenever the field has. So not by ``area`` (a text
#:   without a postcode gives nothing), ``age-band`` (a birth in the future gives nothing), or ``band`` of a number that
#:   may be negative: see :func:`_always_says`.
_TOLD: Final[Mapping[str, frozenset[str]]] = {
    "as-is": frozenset(APPLIES),
    "month": frozenset({"year"}),
}


def tells_no_more(form: str, than: str, field: Field) -> bool:
    """Return whether ``form`` tells nothing of a field that ``than`` does not; a partial order.

    Forms of which neither tells the other (an age band and a year) are not comparable, and this is False both ways.
    """
    if form in ("withheld", than):
        return True
    if form == "present":
        return than == "as-is" or _always_says(than, field)
    return form in _TOLD.get(than, frozenset())


def _always_says(form: str, field: Field) -> bool:
    """Whether a form of a value that is there is never nothing."""
    if form == "band":
        return field.minimum is not None and field.minimum >= 0
    return form in {"year", "month", "initials", "pseudonym"}
