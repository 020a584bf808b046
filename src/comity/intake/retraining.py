"""A new model proposed, and put in force by a person, each with its entry in the ledger: for pages and commands.

1. Training, its entry and what it would change commit together; nobody's person changes.
2. Putting a model in force, linking everybody by it, and both entries commit together or not at all.
3. The entry names the model's version, and nobody; it commits to who put it in force. Why stands with the model.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import uuid4

import rfc8785
from psycopg.types.json import Jsonb

from comity.intake.relinking import relink
from comity.intake.store import QUERIES, Connection
from comity.ledger import Entry, append, commitment
from comity.ledger.entry import SALT_SIZE
from comity.people import retrain
from comity.people.effects import Effects, Example
from comity.people.errors import NothingToLearnError, UnknownModelError
from comity.people.link import Link, link
from comity.people.models import Changes, KeptModel

__all__ = [
    "Changes",
    "Effects",
    "Example",
    "KeptModel",
    "NothingToLearnError",
    "UnknownModelError",
    "apply",
    "examples_of",
    "models",
    "named",
    "propose",
]

Progress = Callable[[str], None]


def propose(conn: Connection, now: datetime, progress: Progress = lambda _: None) -> tuple[str, Effects] | Changes:
    """Train a model and return its version and what it would change; it is in force only once a person says so.

    On a node that has none, the first is put in force at once, and what changed is returned: there is no linking that
    it could upset. Raises the people room's NothingToLearnError (a ValueError).
    """
    if not any(each.in_force for each in models(conn)):
        return relink(conn, now, progress)
    with conn.transaction():
        version, effects = retrain.propose(conn, now, progress)
        _enter(conn, now, {"act": "propose-model", "model": version}, {})
    return version, effects


def apply(
    conn: Connection,
    version: str,
    now: datetime,
    progress: Progress = lambda _: None,
    how: Link = link,
    *,
    by: str,
    reason: str,
) -> Changes:
    """Put a model in force and link everybody by it; ``by`` is an opaque staff id, ``how`` as for ``relink``.

    Raises the people room's UnknownModelError (a LookupError).
    """
    with conn.transaction():
        retrain.put_in_force(conn, version, now, by=by, reason=reason)
        _enter(conn, now, {"act": "apply-model", "model": version}, {"by": by})
        return relink(conn, now, progress, how)


def models(conn: Connection) -> list[KeptModel]:
    """Return every model that was trained here, the newest first."""
    return retrain.models(conn)


def named(conn: Connection, name: str) -> KeptModel:
    """Return the model of this version, or the only one whose version holds ``name``. Raises UnknownModelError."""
    known = models(conn)
    found = [each for each in known if each.version == name] or [
        each for each in known if name and name in each.version
    ]
    if len(found) != 1:
        raise UnknownModelError("model: no version is called that, or several are; list the models")
    return found[0]


def examples_of(conn: Connection, version: str) -> list[Example]:
    """Return pairs that a proposed model would treat otherwise: ids, no names."""
    return retrain.examples_of(conn, version)


def _enter(conn: Connection, now: datetime, context: Mapping[str, str], more: Mapping[str, str]) -> None:
    salt, what = secrets.token_bytes(SALT_SIZE), {**context, **more, "at": now.isoformat()}
    entry = Entry(uuid4(), now, "combination", context, commitment(salt, rfc8785.dumps(what)))
    conn.execute(QUERIES.keep_decision, {"entry": entry.id, "now": now, "what": Jsonb(what), "salt": salt})
    append(conn, [entry])
