"""Whether what is kept of agreements is what the ledger's entries say was done: for an auditor who holds both.

Whoever holds the database can edit a row past every trigger; no edit reaches an entry, and nobody makes one that opens
with another salt. So each row is laid beside its entry, and each entry beside its row:

1. A row's entry is there, is of that kind and of that moment, and its commitment opens with the salt that is kept
   beside the row and with what the row says. A row without one was put in; one that does not open was edited.
2. An entry has its row. An entry without one is of an act whose row was taken away.
3. An entry has one row alone: an answer that was given once does not count twice.
4. Acts upon one version, and answers of one person about one agreement, count in the order in which they were entered.
5. The columns beside an agreement's signed bytes say what the bytes say.
6. The key that is pinned for an agency is the one that was entered for it last.

What has no entry is not told: a draft that nobody signed, an agency's name, the text of an assessment at work. Nor does
this prove the ledger: that its own checkpoints do (:mod:`comity.ledger.verify`).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import rfc8785

from comity.agreements.canonical import canonical
from comity.agreements.entering import Connection
from comity.agreements.errors import FaultyAgreementError
from comity.agreements.keys import thumbprint
from comity.agreements.models import Act
from comity.agreements.parse import parse_agreement
from comity.agreements.sign import message
from comity.ledger import Entry, commitment
from comity.ledger.store import entries_of
from comity.store import load_queries
from comity.vocabulary.models import Label, Vocabulary

_QUERIES: Final = load_queries("comity.agreements", "entered.sql")
_ACTS: Final = tuple(act.value for act in Act)
_KINDS: Final = ("sign", *_ACTS, "consent", "approve", "confirm")
_QUARTER: Final = timedelta(minutes=15)
#: In which a moment may have been written: offsets from UTC are whole quarters, from 12 hours behind to 14 ahead.
_ZONES: Final = (UTC, *(timezone(_QUARTER * it) for it in range(-48, 57) if it))


class Found(StrEnum):
    """How what is kept and what was entered can differ."""

    EDITED = "edited"
    NOT_ENTERED = "not-entered"
    NOT_KEPT = "not-kept"
    KEPT_TWICE = "kept-twice"
    OUT_OF_ORDER = "out-of-order"
    BESIDE_THE_TEXT = "beside-the-text"
    OTHER_KEY = "other-key"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: where, why it is one, and what to do about it. It names no person."""

    found: Found
    place: Label
    entry: UUID | None
    cause: Label
    mend: Label


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of an act: what it is, its entry's id and salt, when it was, and what it commits to if written in a zone.

    ``series`` is what it counts in the order of.
    """

    place: Label
    kind: str
    entry: UUID | None
    salt: bytes | None
    at: datetime
    said: Callable[[datetime, Entry], bytes | None]
    series: str | None = None


def differences(governance: Connection, ledger: Connection, vocabulary: Vocabulary) -> tuple[Difference, ...]:
    """Return every difference between what is kept of agreements and the ledger; none is how it should be.

    ``governance`` and ``ledger`` are connections of those two roles to one database, with no transaction open: each
    may read what the other may not. What is done meanwhile is no difference.
    """
    rows = _rows(governance)
    entries = {it.id: it for it in entries_of(ledger, _KINDS)}
    keys = entries_of(ledger, ("alteration",), "thumbprint")
    # An act that was committed since the rows were read has its entry here, and its row by now.
    known = {it.entry for it in rows} | {it.entry for it in _rows(governance)}
    found = [each for row in rows for each in _of_row(row, entries)]
    found += [_without_row(entry) for entry in entries.values() if entry.id not in known]
    found += [*_twice(rows), *_out_of_order(rows, list(entries))]
    return (*found, *_beside_the_text(governance, vocabulary), *_other_keys(governance, keys))


# --- rows ------------------------------------------------------------------------------------------------------------


def _rows(conn: Connection) -> list[_Row]:
    with conn.transaction():
        return [
            *(_signature(*row) for row in conn.execute(_QUERIES.signatures)),
            *(_act(*row) for row in conn.execute(_QUERIES.acts)),
            *(_consent(*row) for row in conn.execute(_QUERIES.consents)),
            *(_approval(*row) for row in conn.execute(_QUERIES.approvals)),
            *(_step(*row) for row in conn.execute(_QUERIES.steps)),
            *(_confirmation(*row) for row in conn.execute(_QUERIES.confirmations)),
        ]


def _signature(agreement: str, agency: str, entry: UUID, salt: bytes, at: datetime, *rest: Any) -> _Row:
    name, version, print_of_key, signature, data = rest
    place = Label(f"the signature of {agency} under {agreement}", f"de handtekening van {agency} onder {agreement}")

    def said(_: datetime, entered: Entry) -> bytes | None:
        if data is None or entered.context.get("thumbprint") != print_of_key:
            return None
        return message(bytes(data), agency, name, version) + bytes(signature)

    return _Row(place, "sign", entry, salt, at, said)


def _act(agreement: str, agency: str, entry: UUID, salt: bytes, at: datetime, *rest: Any) -> _Row:
    act, by, reason = rest
    place = Label(f"the act {act} of {agency} upon {agreement}", f"de handeling {act} van {agency} met {agreement}")
    payload = {"agency": agency, "agreement": agreement, "act": act, "by": by, "reason": reason}
    return _Row(place, act, entry, salt, at, lambda moment, _: _written(payload, moment), f"act {agreement}")


def _consent(name: str, agency: str, entry: UUID, salt: bytes, at: datetime, *rest: Any) -> _Row:
    answer, by, reason, person = rest
    place = Label(f"an answer about {name} recorded by {agency}", f"een antwoord over {name}, vastgelegd door {agency}")
    payload = {"answer": answer, "agency": agency, "by": by, "reason": reason, "name": name, "person": str(person)}
    series = f"consent {name} {person}"
    return _Row(place, "consent", entry, salt, at, lambda moment, _: _written(payload, moment), series)


def _approval(assessment: str, entry: UUID, salt: bytes, at: datetime, by: str, document: Mapping[str, Any]) -> _Row:
    place = Label(f"the approval of assessment {assessment}", f"de goedkeuring van beoordeling {assessment}")

    def said(moment: datetime, entered: Entry) -> bytes:
        # Which agency approved is kept in the entry alone.
        agency = entered.context.get("agency", "")
        return _written({"assessment": assessment, "agency": agency, "by": by, "document": document}, moment)

    return _Row(place, "approve", entry, salt, at, said)


def _step(assessment: str, agency: str, entry: UUID, salt: bytes, at: datetime, *rest: Any) -> _Row:
    step, discipline, staff, digest = rest
    place = Label(
        f"the signature of {agency} under the step {step} of assessment {assessment}",
        f"de handtekening van {agency} onder de stap {step} van beoordeling {assessment}",
    )
    payload = {"agency": agency, "assessment": assessment, "discipline": discipline, "step": step, "by": staff}
    payload["digest"] = bytes(digest).hex()
    return _Row(place, "sign", entry, salt, at, lambda moment, _: _written(payload, moment))


def _confirmation(agreement: str, agency: str, entry: UUID, salt: bytes, at: datetime, *rest: Any) -> _Row:
    by, digest = rest
    place = Label(
        f"the confirmation by {agency} of what {agreement} would show",
        f"de bevestiging door {agency} van wat {agreement} zou tonen",
    )
    payload = {
        "by": by,
        "digest": bytes(digest or b"").hex(),
        "act": "impact",
        "agency": agency,
        "agreement": agreement,
    }
    return _Row(place, "confirm", entry, salt, at, lambda moment, _: _written(payload, moment))


def _written(payload: Mapping[str, Any], moment: datetime) -> bytes:
    return rfc8785.dumps({**payload, "at": moment.isoformat()})


# --- rows and entries ------------------------------------------------------------------------------------------------


def _of_row(row: _Row, entries: Mapping[UUID, Entry]) -> Iterator[Difference]:
    entry = entries.get(row.entry) if row.entry else None
    if entry is None:
        yield _difference(Found.NOT_ENTERED, row.place, row.entry)
    elif entry.kind != row.kind or entry.at != row.at or not _opens(row, entry):
        yield _difference(Found.EDITED, row.place, row.entry)


def _opens(row: _Row, entry: Entry) -> bool:
    """Whether the entry's commitment opens; the database keeps a moment, and not the zone in which it was written."""
    if row.salt is None:
        return False
    for zone in _ZONES:
        said = row.said(row.at.astimezone(zone), entry)
        if said is not None and commitment(bytes(row.salt), said) == entry.commitment:
            return True
    return False


