"""Two records side by side, as the gate lets them out, for whoever says whether they are of one human being.

1. Nothing is shown but to a colleague for whom an agreement in force is for :data:`PURPOSE`.
2. Each look is a disclosure of each person that the two are in. What is not released is withheld; how alike the two are
   in it is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from starlette.requests import Request

from comity.agreements.models import Agreement
from comity.gate import Disclosure, Read, disclose
from comity.gate import Request as Asking
from comity.intake import deciding
from comity.intake.deciding import Side
from comity.store import Role
from comity.web import likeness, store
from comity.web.agreeing import open_to
from comity.web.language import catalogue, language_of
from comity.web.models import Colleague
from comity.web.present import Presenter
from comity.web.services import Services, services_of

PURPOSE: Final = "identity-resolution"
# Which field of a record stands beside which comparison.
_COMPARED: Final = {
    "given": ("given_names",), "middle": ("given_names",), "family": ("family_name",), "birth": ("birth_date",),
    "sex": ("sex",), "postcode": ("postcode",),
}  # fmt: skip


class Row(Protocol):
    """A row as the gate let it out: only what was released, minimised."""

    @property
    def values(self) -> Mapping[str, object]:
        """The values that were released, by field."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of two records: what each says, and how alike they are where that is compared."""

    field: str
    left: str | None  # None: withheld
    right: str | None
    alike: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Two records side by side: what was disclosed of them, by record, and field by field."""

    side: Side
    seen: tuple[Disclosure, ...]
    rows: Mapping[UUID, Row]
    compared: tuple[Compared, ...]
    agencies: tuple[str, str]
    show: Presenter


async def agreed(request: Request, colleague: Colleague) -> Agreement | None:
    """Return the agreement in force under which this colleague may look at who is who: the first by name."""
    services = services_of(request)
    async with services.as_role(Role.GOVERNANCE) as conn:
        found = await open_to(conn, colleague, services.node.vocabulary, services.now())
    return next((it for it in found if it.purpose == PURPOSE), None)


async def beside(request: Request, colleague: Colleague, agreement: Agreement, pair: tuple[UUID, UUID]) -> Beside:
    """Disclose the persons whom two records are in, and set the two side by side. Raises ``deciding.NOT_THERE``."""
    services, language = services_of(request), language_of(request)
    side = await services.reading(Role.INTAKE, lambda conn: deciding.look(conn, pair))
    persons = [side.of(each)[0].person for each in (pair[:1] if side.same_person else pair)]
    seen = tuple([it for each in persons if (it := await _read(services, colleague, agreement, each))])
    rows = {row.record_id: row for it in seen for row in it.rows.get("person", ())}
    async with services.as_role(Role.GOVERNANCE) as conn:
        show = Presenter(services.node.vocabulary, language, services.zone, await store.agency_labels(conn), {})
    levels = likeness.levels(side.weight, catalogue(language).gettext)
    one, other = (next(it.agency for it in side.records if it.source_person == each) for each in pair)
    return Beside(side, seen, rows, tuple(_compared(side, rows, show, levels)), (one, other), show)


async def _read(services: Services, colleague: Colleague, agreement: Agreement, person: UUID) -> Disclosure | None:
    """Return what the gate lets out of a person, as any other disclosure; ``None`` if it is nothing."""
    asked = Asking(Read(person), agreement.name, agreement.purpose, colleague.requester)
    async with services.as_role(Role.GATE) as conn:
        found = await disclose(
            conn, asked, services.now(), vocabulary=services.node.vocabulary, keyring=services.keyring
        )
    return found if isinstance(found, Disclosure) else None


def _compared(side: Side, rows: Mapping[UUID, Row], show: Presenter, levels: Mapping[str, str]) -> list[Compared]:
    """Return the fields that either record says something of, or that are compared, in the vocabulary's order."""
    beside: dict[str, list[str]] = {}
    for comparison, alike in levels.items():
        for field in _COMPARED.get(comparison, (comparison.removeprefix("identifier "),)):
            beside.setdefault(field, []).append(alike)
    found = []
    for name in (it.name for it in show.vocabulary.record_type("person").fields):
        said = [_said(rows.get(each), name, show) for each in side.pair]
        if name in beside or any(it not in {None, "—"} for it in said):
            found.append(Compared(name, said[0], said[1], "; ".join(beside.get(name, ()))))
    return found


def _said(row: Row | None, field: str, show: Presenter) -> str | None:
    if row is None or field not in row.values:
        return None
    return show.value("person", field, row.values[field])
