"""Whoever signs confirms what would newly be visible: an impact that was taken of exactly that version.

Rules:

1. An impact is confirmed by its digest. It must be of these very bytes of the version, held against the version that is
   in force now, and no older than :data:`FRESH`.
2. It was taken for the party that signs. A party may also refer to one that a provider has confirmed: whoever only
   receives holds no records to weigh.
3. A provider elsewhere hands in its impact under its signature, over the content and in its own name; it is kept if the
   key is the one pinned for that provider.
4. The confirmation and the signature are one transaction, each with its entry in the ledger. An impact that is refused
   leaves no signature.

That a version is in force does not depend on any of this (``docs/decisions/0011-confirming-an-impact.md``).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from comity.agreements.entering import Connection, enter
from comity.agreements.errors import ActRefusedError, SignatureError, UnknownAgreementError
from comity.agreements.models import Agreement
from comity.agreements.parse import from_canonical
from comity.agreements.rows import all_from_rows, standing_query
from comity.agreements.store import add_signature
from comity.store import load_queries
from comity.vocabulary.models import Vocabulary

_QUERIES: Final = load_queries("comity.agreements", "confirming.sql")
DOMAIN: Final = b"comity/impact-signature/1"  # so that no other signature of ours can be taken for one
FRESH: Final = timedelta(days=7)  # a meeting's papers go out a week before: records of longer ago are not today's


@dataclass(frozen=True, slots=True)
class Confirming:
    """Who confirms which impact: the party, the opaque id of its officer, the impact's digest, and when."""

    agency: str
    by: str
    digest: bytes
    at: datetime


class Stale(StrEnum):
    """Why an impact cannot be signed upon any more."""

    TEXT = "text"  # the text has changed since
    AGAINST = "against"  # another version is in force than the one that it was held against
    OLD = "old"  # it is of records of longer ago than :data:`FRESH`


@dataclass(frozen=True, slots=True)
class Kept:
    """An impact as it is kept, in bands; ``stale`` says why it cannot be signed upon, ``None`` if it can."""

    id: UUID
    digest: bytes
    taken_at: datetime
    agency: str
    document: dict[str, Any]
    stale: Stale | None


def sign_confirmed(
    conn: Connection, name: str, version: int, confirming: Confirming, signature: bytes, vocabulary: Vocabulary
) -> None:
    """Keep a party's signature together with its confirmation of what would newly be visible.

    Raises :class:`ActRefusedError` if that impact cannot be confirmed, and what
    :func:`comity.agreements.store.add_signature` raises; nothing is kept then.
    """
    with conn.transaction():
        confirm(conn, name, version, confirming, vocabulary)
        add_signature(conn, name, version, confirming.agency, signature, vocabulary, confirming.at)


def confirm(conn: Connection, name: str, version: int, confirming: Confirming, vocabulary: Vocabulary) -> None:
    """Keep that a party has seen an impact, with its entry; :class:`ActRefusedError` if it is not one to sign upon."""
    with conn.transaction():
        data, agreement = _text(conn, name, version, vocabulary)
        if confirming.agency not in agreement.parties:
            raise ActRefusedError(f"{confirming.agency} is no party to {agreement}. Only its parties confirm.")
        impact, document = _found(conn, agreement, confirming)
        _check(document, data, _in_force(conn, agreement, vocabulary, confirming.at), confirming.at)
        context = {"act": "impact", "agency": confirming.agency, "agreement": str(agreement)}
        payload = {"by": confirming.by, "digest": confirming.digest.hex(), "at": confirming.at.isoformat(), **context}
        entry, salt = enter(conn, "confirm", confirming.at, context, rfc8785.dumps(payload))
        values = {"name": name, "version": version, "agency": confirming.agency, "impact": impact}
        conn.execute(
            _QUERIES.confirm, {**values, "by": confirming.by, "at": confirming.at, "entry": entry, "salt": salt}
        )


def latest_impact(
    conn: Connection, name: str, version: int, agency: str, vocabulary: Vocabulary, at: datetime
) -> Kept | None:
    """Return the newest impact of a version that ``agency`` may sign upon; if it may upon none, the newest of all."""
    return next(iter(_latest(conn, name, version, agency, vocabulary, at)), None)


def kept_impact(
    conn: Connection, name: str, version: int, agency: str, wanted: UUID, vocabulary: Vocabulary, at: datetime
) -> Kept | None:
    """Return one of the latest impacts of a version that are ``agency``'s to confirm, by its id."""
    return next((it for it in _latest(conn, name, version, agency, vocabulary, at) if it.id == wanted), None)


def _latest(conn: Connection, name: str, version: int, agency: str, vocabulary: Vocabulary, at: datetime) -> list[Kept]:
    row = conn.execute(_QUERIES.text, {"name": name, "version": version}).fetchone()
    if row is None:
        return []
    agreement = from_canonical(bytes(row[0]), vocabulary)
    in_force = _in_force(conn, agreement, vocabulary, at)
    asked = {"name": name, "version": version, "agency": agency, "providers": list(agreement.providers)}
    found = []
    for number, digest, document, taken_at, taken_for in conn.execute(_QUERIES.latest, asked):
        said = json.loads(bytes(document))
        stale = _stale(said, bytes(row[0]), in_force, at)
        found.append(Kept(number, bytes(digest), taken_at, taken_for, said, stale))
    return sorted(found, key=lambda it: it.stale is not None)  # stable: the newest stays first of its kind


