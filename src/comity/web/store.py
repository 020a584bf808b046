"""Rows of the web's own tables, in and out: who may sign in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from psycopg import AsyncConnection, Connection

from comity.store import load_queries
from comity.vocabulary.models import Label
from comity.web.models import Citizen, Colleague

_QUERIES = load_queries("comity.web")
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # nothing that a reader of a letter could take for another
_TOKEN_MARK = "comity_"  # noqa: S105  (no secret) so that a scanner for leaked secrets knows one when it sees one
_TOKEN_BYTES = 32
_CODE_LENGTH = 16  # 78 bits: guessing one among a million letters takes longer than any letter is valid


async def colleague(conn: AsyncConnection, name: str) -> Colleague | None:
    """Return a colleague as they are now, or none."""
    row = await (await conn.execute(_QUERIES.colleague, {"colleague": name})).fetchone()
    return Colleague(*row) if row else None


def colleague_now(conn: Connection, name: str) -> Colleague | None:
    """Return the same, for the command line."""
    row = conn.execute(_QUERIES.colleague, {"colleague": name}).fetchone()
    return Colleague(*row) if row else None


async def colleagues_to_demonstrate(conn: AsyncConnection) -> list[Colleague]:
    """Return the people of a demonstration."""
    return [Colleague(*row) for row in await (await conn.execute(_QUERIES.colleagues_to_demonstrate)).fetchall()]


def put_colleague(conn: Connection, it: Colleague) -> None:
    """Let somebody sign in, or change what they are."""
    values = {
        "colleague": it.id, "name": it.name, "agency": it.agency, "role": it.role, "language": it.language,
        "demonstration": it.demonstration,
    }  # fmt: skip
    conn.execute(_QUERIES.put_colleague, values)


def remove_colleague(conn: Connection, name: str) -> bool:
    """Let somebody sign in no longer; their next request is refused. Return whether they could before."""
    return conn.execute(_QUERIES.remove_colleague, {"colleague": name}).rowcount > 0


def send_letter(conn: Connection, person: UUID, now: datetime, valid_until: datetime) -> str:
    """Return the code to print in a letter to ``person``; only its digest is kept."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    letter = {
        "letter": uuid4(), "code_digest": _digest(code), "person": person, "sent_at": now, "valid_until": valid_until,
    }  # fmt: skip
    conn.execute(_QUERIES.put_letter, letter)
    return "-".join(code[at : at + 4] for at in range(0, _CODE_LENGTH, 4))


def issue_token(conn: Connection, colleague: str, now: datetime, valid_until: datetime) -> str:
    """Return a token with which a program asks in a colleague's name; only its digest is kept.

    Raises psycopg's ForeignKeyViolation if there is no such colleague.
    """
    token = f"{_TOKEN_MARK}{secrets.token_urlsafe(_TOKEN_BYTES)}"
    values = {
        "token": uuid4(), "digest": _token_digest(token), "colleague": colleague, "issued_at": now,
        "valid_until": valid_until,
    }  # fmt: skip
    conn.execute(_QUERIES.put_token, values)
    return token


def revoke_tokens(conn: Connection, colleague: str, now: datetime) -> int:
    """End every token of a colleague; return how many were still valid."""
    return conn.execute(_QUERIES.revoke_tokens, {"colleague": colleague, "now": now}).rowcount


async def holder_of_token(conn: AsyncConnection, token: str, now: datetime) -> Colleague | None:
    """Return the colleague in whose name a token asks, while it is valid; none, whatever is wrong with it."""
    values = {"digest": _token_digest(token), "now": now}
    row = await (await conn.execute(_QUERIES.holder_of_token, values)).fetchone()
    return Colleague(*row) if row else None


async def citizen(conn: AsyncConnection, code: str, now: datetime) -> Citizen | None:
    """Return the person to whom a code was sent, while it is valid; none, whatever is wrong with it."""
    values = {"code_digest": _digest(code), "now": now}
    row = await (await conn.execute(_QUERIES.letter_of_code, values)).fetchone()
    return Citizen(*row) if row else None


async def names_of(conn: AsyncConnection, agency: str) -> Mapping[str, str]:
    """Return what the people of an agency are called, by the opaque id that is logged."""
    rows = await (await conn.execute(_QUERIES.colleagues_of, {"agency": agency})).fetchall()
    return dict(rows)


def names_now(conn: Connection, agency: str) -> Mapping[str, str]:
    """Return what the people of an agency are called, by their opaque ids, on a plain connection."""
    return dict(conn.execute(_QUERIES.colleagues_of, {"agency": agency}).fetchall())


async def agreement_titles(conn: AsyncConnection) -> Mapping[str, Label]:
    """Return what each agreement is called: under its name as its last version says, under ``name@version`` as that."""
    titles: dict[str, Label] = {}
    for name, version, en, nl in await (await conn.execute(_QUERIES.agreement_titles)).fetchall():
        titles[name] = titles[f"{name}@{version}"] = Label(en, nl)
    return titles


async def agency_labels(conn: AsyncConnection) -> Mapping[str, Label]:
    """Return what each agency is called."""
    rows = await (await conn.execute(_QUERIES.agencies)).fetchall()
    return {agency: Label(en, nl) for agency, _, en, nl in rows}


def _token_digest(token: str) -> bytes:
    # A plain hash does: 256 random bits cannot be guessed from their digest.
    return hashlib.sha256(token.encode()).digest()


def _digest(code: str) -> bytes:
    letters = "".join(letter for letter in code.upper() if letter in _ALPHABET)
    return hashlib.sha256(letters.encode()).digest()