def _without_row(entry: Entry) -> Difference:
    about = entry.context.get("agreement") or entry.context.get("assessment") or "?"
    agency = entry.context.get("agency") or "?"
    place = Label(f"{entry.kind} of {about} by {agency}", f"{entry.kind} van {about} door {agency}")
    return _difference(Found.NOT_KEPT, place, entry.id)


def _twice(rows: Iterable[_Row]) -> Iterator[Difference]:
    seen: Counter[UUID | None] = Counter()
    for row in rows:
        seen[row.entry] += 1
        if row.entry is not None and seen[row.entry] > 1:
            yield _difference(Found.KEPT_TWICE, row.place, row.entry)


def _out_of_order(rows: Iterable[_Row], order: Sequence[UUID]) -> Iterator[Difference]:
    """Yield each row that counts after one which both was entered later and happened later."""
    place_of = {entry: place for place, entry in enumerate(order)}
    series: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        if row.series is not None and row.entry in place_of:
            before = series[row.series]
            if any(place_of[it.entry] > place_of[row.entry] and it.at > row.at for it in before if it.entry):
                yield _difference(Found.OUT_OF_ORDER, row.place, row.entry)
            before.append(row)


# --- what has no entry of its own ------------------------------------------------------------------------------------


def _beside_the_text(conn: Connection, vocabulary: Vocabulary) -> Iterator[Difference]:
    with conn.transaction():
        kept = conn.execute(_QUERIES.agreements).fetchall()
    for name, version, data, yaml, parties, assessment in kept:
        if not _says_the_same(bytes(data), yaml, (name, version, parties, assessment), vocabulary):
            place = Label(f"the agreement {name}@{version}", f"de overeenkomst {name}@{version}")
            yield _difference(Found.BESIDE_THE_TEXT, place, None)


