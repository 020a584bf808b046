"""Forget statements and persons, for whoever asks: a source, a court, or because their time is over.

Rules:

1. One way: rows, parts, data keys, messages, search keys, links, questions, samples. What another statement says too of
   somebody else is put back from that statement's part.
2. Whoever is forgotten, and whoever something is no longer so of, is noted by id in the same transaction: the gate
   tells whoever received it (``intake.gone``).
3. A tombstone keeps a keyed digest of the message, and of the source's own key no more than that: of what went because
   its time was over, not even that. Holds that were lifted say no longer whom they were about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID, uuid4

from comity.intake.linking import link
from comity.intake.restore import Taken, restore, take_away
from comity.intake.sitting import Bench
from comity.intake.store import BURIED, KEEPING, QUERIES, Connection, buried_key, ids
from comity.record.store import destroy_people, forget_statements


def forget(
    bench: Bench, whole: Sequence[UUID], shared: Collection[UUID], people: Collection[UUID], *, agency: str, kind: str
) -> None:
    """Forget statements whole, and of those that are ``shared`` what they say of these people.

    ``agency`` is whose they are, ``kind`` what recipients are told: ``erased`` or ``expunged``.
    """
    conn = bench.conn
    concerned = set(people) | set(ids(conn, KEEPING.people_in, ids=list(whole)))
    taken = take_away(bench, whole)
    destroy_people(conn, bench.vocabulary, list(people))
    forget_statements(conn, whole)
    conn.execute(QUERIES.drop_verbatim, {"ids": list(shared)})
    restored = restore(bench, taken, ())
    conn.execute(QUERIES.destroy_unused_keys, {"subjects": list(taken.subjects.values())})
    gone = Taken(taken.subjects, taken.persons | frozenset(people), taken.detained)
    link(bench, restored, gone, erase=True)
    conn.execute(KEEPING.unrestrict, {"ids": list(whole)})
    tell_gone(conn, {agency: concerned}, kind)
    conn.execute(KEEPING.forget_ended_holds, {"people": list(people), "ids": list(whole)})


def bury(bench: Bench, statements: Sequence[UUID], *, known: bool) -> None:
    """Take the source's own key from tombstones.

    ``known``: what is said again under that key is recognised, by a keyed digest, and held; otherwise nothing tells.
    """
    conn = bench.conn
    conn.execute(KEEPING.forget_decisions, {"ids": list(statements)})
    rows = conn.execute(KEEPING.keys_of, {"ids": list(statements)}).fetchall()
    keys = [
        buried_key(bench.keyring.digests, source, key) if known else f"{BURIED}{statement}"
        for statement, source, key in rows
        if not key.startswith(BURIED)
    ]
    ids_ = [statement for statement, _, key in rows if not key.startswith(BURIED)]
    conn.execute(KEEPING.bury, {"ids": ids_, "keys": keys})


def tell_gone(conn: Connection, people: Mapping[str, Collection[UUID]], kind: str) -> None:
    """Note, by agency, of whom something was erased or is no longer so, for the gate to tell whoever received it."""
    for agency, of in people.items():
        if of:
            conn.execute(KEEPING.put_gone, {"change": uuid4(), "people": list(of), "agency": agency, "kind": kind})
