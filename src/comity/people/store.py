"""Rows of this room, in and out, within the caller's transaction. Everything takes many rows at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from psycopg import Connection, Cursor

from comity.people import block
from comity.people.cluster import Bonds
from comity.people.model import Model, from_json
from comity.people.models import Features, Standard
from comity.people.reconcile import Assignment, Past
from comity.people.standardise import standardise
from comity.people.tokens import tokens
from comity.store import load_queries

QUERIES = load_queries("comity.people")

Conn = Connection[Any]
Weights = dict[tuple[UUID, UUID], float]
Keyed = tuple[list[int], list[UUID]]

# The advisory lock of this room: a number that no other room uses ("people" in ASCII).
LOCK = 0x70656F706C65

# By where it is kept and its version: there a model never changes, and reading one takes a while.
_models: dict[tuple[str, int, str, str], Model] = {}


def hashed(key: str) -> int:
    """Return a blocking key as the 64-bit number it is stored under."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True)


def lock(conn: Conn) -> None:
    """Wait until nobody else decides who is who, and keep others waiting until the transaction ends."""
    conn.execute(QUERIES.lock, {"lock": LOCK})


def plan(conn: Conn, number: int) -> None:
    """Let statements about one source person be planned once for all: of one, planning takes longer than the work."""
    conn.execute(QUERIES.plan, {"mode": "force_generic_plan" if number == 1 else "auto"})


def keyed(standards: Mapping[UUID, Standard]) -> Keyed:
    """Return the blocking keys of source persons as they are stored, and beside each whose it is."""
    pairs = [(hashed(key), id_) for id_, standard in standards.items() for key in block.keys(standard)]
    return [key for key, _ in pairs], [id_ for _, id_ in pairs]


def put_features(conn: Conn, features: Sequence[Features], keys: Keyed) -> None:
    """Write features, keys and tokens; what was known of the same source persons before is replaced."""
    conn.execute(QUERIES.put_source_persons, {"rows": json.dumps([_row(each) for each in features])})
    conn.execute(QUERIES.put_keys, {"keys": keys[0], "ids": keys[1]})
    found = [(kind, token, each) for each in features for kind, token in tokens(each)]
    conn.execute(
        QUERIES.put_tokens,
        {
            "kinds": [kind for kind, _, _ in found],
            "tokens": [token for _, token, _ in found],
            "ids": [each.source_person for _, _, each in found],
            "agencies": [each.agency for _, _, each in found],
        },
    )


def forget_derived(conn: Conn, ids: Sequence[UUID]) -> None:
    """Forget keys and tokens of source persons that are replaced, and retire their edges."""
    for query in (QUERIES.delete_keys, QUERIES.delete_tokens, QUERIES.retire_edges):
        conn.execute(query, {"ids": list(ids)})


def _row(features: Features) -> dict[str, Any]:
    return {
        "source_person": str(features.source_person),
        "agency": features.agency,
        "given_names": features.given_names,
        "family_name": features.family_name,
        "alias_names": list(features.alias_names),
        "birth_date": features.birth_date.isoformat() if features.birth_date else None,
        "birth_text": features.birth_text,
        "sex": features.sex,
        "postcode": features.postcode,
        "address": features.address,
        "identifiers": dict(features.identifiers),
    }


