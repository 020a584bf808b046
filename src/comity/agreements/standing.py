"""Whether a version is in force, and every reason why not. Pure: bytes, keys, acts and the time are handed in.

A version is in force if and only if all of these hold, in this order:

1. Its bytes are the canonical form of an agreement of that name and version, and fit the vocabulary of today.
2. Each party has signed those very bytes, with the key that is pinned for it (:mod:`comity.agreements.sign`), and for
   no other party: whoever holds one key speaks for one agency.
3. The day is not before ``from`` and not after ``until``.
4. No party has suspended it. A party's suspension is lifted by that party alone.
5. No party has revoked it. That is for ever.
6. No later version has taken effect. A version takes effect on the first day on which it is signed by all, assessed
   and begun; from then on the earlier ones are replaced, even if the later one is suspended, revoked or damaged: what
   was replaced never comes back.
7. The assessment that it names is approved.

A review that is overdue is a warning, not a refusal: the parties' own ``until`` bounds the harm, and stopping a
victim's protection because a meeting was late would do more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Final

from comity.agreements.errors import FaultyAgreementError
from comity.agreements.keys import thumbprint
from comity.agreements.models import Act, Agreement, Considered, Event, Kept, Party, Reason, Signature, Standing, Why
from comity.agreements.parse import from_canonical
from comity.agreements.sign import verify
from comity.vocabulary.models import Label, Vocabulary

APPROVED: Final = "approved"

_REMEMBERED: Final = 1_024  # parsed agreements
_parsed: dict[tuple[int, bytes], tuple[Vocabulary, Agreement]] = {}


def consider(
    versions: Iterable[Kept], parties: Mapping[str, Party], vocabulary: Vocabulary, now: datetime
) -> tuple[Considered, ...]:
    """Return the standing of each version of **one** agreement, earliest first.

    ``parties`` are the agencies by id; ``now`` is in the zone whose calendar counts.
    """
    read = [(kept, _read(kept, vocabulary)) for kept in sorted(versions, key=lambda kept: kept.version)]
    effective = {kept.version for kept, found in read if _took_effect(kept, found, now)}
    newest = max(effective, default=0)
    return tuple(_considered(kept, found, parties, newest, effective, now) for kept, found in read)


def current(considered: Sequence[Considered]) -> Considered | None:
    """Return the version to decide under: the last that took effect, else the last; None if there is none at all."""
    effective = [each for each in considered if each.effective]
    return max(effective or considered, key=lambda each: each.version, default=None)


def is_review_overdue(considered: Considered) -> bool:
    """Whether a version is in force and its own review, of the agreement as a whole, is overdue."""
    standing = considered.standing
    return standing.in_force and any(warning.code is Why.REVIEW_OVERDUE for warning in standing.warnings)


def _considered(
    kept: Kept,
    found: Agreement | Reason,
    parties: Mapping[str, Party],
    newest: int,
    effective: Collection[int],
    now: datetime,
) -> Considered:
    agreement = found if isinstance(found, Agreement) else None
    standing = _standing(kept, found, parties, newest, now.date())
    return Considered(kept.name, kept.version, agreement, standing, kept.version in effective)


def _standing(
    kept: Kept, found: Agreement | Reason, parties: Mapping[str, Party], newest: int, today: date
) -> Standing:
    replaced = _replaced(newest) if newest > kept.version else ()
    if isinstance(found, Reason):
        return Standing((found, *replaced))
    reasons = (
        *(_signing(kept, found, agency, parties) for agency in found.parties),
        *_days(found, today),
        *_acts(kept.events),
        *replaced,
        *_assessed(kept, found),
    )
    return Standing(tuple(reason for reason in reasons if reason), tuple(_warnings(found, today)))


# --- 1: the bytes ----------------------------------------------------------------------------------------------------


def _read(kept: Kept, vocabulary: Vocabulary) -> Agreement | Reason:
    try:
        agreement = _parse(kept.data, vocabulary)
    except FaultyAgreementError as error:
        fault = error.faults[0]
        return _unreadable(f"{fault.path}: {fault.cause}" if fault.path else fault.cause)
    if (agreement.name, agreement.version) != (kept.name, kept.version):
        return _unreadable(f"They are those of {agreement}.")
    return agreement


def _parse(data: bytes, vocabulary: Vocabulary) -> Agreement:
    """Read canonical bytes, or remember having read the same ones with the same vocabulary."""
    # The vocabulary is kept beside the agreement, so that its id is not given to another while the entry lives.
    key = (id(vocabulary), sha256(data).digest())
    if key not in _parsed:
        agreement = from_canonical(data, vocabulary)
        if len(_parsed) >= _REMEMBERED:
            _parsed.clear()
        _parsed[key] = (vocabulary, agreement)
    return _parsed[key][1]


def _unreadable(cause: str) -> Reason:
    return _reason(
        Why.UNREADABLE,
        f"The text that is kept cannot be used as an agreement. {cause}",
        f"De bewaarde tekst is niet als overeenkomst te gebruiken. {cause}",
    )


# --- 2: signatures ---------------------------------------------------------------------------------------------------


def _signing(kept: Kept, agreement: Agreement, agency: str, parties: Mapping[str, Party]) -> Reason | None:
    signatures = {each.thumbprint: each for each in kept.signatures if each.agency == agency}
    if not signatures:
        return _reason(Why.UNSIGNED, f"Not signed by {agency}.", f"Niet ondertekend door {agency}.")
    public_key = parties[agency].public_key if agency in parties else None
    signature = signatures.get(thumbprint(public_key)) if public_key is not None else None
    if public_key is None or signature is None:
        return _reason(
            Why.KEY_NOT_PINNED,
            f"Signed by {agency} with a key that is not the one pinned for it here.",
            f"Ondertekend door {agency} met een andere sleutel dan hier voor deze partij is vastgelegd.",
        )
    if any(each in parties and parties[each].public_key == public_key for each in agreement.parties if each != agency):
        return _reason(
            Why.KEY_SHARED,
            f"The key of {agency} is pinned for another party too.",
            f"De sleutel van {agency} is ook voor een andere partij vastgelegd.",
        )
    if not _genuine(kept, agreement, signature, public_key):
        return _reason(
            Why.INVALID_SIGNATURE,
            f"The signature of {agency} does not belong to this text.",
            f"De ondertekening van {agency} hoort niet bij deze tekst.",
        )
    return None


def _genuine(kept: Kept, agreement: Agreement, signature: Signature, public_key: bytes) -> bool:
    return verify(kept.data, signature.agency, agreement.name, agreement.version, signature.signature, public_key)


# --- 3 to 7 ----------------------------------------------------------------------------------------------------------


def _days(agreement: Agreement, today: date) -> Iterator[Reason]:
    days = agreement.in_force
    if today < days.start:
        yield _reason(Why.NOT_YET, f"Not in force before {days.start}.", f"Niet van kracht voor {days.start}.")
    if today > days.until:
        yield _reason(Why.EXPIRED, f"Expired after {days.until}.", f"Verlopen na {days.until}.")


def _acts(events: Iterable[Event]) -> Iterator[Reason]:
    suspended, revoked = acts_in_effect(events)
    for agency in suspended:
        yield _reason(Why.SUSPENDED, f"Suspended by {agency}.", f"Geschorst door {agency}.")
    for agency in revoked:
        yield _reason(Why.REVOKED, f"Revoked by {agency}.", f"Ingetrokken door {agency}.")


def acts_in_effect(events: Iterable[Event]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the agencies whose suspension stands, and those that revoked, each in the order of their acts.

    A suspension is lifted only if it was in the order in which the acts were kept and in that of their moments: rows
    that were put in another order lift nothing.
    """
    kept = tuple(events)
    revoked = dict.fromkeys(event.agency for event in kept if event.act is Act.REVOKE)
    suspended = _suspended(kept) | _suspended(sorted(kept, key=lambda event: event.at))
    return tuple(suspended), tuple(revoked)


