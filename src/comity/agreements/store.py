"""Agreements in and out of the database. Every act of governance and its entry in the ledger are one transaction.

Rules:

1. A version may be replaced by another draft until the first party signs; from then on it stays as it is.
2. A signature is checked before it is kept, and again whenever it is used. None is taken under a text that
   contradicts itself or the law.
3. Only a party suspends, resumes or revokes; a revoked version takes no further act.
4. Entries hold terms and ids only. What an entry is about is committed to with 16 random bytes that stay here.

Each function that writes commits by itself, unless the caller has a transaction open: then it is part of that one.
Connections are those of ``comity_governance``; ``comity_gate`` may read. Times are handed in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import rfc8785
from psycopg.types.json import Jsonb

from comity.agreements.canonical import canonical
from comity.agreements.consent import LETS_LEAVE, Answer, Recorded
from comity.agreements.entering import Connection, enter
from comity.agreements.errors import (
    ActRefusedError,
    AgreementError,
    ContradictionError,
    ImmutableError,
    SignatureError,
    UnknownAgreementError,
)
from comity.agreements.keys import is_sound, thumbprint
from comity.agreements.models import (
    Act,
    Agreement,
    AssessmentReference,
    Considered,
    Done,
    Event,
    Party,
    Signature,
)
from comity.agreements.parse import MAX_NAME, from_canonical, is_name, parse_agreement
from comity.agreements.prove import contradictions
from comity.agreements.prove_words import finding_words
from comity.agreements.reading import hidden
from comity.agreements.rows import all_from_rows, standing_from_rows, standing_query
from comity.agreements.sign import message, verify
from comity.agreements.standing import acts_in_effect
from comity.store import load_queries
from comity.vocabulary.models import Label, Vocabulary

_QUERIES: Final = load_queries("comity.agreements")

MAX_STAFF: Final = 100  # characters of an opaque id of staff, as the gate bounds it
MAX_LABEL: Final = 200  # of what an agency is called
MAX_REASON: Final = 2_000  # a page

# --- agencies --------------------------------------------------------------------------------------------------------


def add_agency(
    conn: Connection, agency: str, kind: str, label: Label, vocabulary: Vocabulary, *, replace: bool = False
) -> None:
    """Make an agency known, or change its words; its key is pinned apart. An unknown ``kind`` is refused.

    So is another kind than the agency has, unless ``replace``: agreements with it were signed for what it is. A name
    holds no comma, nor anything else by which one could be taken for two.
    """
    if not is_name(agency):
        raise AgreementError(
            f"This cannot be an agency's name. Use small letters, digits and single hyphens, at most {MAX_NAME}."
        )
    for words in (label.en, label.nl):
        _check_words(words, MAX_LABEL, "What an agency is called")
    if kind not in vocabulary.agency_kinds:
        raise AgreementError(
            f"There is no kind of agency named {kind!r}. Known are: {', '.join(vocabulary.agency_kinds)}."
        )
    with conn.transaction():
        row = conn.execute(_QUERIES.lock_kind, {"agency": agency}).fetchone()
        if row is not None and row[0] != kind and not replace:
            raise AgreementError(
                f"{agency} is known here as {row[0]}, not {kind}. Say that this is to be replaced, if it is."
            )
        conn.execute(_QUERIES.add_agency, {"agency": agency, "kind": kind, "en": label.en, "nl": label.nl})


def pin_key(conn: Connection, agency: str, public_key: bytes, at: datetime, *, replace: bool = False) -> str:
    """Pin the key by which an agency is known here, and return its thumbprint.

    Another key than the pinned one is refused unless ``replace``; with it, what the agency signed with the old key is
    no longer in force until it signs anew. A key that is another agency's is refused: each signs with its own.
    """
    print_of_key = thumbprint(public_key)
    if not is_sound(public_key):
        raise SignatureError(f"Under this key every text would be signed. Let {agency} make a key of its own.")
    with conn.transaction():
        row = conn.execute(_QUERIES.lock_key, {"agency": agency}).fetchone()
        if row is None:
            raise UnknownAgreementError(f"There is no agency named {agency!r} here. Add it first.")
        if row[0] == public_key:
            return print_of_key
        if row[0] is not None and not replace:
            raise SignatureError(f"Another key is pinned for {agency}. Say that it is to be replaced, if it is.")
        if conn.execute(_QUERIES.has_key, {"public_key": public_key}).fetchone():
            raise SignatureError(f"This is the key of another agency. Let {agency} make a key of its own.")
        conn.execute(_QUERIES.pin_key, {"agency": agency, "public_key": public_key, "thumbprint": print_of_key})
        enter(conn, "alteration", at, {"agency": agency, "thumbprint": print_of_key}, public_key)
    return print_of_key


def agencies(conn: Connection) -> tuple[Party, ...]:
    """Return the agencies that this node knows."""
    return tuple(
        Party(agency, kind, Label(en, nl), key) for agency, kind, en, nl, key in conn.execute(_QUERIES.agencies)
    )


# --- agreements ------------------------------------------------------------------------------------------------------


def propose(conn: Connection, text: str, vocabulary: Vocabulary, at: datetime) -> Agreement:
    """Keep an agreement's YAML as a draft of the version that it names, and return it.

    Raises :class:`FaultyAgreementError` with every fault, and :class:`ImmutableError` if a party has signed another
    text of this version; the same text again changes nothing.
    """
    agreement = parse_agreement(text, vocabulary, agencies=[party.agency for party in agencies(conn)])
    data, named = canonical(agreement), _named(agreement.name, agreement.version)
    with conn.transaction():
        row = conn.execute(_QUERIES.lock_agreement, named).fetchone()
        if row is not None and bytes(row[0]) == data:
            return agreement
        if row is not None and _is_signed(conn, named):
            raise ImmutableError(f"{agreement} is signed, so its text stays. Propose version {agreement.version + 1}.")
        values = {"canonical": data, "yaml": text, "parties": list(agreement.parties), "at": at}
        conn.execute(_QUERIES.propose, {**named, **values, "assessment": str(agreement.assessment)})
    return agreement


def add_signature(
    conn: Connection, name: str, version: int, agency: str, signature: bytes, vocabulary: Vocabulary, at: datetime
) -> None:
    """Keep a party's signature under the version's present text.

    Raises :class:`SignatureError`, and keeps nothing, unless the agency is a party, has a key pinned here, has not
    signed with it before, and the signature is that key's over that text. Raises :class:`ContradictionError` if the
    text contradicts itself or what is known of the law: nobody signs what cannot be so.
    """
    with conn.transaction():
        data, _ = _locked(conn, name, version)
        agreement = from_canonical(data, vocabulary)
        key = _signing_key(conn, agreement, agency)
        if not verify(data, agency, name, version, signature, key):
            raise SignatureError(
                f"The signature is not {agency}'s under {name}@{version} as it is kept here. "
                "Sign this text, with the key that is pinned for the agency."
            )
        if found := contradictions(agreement, vocabulary):
            said = [(each.clause, finding_words(each, agreement, vocabulary)) for each in found]
            raise ContradictionError(str(agreement), said)
        context = {"agency": agency, "agreement": f"{name}@{version}", "thumbprint": thumbprint(key)}
        entry, salt = enter(conn, "sign", at, context, message(data, agency, name, version) + signature)
        values = {"agency": agency, "thumbprint": thumbprint(key), "signature": signature, "at": at}
        added = conn.execute(
            _QUERIES.add_signature, {**_named(name, version), **values, "entry": entry, "salt": salt}
        ).rowcount
        if not added:
            raise SignatureError(f"{agency} has signed {name}@{version} already. There is nothing to do.")


def read_agreement(conn: Connection, name: str, version: int, vocabulary: Vocabulary) -> Agreement:
    """Return one version, in force or not, e.g. for a party to sign it; :class:`UnknownAgreementError` if not kept."""
    return from_canonical(_text(conn, name, version)[0], vocabulary)


def read_text(conn: Connection, name: str, version: int) -> str:
    """Return the YAML of one version as it was proposed."""
    return _text(conn, name, version)[1]


def signatures_under(conn: Connection, name: str, version: int) -> tuple[Signature, ...]:
    """Return the signatures that were given under a version, earliest first; whether they count is its standing."""
    return tuple(Signature(*row) for row in conn.execute(_QUERIES.signatures_under, _named(name, version)))


def load_standing(conn: Connection, name: str, vocabulary: Vocabulary, now: datetime) -> Considered:
    """Return the version of an agreement to decide under, and its standing, from the database's bytes of this moment.

    Raises :class:`UnknownAgreementError` if there is none of that name.
    """
    found = standing_from_rows(conn.execute(standing_query(), {"name": name}), vocabulary, now)
    if found is None:
        raise UnknownAgreementError(f"There is no agreement named {name!r} here.")
    return found


def all_standings(conn: Connection, vocabulary: Vocabulary, now: datetime) -> tuple[tuple[Considered, ...], ...]:
    """Return the versions of each agreement, by name, earliest first, each with its standing."""
    return all_from_rows(conn.execute(standing_query(), {"name": None}), vocabulary, now)


def signatures_of(conn: Connection) -> Mapping[str, tuple[Signature, ...]]:
    """Return every signature that is kept, by ``name@version``; whether one counts, its reader has to check."""
    found: dict[str, tuple[Signature, ...]] = {}
    for name, version, *signed in conn.execute(_QUERIES.signatures):
        each = Signature(*signed)
        found[f"{name}@{version}"] = (*found.get(f"{name}@{version}", ()), each)
    return found


# --- acts ------------------------------------------------------------------------------------------------------------


def act_upon(conn: Connection, name: str, version: int, event: Event, *, by: str, reason: str) -> None:
    """Suspend, resume or revoke a version, as ``event`` says, by a member of that agency's staff (an opaque id).

    It counts from the moment that the transaction commits. Raises :class:`ActRefusedError` if it makes no sense. It
    does not depend on the agreement being readable: what has gone wrong must always be revocable.
    """
    agreement = f"{name}@{version}"
    _check_words(by, MAX_STAFF, "A staff id")
    if reason.strip():
        _check_words(reason, MAX_REASON, "A reason")
    with conn.transaction():
        _, parties = _locked(conn, name, version)
        _check_act(event, agreement, parties, _events(conn, name, version))
        if not reason.strip():
            raise ActRefusedError("No reason is given. Say why, for the other parties.")
        context = {"agency": event.agency, "agreement": agreement}
        payload = {**context, "act": event.act.value, "at": event.at.isoformat(), "by": by, "reason": reason}
        entry, salt = enter(conn, event.act.value, event.at, context, rfc8785.dumps(payload))
        values = {"act": event.act.value, "agency": event.agency, "at": event.at, "by": by, "reason": reason}
        conn.execute(_QUERIES.add_event, {**_named(name, version), **values, "entry": entry, "salt": salt})


def acts_upon(conn: Connection, name: str, version: int) -> tuple[Done, ...]:
    """Return what was done to a version, earliest first, by whom and why: for its parties, not for the public."""
    rows = conn.execute(_QUERIES.acts, _named(name, version))
    return tuple(Done(Event(Act(act), agency, at), by, reason) for act, agency, at, by, reason in rows)


def _check_act(event: Event, agreement: str, parties: Collection[str], before: Collection[Event]) -> None:
    act, agency = event.act, event.agency
    suspended, revoked = acts_in_effect(before)
    if agency not in parties:
        raise ActRefusedError(f"{agency} is no party to {agreement}. Only its parties can {act.value} it.")
    if revoked:
        raise ActRefusedError(f"{agreement} is revoked, for ever. Propose the next version.")
    if act is Act.RESUME and agency not in suspended:
        raise ActRefusedError(f"{agency} has not suspended {agreement}. Whoever suspended it resumes it.")
    if act is Act.SUSPEND and agency in suspended:
        raise ActRefusedError(f"{agency} has suspended {agreement} already. There is nothing to do.")


def _events(conn: Connection, name: str, version: int) -> list[Event]:
    rows = conn.execute(_QUERIES.events, _named(name, version))
    return [Event(Act(act), agency, at) for act, agency, at in rows]


# --- consent ---------------------------------------------------------------------------------------------------------


def record_consent(conn: Connection, name: str, person: UUID, recorded: Recorded, vocabulary: Vocabulary) -> None:
    """Keep what a person answered about an agreement. It counts from the moment that the transaction commits.

    Raises :class:`UnknownAgreementError` if there is none of that name, and :class:`ActRefusedError` if it asks for no
    consent, if the agency is no party to it, or if a refusal comes without the reason to go on.
    """
    _check_words(recorded.by, MAX_STAFF, "A staff id")
    if recorded.reason.strip():
        _check_words(recorded.reason, MAX_REASON, "A reason")
    with conn.transaction():
        _check_consent(name, _versions(conn, name, vocabulary, recorded.at), recorded)
        context = {"agency": recorded.agency, "agreement": name}
        said = {
            "answer": recorded.answer.value,
            "agency": recorded.agency,
            "by": recorded.by,
            "reason": recorded.reason,
        }
        payload = {**said, "name": name, "person": str(person), "at": recorded.at.isoformat()}
        entry, salt = enter(conn, "consent", recorded.at, context, rfc8785.dumps(payload))
        values = {**said, "agency": recorded.agency, "name": name, "person": person, "at": recorded.at}
        conn.execute(_QUERIES.add_consent, {**values, "entry": entry, "salt": salt})


def _versions(conn: Connection, name: str, vocabulary: Vocabulary, now: datetime) -> list[Agreement]:
    found = all_from_rows(conn.execute(standing_query(), {"name": name}), vocabulary, now)
    if not found:
        raise UnknownAgreementError(f"There is no agreement named {name!r} here.")
    return [each.agreement for versions in found for each in versions if each.agreement is not None]


def _check_consent(name: str, versions: Collection[Agreement], recorded: Recorded) -> None:
    asking = [each for each in versions if LETS_LEAVE.get(each.consent) is not None]
    if not asking:
        raise ActRefusedError(f"{name} asks nobody for consent, so there is nothing to record.")
    if not any(recorded.agency in each.parties for each in asking):
        raise ActRefusedError(f"{recorded.agency} is no party to {name}. Only its parties can record an answer.")
    if recorded.answer is Answer.REFUSED and not recorded.reason.strip():
        raise ActRefusedError("A refusal needs the reason to go on. State it, or record nothing: then nothing leaves.")


# --- assessments -----------------------------------------------------------------------------------------------------


def propose_assessment(
    conn: Connection, assessment: AssessmentReference, document: Mapping[str, Any], *, worked_out: bool = False
) -> None:
    """Keep an impact assessment as a draft; :class:`ImmutableError` if that version is approved with another text.

    A version that is being worked on in four steps takes no other text than what was ``worked_out`` there.
    """
    named = _named(assessment.name, assessment.version)
    with conn.transaction():
        if not worked_out and conn.execute(_QUERIES.is_worked_on, named).fetchone():
            raise ActRefusedError(f"Assessment {assessment} is being worked on in four steps. Approve it there.")
        row = conn.execute(_QUERIES.lock_assessment, named).fetchone()
        if row is not None and row[0] == "approved":
            if row[1] == dict(document):
                return
            raise ImmutableError(f"Assessment {assessment} is approved, so its text stays. Propose the next version.")
        conn.execute(_QUERIES.propose_assessment, {**named, "document": Jsonb(dict(document))})


def approve_assessment(
    conn: Connection, assessment: AssessmentReference, *, agency: str, by: str, at: datetime
) -> None:
    """Approve a draft, for ``agency``, by a member of its staff (an opaque id); an approved one stays as it is.

    The agency is one that this node knows: it stands in the ledger's entry, for all to read.
    """
    _check_words(by, MAX_STAFF, "A staff id")
    named = _named(assessment.name, assessment.version)
    with conn.transaction():
        row = conn.execute(_QUERIES.lock_assessment, named).fetchone()
        if row is None:
            raise UnknownAgreementError(f"There is no assessment {assessment} here. Propose it first.")
        if row[0] == "approved":
            raise ActRefusedError(f"Assessment {assessment} is approved already. There is nothing to do.")
        if not is_name(agency) or conn.execute(_QUERIES.lock_kind, {"agency": agency}).fetchone() is None:
            raise UnknownAgreementError("There is no agency of that name here. Add it first.")
        context = {"agency": agency, "assessment": str(assessment)}
        payload = {"assessment": str(assessment), "agency": agency, "by": by, "document": row[1]}
        entry, salt = enter(conn, "approve", at, context, rfc8785.dumps({**payload, "at": at.isoformat()}))
        conn.execute(_QUERIES.approve_assessment, {**named, "by": by, "at": at, "entry": entry, "salt": salt})


# --- pieces ----------------------------------------------------------------------------------------------------------


def _check_words(text: str, most: int, what: str) -> None:
    """Raise unless ``text`` is what a person may write here and a table can hold; the message does not repeat it."""
    if not text.strip() or len(text) > most or next(hidden(text), None) is not None:
        raise AgreementError(f"{what} is plain text of at most {most:,} characters, none of them invisible.")


def _signing_key(conn: Connection, agreement: Agreement, agency: str) -> bytes:
    if agency not in agreement.parties:
        raise SignatureError(f"{agency} is no party to {agreement}. Its parties are: {', '.join(agreement.parties)}.")
    row = conn.execute(_QUERIES.lock_key, {"agency": agency}).fetchone()
    if row is None or row[0] is None:
        raise SignatureError(f"No key is pinned for {agency} here. Pin its public key first.")
    return bytes(row[0])


def _locked(conn: Connection, name: str, version: int) -> tuple[bytes, list[str]]:
    row = conn.execute(_QUERIES.lock_agreement, _named(name, version)).fetchone()
    if row is None:
        raise _unknown(name, version)
    return bytes(row[0]), row[1]


def _text(conn: Connection, name: str, version: int) -> tuple[bytes, str]:
    row = conn.execute(_QUERIES.text, _named(name, version)).fetchone()
    if row is None:
        raise _unknown(name, version)
    return bytes(row[0]), str(row[1])


def _is_signed(conn: Connection, named: Mapping[str, Any]) -> bool:
    row = conn.execute(_QUERIES.signed, named).fetchone()
    return bool(row and row[0])


def _named(name: str, version: int) -> dict[str, Any]:
    return {"name": name, "version": version}


def _unknown(name: str, version: int) -> UnknownAgreementError:
    return UnknownAgreementError(f"There is no version {version} of an agreement named {name!r} here.")
