"""From the rows of the ``kept`` query to values, for whoever runs it: this room, or the gate on its own connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from comity.agreements.models import Act, Considered, Event, Kept, Party, Signature
from comity.agreements.standing import consider, current
from comity.store import load_queries
from comity.vocabulary.models import Label, Vocabulary

_QUERY: Final = load_queries("comity.agreements").kept


def standing_query() -> str:
    """Return the SQL that reads all versions of one agreement; its one parameter is ``%(name)s``.

    Any role that may read the schema can run it, within its own transaction: then what it decides and what it reads
    are of one moment, and a revocation that has been committed counts.
    """
    return _QUERY


def standing_from_rows(rows: Iterable[Sequence[Any]], vocabulary: Vocabulary, now: datetime) -> Considered | None:
    """Return the version to decide under, from the rows of :func:`standing_query`; None if there is no such agreement.

    Signatures are verified against the bytes in the rows. ``now`` is in the zone whose calendar counts.
    """
    return current(_versions(list(rows), vocabulary, now))


def versions_from_rows(
    rows: Iterable[Sequence[Any]], vocabulary: Vocabulary, now: datetime, as_of: datetime | None = None
) -> tuple[Considered, ...]:
    """Return every version of one agreement, earliest first, each with its standing at ``now``.

    ``as_of``: as if nothing had been signed or done after that moment. Keys and assessments are those of today: when
    they changed is not kept.
    """
    return _versions(list(rows), vocabulary, now, as_of)


def all_from_rows(
    rows: Iterable[Sequence[Any]], vocabulary: Vocabulary, now: datetime
) -> tuple[tuple[Considered, ...], ...]:
    """Return the versions of each agreement, earliest first, from rows ordered by name."""
    grouped = groupby(rows, key=lambda row: row[0])
    return tuple(_versions(list(versions), vocabulary, now) for _, versions in grouped)


def _versions(
    rows: Sequence[Sequence[Any]], vocabulary: Vocabulary, now: datetime, as_of: datetime | None = None
) -> tuple[Considered, ...]:
    parties: dict[str, Party] = {}
    for row in rows:
        parties |= _parties(*row[12:17])
    kept = (_kept(row) for row in rows)
    return consider((_until(each, as_of) for each in kept) if as_of else kept, parties, vocabulary, now)


def _until(kept: Kept, moment: datetime) -> Kept:
    return replace(
        kept,
        signatures=tuple(each for each in kept.signatures if each.signed_at <= moment),
        events=tuple(each for each in kept.events if each.at <= moment),
    )


def _kept(row: Sequence[Any]) -> Kept:
    name, version, data, assessment, status = row[:5]
    signatures = _zipped(Signature, *row[5:9])
    events = tuple(Event(Act(act), agency, at) for act, agency, at in zip(*_filled(row[9:12]), strict=True))
    return Kept(name, version, bytes(data), signatures, events, assessment, status)


def _zipped(kind: type[Signature], *columns: Sequence[Any] | None) -> tuple[Signature, ...]:
    return tuple(kind(*values) for values in zip(*_filled(columns), strict=True))


def _parties(*columns: Sequence[Any] | None) -> Mapping[str, Party]:
    return {
        agency: Party(agency, kind, Label(en, nl), key)
        for agency, kind, en, nl, key in zip(*_filled(columns), strict=True)
    }


def _filled(columns: Sequence[Sequence[Any] | None]) -> list[Sequence[Any]]:
    """Return the columns with an empty one for each null: PostgreSQL's aggregate of no rows."""
    return [column or () for column in columns]