def _suspended(events: Iterable[Event]) -> dict[str, None]:
    suspended: dict[str, None] = {}
    for event in events:
        if event.act is Act.SUSPEND:
            suspended[event.agency] = None
        elif event.act is Act.RESUME:
            suspended.pop(event.agency, None)
    return suspended


def _replaced(newest: int) -> tuple[Reason, ...]:
    return (_reason(Why.REPLACED, f"Replaced by version {newest}.", f"Vervangen door versie {newest}."),)


def _took_effect(kept: Kept, found: Agreement | Reason, now: datetime) -> bool:
    if isinstance(found, Reason):
        # Nobody can say whether it did. That it was signed is enough not to fall back to an earlier version.
        return bool(kept.signatures)
    start = found.in_force.start
    signed = {each.agency for each in kept.signatures}.issuperset(found.parties)
    withdrawn = any(each.act is Act.REVOKE and each.at.astimezone(now.tzinfo).date() < start for each in kept.events)
    return signed and _approved(kept, found) and start <= now.date() and not withdrawn


def _approved(kept: Kept, agreement: Agreement) -> bool:
    # The row's reference must be the one in the signed text: else another assessment could be slipped under it.
    return kept.assessment == str(agreement.assessment) and kept.assessment_status == APPROVED


def _assessed(kept: Kept, agreement: Agreement) -> Iterator[Reason]:
    if not _approved(kept, agreement):
        yield _reason(
            Why.NOT_ASSESSED,
            f"The impact assessment {agreement.assessment} is not approved.",
            f"De effectbeoordeling {agreement.assessment} is niet goedgekeurd.",
        )


def _warnings(agreement: Agreement, today: date) -> Iterator[Reason]:
    due = agreement.in_force.review_by
    if today > due:
        yield _reason(
            Why.REVIEW_OVERDUE,
            f"Its review was due by {due}.",
            f"De evaluatie had uiterlijk op {due} moeten plaatsvinden.",
        )


def _reason(code: Why, en: str, nl: str) -> Reason:
    return Reason(code, Label(en, nl))