# --- an impact from elsewhere ----------------------------------------------------------------------------------------


def sign_impact(document: bytes, agency: str, key: Ed25519PrivateKey) -> bytes:
    """Return a provider's signature (64 bytes) over the content of an impact that it took."""
    return key.sign(_message(document, agency))


def admit_impact(
    conn: Connection, document: bytes, agency: str, signature: bytes, vocabulary: Vocabulary, at: datetime
) -> bytes:
    """Keep an impact that a provider elsewhere took and signed, and return its digest.

    Raises :class:`SignatureError` unless it is canonical, of a version kept here, and signed by a provider of it with
    the key that is pinned for that provider.
    """
    name, version = _named(document)
    with conn.transaction():
        _, agreement = _text(conn, name, version, vocabulary)
        if agency not in agreement.providers:
            raise SignatureError(f"{agency} provides nothing under {agreement}, so its impact says nothing of it.")
        row = conn.execute(_QUERIES.key, {"agency": agency}).fetchone()
        if row is None or row[0] is None or not _verified(_message(document, agency), signature, bytes(row[0])):
            raise SignatureError(f"The impact is not signed by {agency} with the key that is pinned for it here.")
        digest = hashlib.sha256(document).digest()
        if conn.execute(_QUERIES.admitted, {"agency": agency, "digest": digest}).fetchone() is None:
            context = {"act": "impact", "agency": agency, "agreement": str(agreement)}
            entry, salt = enter(conn, "consultation", at, context, digest)
            values = {"id": entry, "name": name, "version": version, "agency": agency, "at": at, "salt": salt}
            conn.execute(_QUERIES.admit, {**values, "digest": digest, "document": document, "signature": signature})
    return digest


def _named(document: bytes) -> tuple[str, int]:
    try:
        said = json.loads(document)
        name, _, version = str(said["agreement"]).rpartition("@")
        as_written, number = rfc8785.dumps(said), int(version)
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureError("This is no impact as a node writes it. Ask the provider for it again.") from error
    if as_written != document:
        raise SignatureError("This impact is not written as a node writes it. Ask the provider for it again.")
    return name, number


def _message(document: bytes, agency: str) -> bytes:
    parts = [DOMAIN, agency.encode()]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts) + document


def _verified(message: bytes, signature: bytes, public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# --- pieces ----------------------------------------------------------------------------------------------------------


def _found(conn: Connection, agreement: Agreement, confirming: Confirming) -> tuple[UUID, dict[str, Any]]:
    asked = {"name": agreement.name, "version": agreement.version, "digest": confirming.digest}
    parties = {"agency": confirming.agency, "providers": list(agreement.providers)}
    row = conn.execute(_QUERIES.impact, {**asked, **parties}).fetchone()
    if row is None:
        raise ActRefusedError(
            f"No impact of {agreement} with that digest was taken for {confirming.agency}, nor confirmed by a "
            "provider. Take one, read what would newly be visible, and confirm its digest."
        )
    return row[0], json.loads(bytes(row[1]))


def _check(document: dict[str, Any], data: bytes, in_force: str | None, at: datetime) -> None:
    stale = _stale(document, data, in_force, at)
    if stale is Stale.TEXT:
        raise ActRefusedError("The text has changed since that impact was taken. Take it anew.")
    if stale is Stale.AGAINST:
        raise ActRefusedError(
            f"That impact was held against {document.get('against') or 'no version'}, and in force is "
            f"{in_force or 'none'}. Take it anew."
        )
    if stale is not None:
        raise ActRefusedError(f"That impact is older than {FRESH.days} days. Take it anew, on today's records.")


def _stale(document: dict[str, Any], data: bytes, in_force: str | None, at: datetime) -> Stale | None:
    if document.get("agreement_digest") != hashlib.sha256(data).hexdigest():
        return Stale.TEXT
    if document.get("against") != in_force:
        return Stale.AGAINST
    return Stale.OLD if at.date() - date.fromisoformat(document["day"]) > FRESH else None


def _in_force(conn: Connection, agreement: Agreement, vocabulary: Vocabulary, now: datetime) -> str | None:
    found = all_from_rows(conn.execute(standing_query(), {"name": agreement.name}), vocabulary, now)
    others = (it for versions in found for it in versions if it.version != agreement.version)
    return next((f"{it.name}@{it.version}" for it in others if it.standing.in_force), None)


def _text(conn: Connection, name: str, version: int, vocabulary: Vocabulary) -> tuple[bytes, Agreement]:
    row = conn.execute(_QUERIES.lock_agreement, {"name": name, "version": version}).fetchone()
    if row is None:
        raise UnknownAgreementError(f"There is no version {version} of an agreement named {name!r} here.")
    data = bytes(row[0])
    return data, from_canonical(data, vocabulary)
