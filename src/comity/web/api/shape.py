"""From what the gate, the register and the ledger hand out to the bodies of the REST API."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from comity.agreements.register import RegisterEntry
from comity.gate import Disclosure
from comity.gate.notices import Told
from comity.gate.partings import Parted
from comity.ledger.models import Head
from comity.vocabulary.models import Label
from comity.web.api import models as out


class _Voice(Protocol):
    @property
    def agency(self) -> str: ...


class _Said(Protocol):
    @property
    def value(self) -> Any: ...
    @property
    def voices(self) -> tuple[_Voice, ...]: ...


def joined(answer: Disclosure) -> out.Joined:
    """Return the joined-up record of a disclosure."""
    view = answer.view
    if view is None:
        raise RuntimeError("a read was answered without a view")
    return out.Joined(
        **_answered(answer),
        agencies=list(view.agencies),
        fields=[
            out.Supported(field=it.field, best=_said(it.best), others=[_said(other) for other in it.others])
            for it in view.fields
        ],
        timeline=[out.Happening(on=it.on, record=it.row.record, id=it.row.record_id) for it in view.timeline],
        contradictions=[
            out.Contradiction(
                kind="overlap" if it.kind == "overlap" else "field", field=it.field, agencies=[*it.agencies]
            )
            for it in view.contradictions
        ],
        records={name: _rows(rows) for name, rows in view.rows.items()},
    )


def found(answer: Disclosure) -> out.Found:
    """Return what a search found."""
    hits = [out.Hit(person=it.person, records=_rows(it.rows)) for it in answer.found]
    return out.Found(**_answered(answer), found=hits, more=answer.more)


def notices(told: Sequence[Told], limit: int) -> out.Notices:
    """Return what a colleague was told; ``limit`` is how many were asked for."""
    return out.Notices(
        notices=[
            out.NoticeOut(
                entry=it.id,
                at=it.at,
                subscription=it.subscription,
                agreement=it.agreement,
                version=it.version,
                person=it.person,
                case_reference=it.case_reference,
                clauses=list(it.clauses),
                new=dict(it.counts),
            )
            for it in told
        ],
        before=told[-1].number if len(told) == limit else None,
    )


def partings(told: Sequence[Parted], limit: int) -> out.Partings:
    """Return what a colleague was told of those who were parted; ``limit`` is how many were asked for."""
    return out.Partings(
        partings=[out.PartedOut(**asdict(it)) for it in told],
        before=told[-1].number if len(told) == limit else None,
    )


def register(entries: Iterable[RegisterEntry]) -> out.Register:
    """Return the public register."""
    return out.Register(agreements=[_agreement(it) for it in entries])


def ledger_head(head: Head) -> out.LedgerHead:
    """Return the ledger's newest signed head."""
    state = head.checkpoint
    return out.LedgerHead(size=state.size, root=state.root.hex(), signed_at=head.signed_at, note=head.note)


def _answered(answer: Disclosure) -> dict[str, Any]:
    return {
        "entry": answer.id,
        "at": answer.at,
        "agreement": answer.agreement,
        "version": answer.version,
        "purpose": answer.purpose,
        "digest": answer.digest.hex(),
        "withheld": [out.Withheld(record=it.record, field=it.field, code=it.reason.code) for it in answer.withheld],
    }


def _rows(rows: Iterable[Any]) -> list[out.Row]:
    return [
        out.Row(
            record=row.record,
            id=row.record_id,
            agency=row.agency,
            source=row.source,
            received_at=row.received_at,
            whose=row.whose,
            asserted=str(row.asserted),
            values={name: _plain(value) for name, value in row.values.items()},
        )
        for row in rows
    ]


def _said(said: _Said) -> out.Said:
    return out.Said(value=_plain(said.value), agencies=sorted({voice.agency for voice in said.voices}))


def _plain(value: Any) -> out.Value:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _agreement(entry: RegisterEntry) -> out.AgreementOut:
    return out.AgreementOut(
        name=entry.name,
        version=entry.version,
        title=_labels(entry.title),
        purpose=_labels(entry.purpose),
        providers=[_labels(label) for label in entry.providers],
        recipients=[_labels(label) for label in entry.recipients],
        valid_from=entry.start,
        valid_until=entry.until,
        in_force=entry.standing.in_force,
        clauses=[(_labels(clause.heading), _labels(clause.text)) for clause in entry.clauses],
    )


def _labels(label: Label) -> out.Labels:
    return out.Labels(**asdict(label))