def _says_the_same(data: bytes, yaml: str, beside: tuple[Any, ...], vocabulary: Vocabulary) -> bool:
    name, version, parties, assessment = beside
    try:
        said = json.loads(data)
        between = said["between"]
        stated = (said["agreement"], said["version"], said["assessment"])
        named = {*between["providers"], *between["recipients"]}
    except (ValueError, KeyError, TypeError):
        return False
    if stated != (name, version, assessment) or named != set(parties):
        return False
    try:
        return canonical(parse_agreement(yaml, vocabulary)) == data
    except FaultyAgreementError:
        return False


def _other_keys(conn: Connection, entries: Iterable[Entry]) -> Iterator[Difference]:
    entered = {it.context["agency"]: it for it in entries if it.context.keys() == {"agency", "thumbprint"}}
    with conn.transaction():
        kept = conn.execute(_QUERIES.keys).fetchall()
    for agency, key, print_of_key in kept:
        entry = entered.get(agency)
        place = Label(f"the key pinned for {agency}", f"de sleutel die voor {agency} vastligt")
        if entry is None:
            yield _difference(Found.NOT_ENTERED, place, None)
        elif not entry.context["thumbprint"] == thumbprint(bytes(key)) == print_of_key:
            yield _difference(Found.OTHER_KEY, place, entry.id)


def _difference(found: Found, place: Label, entry: UUID | None) -> Difference:
    return Difference(found, place, entry, *_WORDS[found])


_RESTORE: Final = Label(
    "Suspend what hangs on it, and restore the row from a backup of before; find out who could write here.",
    "Schort op wat ervan afhangt en zet de rij terug uit een eerdere reservekopie; zoek uit wie hier kon schrijven.",
)
_WORDS: Final[Mapping[Found, tuple[Label, Label]]] = {
    Found.EDITED: (
        Label(
            "What is kept, or its salt, is not what the entry commits to: it was edited afterwards.",
            "Wat is bewaard, of het zout ervan, is niet waarop de regel zich vastlegt: het is later gewijzigd.",
        ),
        _RESTORE,
    ),
    Found.NOT_ENTERED: (
        Label(
            "The ledger has no entry of it: it was put in past Comity, or the entry was taken away.",
            "Het grootboek heeft er geen regel van: het is buiten Comity om ingevoegd, of de regel is weggehaald.",
        ),
        Label(
            "Suspend what hangs on it, and verify the ledger. Let whoever is said to have done it do it anew, or take"
            " it out.",
            "Schort op wat ervan afhangt en controleer het grootboek. Laat wie het gedaan zou hebben het opnieuw doen,"
            " of haal het weg.",
        ),
    ),
    Found.NOT_KEPT: (
        Label(
            "The ledger has the entry, and nothing is kept of it: the row was taken away or made another's.",
            "Het grootboek heeft de regel en er is niets van bewaard: de rij is weggehaald of van iets anders gemaakt.",
        ),
        _RESTORE,
    ),
    Found.KEPT_TWICE: (
        Label(
            "Another row has the same entry: what was done once counts twice.",
            "Een andere rij heeft dezelfde regel: wat één keer is gedaan telt twee keer.",
        ),
        Label(
            "Take out the row that was added; find out who could write here.",
            "Haal de toegevoegde rij weg; zoek uit wie hier kon schrijven.",
        ),
    ),
    Found.OUT_OF_ORDER: (
        Label(
            "It counts after what was done and entered later: the order was changed, so another one has the last word.",
            "Het telt na wat later is gedaan en vastgelegd: de volgorde is veranderd, zodat iets anders het laatste"
            " woord heeft.",
        ),
        _RESTORE,
    ),
    Found.BESIDE_THE_TEXT: (
        Label(
            "What stands beside the signed text (name, version, parties, assessment, or the file as it was proposed) "
            "says something else than the text.",
            "Wat naast de ondertekende tekst staat (naam, versie, partijen, beoordeling, of het bestand zoals het werd "
            "voorgesteld) zegt iets anders dan de tekst.",
        ),
        Label(
            "If the vocabulary has changed since, propose the next version in its words. If not, restore the row from a"
            " backup.",
            "Is de woordenlijst sindsdien veranderd, stel dan de volgende versie voor in haar woorden. Zo niet, zet de"
            " rij dan terug uit een reservekopie.",
        ),
    ),
    Found.OTHER_KEY: (
        Label(
            "It is not the key that was entered for the agency last: signatures of another would be taken for its own.",
            "Het is niet de sleutel die het laatst voor de organisatie is vastgelegd: handtekeningen van een ander"
            " zouden voor de hare doorgaan.",
        ),
        Label(
            "Ask the agency for its thumbprint, and pin that key anew (comity agreement agency ... --replace-key).",
            "Vraag de organisatie om de vingerafdruk en leg die sleutel opnieuw vast (comity agreement agency ... "
            "--replace-key).",
        ),
    ),
}