def known_of(conn: Conn, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return the person of each of these source persons that is placed."""
    return dict(conn.execute(QUERIES.known_of, {"ids": list(ids)}).fetchall())


def standards_of(conn: Conn, ids: Iterable[UUID]) -> dict[UUID, Standard]:
    """Return the standardised features of source persons."""
    return standards(conn.execute(QUERIES.features, {"ids": list(ids)}))


def standards(rows: Iterable[Sequence[Any]]) -> dict[UUID, Standard]:
    """Return rows of features, standardised."""
    return {row[0]: standardise(_features(row)) for row in rows}


def everybody(conn: Conn) -> dict[UUID, Standard]:
    """Return the standardised features of every source person, in the order of their ids."""
    return {row[0]: standardise(_features(row)) for row in conn.execute(QUERIES.all_features)}


def _features(row: Sequence[Any]) -> Features:
    id_, agency, given, family, aliases, birth, written, sex, postcode, address, identifiers = row
    return Features(id_, agency, given, family, tuple(aliases), birth, written, sex, postcode, address, identifiers)


def put_edges(conn: Conn, weights: Weights, model: Model) -> None:
    """Write scored pairs."""
    conn.execute(
        QUERIES.put_edges,
        {
            "a": [a for a, _ in weights],
            "b": [b for _, b in weights],
            "weights": list(weights.values()),
            "model": model.version,
        },
    )


def all_edges(conn: Conn) -> Weights:
    """Return every standing weight."""
    return {(a, b): weight for a, b, weight in conn.execute(QUERIES.all_edges)}


def replace_edges(conn: Conn, weights: Weights, model: Model) -> None:
    """Let exactly these pairs stand; one that stands already with the same weight is left as it is."""
    conn.execute(QUERIES.stage_edges)
    with conn.cursor() as cursor, cursor.copy(QUERIES.copy_edges) as copy:
        copy.set_types(["uuid", "uuid", "float8"])
        for (a, b), weight in weights.items():
            copy.write_row((a, b, weight))
    conn.execute(QUERIES.retire_unstaged, {"model": model.version})
    conn.execute(QUERIES.put_staged, {"model": model.version})


def bonds_of(conn: Conn, ids: Sequence[UUID] | None = None) -> Bonds[UUID]:
    """Return the judgements that stand, about these source persons or about everybody."""
    query = QUERIES.all_judgements if ids is None else QUERIES.judgements_touching
    return bonds(conn.execute(query, None if ids is None else {"ids": list(ids)}).fetchall())


def bonds(rows: Sequence[tuple[UUID, UUID, bool]]) -> Bonds[UUID]:
    """Return judgements as bonds."""
    return Bonds(frozenset((a, b) for a, b, same in rows if same), frozenset((a, b) for a, b, same in rows if not same))


def reach(conn: Conn, ids: Iterable[UUID], threshold: float) -> dict[UUID, UUID | None]:
    """Return everybody whose person could change with these, and the person of each."""
    return dict(reaching(conn, ids, threshold).fetchall())


def reaching(conn: Conn, ids: Iterable[UUID], threshold: float) -> Cursor[Any]:
    """Ask for the same, and do not wait for it in a pipeline."""
    return conn.execute(QUERIES.reach, {"ids": list(ids), "threshold": threshold})


def past(conn: Conn, ids: Iterable[UUID]) -> Past:
    """Return where source persons were before."""
    asked = {"ids": list(ids)}
    return past_of(conn.execute(QUERIES.former, asked), conn.execute(QUERIES.first, asked))


def past_of(former: Iterable[tuple[UUID, UUID]], first: Iterable[tuple[UUID, UUID]]) -> Past:
    """Return rows of where source persons were, as their past."""
    persons: dict[UUID, list[UUID]] = {}
    for source_person, person in former:
        persons.setdefault(source_person, []).append(person)
    return Past(persons, dict(first))


def memberships(conn: Conn) -> dict[UUID, UUID]:
    """Return who is in which person."""
    return dict(conn.execute(QUERIES.all_memberships).fetchall())


def put_strangers(conn: Conn, persons: Mapping[UUID, UUID]) -> None:
    """Write source persons that are a new person each."""
    conn.execute(QUERIES.put_persons, {"persons": list(persons.values())})
    conn.execute(QUERIES.put_memberships, {"ids": list(persons), "persons": list(persons.values())})


def put_assignment(conn: Conn, assignment: Assignment, held: Mapping[UUID, UUID]) -> int:
    """Write who is in which person; return how many moved from another."""
    moved = {id_: person for id_, person in assignment.persons.items() if held.get(id_) != person}
    redirects = {**dict.fromkeys(assignment.revived), **assignment.redirects}
    left = [id_ for id_ in moved if id_ in held]
    with conn.pipeline():
        if assignment.created:
            conn.execute(QUERIES.put_persons, {"persons": list(assignment.created)})
        if redirects:
            conn.execute(QUERIES.redirect, {"persons": list(redirects), "targets": list(redirects.values())})
        if moved:
            conn.execute(QUERIES.put_memberships, {"ids": list(moved), "persons": list(moved.values())})
        if left:
            put_moves(conn, left, [held[id_] for id_ in left], [moved[id_] for id_ in left])
    return len(left)


def put_moves(conn: Conn, ids: list[UUID], before: list[UUID], after: list[UUID] | list[None]) -> None:
    """Remember that source persons left a person, for another or for none."""
    conn.execute(QUERIES.put_moves, {"ids": ids, "before": before, "after": after})


def current_model(conn: Conn) -> Model | None:
    """Return the model in force, if there is one."""
    row = conn.execute(QUERIES.current_model).fetchone()
    return model_of(conn, row[0]) if row else None


def model_of(conn: Conn, version: str) -> Model:
    """Return a kept model."""
    where = (conn.info.host, conn.info.port, conn.info.dbname, version)
    if where not in _models:
        (body,) = conn.execute(QUERIES.model, {"version": version}).fetchall()[0]
        _models[where] = from_json(body)
    return _models[where]


def put_model(conn: Conn, model: Model) -> None:
    """Keep a model and put it in force at once."""
    keep_model(conn, model, None)
    put_in_force(conn, model.version, model.trained_at)


def keep_model(conn: Conn, model: Model, evaluation: Mapping[str, Any] | None) -> None:
    """Keep a trained model and what it was measured at; it is not in force yet."""
    conn.execute(
        QUERIES.put_model,
        {
            "version": model.version,
            "trained_at": model.trained_at,
            "body": json.dumps(model.as_json()),
            "evaluation": json.dumps(evaluation) if evaluation is not None else None,
        },
    )


def put_in_force(conn: Conn, version: str, at: datetime, *, by: str | None = None, reason: str | None = None) -> None:
    """Let a kept model speak from now on; ``by`` is an opaque staff id, or nobody."""
    conn.execute(QUERIES.put_in_force, {"version": version, "at": at, "by": by, "reason": reason})
