"""Replayed and re-ordered: a signature counts for its party, its version and its text; an act for its version."""

from __future__ import annotations

import pytest
from tests.gate.world import NOW

from comity.agreements.errors import ActRefusedError, SignatureError
from comity.agreements.models import Act, Event
from comity.agreements.sign import sign
from comity.agreements.store import act_upon, add_signature, read_agreement
from comity.gate import Disclosure, Refusal
from comity.store import Role

from .injections import superuser

WIDER = "  - {record: person, fields: {name: as-is, birth_date: as-is}}"


def why(answer) -> str:
    assert isinstance(answer, Refusal)
    return answer.reason.code.removeprefix("not-in-force:")


def act(world, what: Act, agency: str = "police", version: int = 1) -> None:
    with world.store.connect(Role.GOVERNANCE) as conn:
        act_upon(conn, "charging", version, Event(what, agency, NOW), by="dpo", reason="misuse")


def behind_the_triggers(world, statement: str) -> None:
    with superuser(world) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute(statement)


COPY = """insert into agreements.signature select '{name}', {version}, agency, thumbprint, signature, signed_at, entry, salt
from agreements.signature where name = 'charging' and version = 1"""


def test_signatures_of_one_version_replayed_on_the_next(world, accused):
    """The next version lets out more, and nobody signed it: nothing leaves, under either."""
    world.agree()
    world.agree(version=2, release=WIDER, signed=False)
    assert isinstance(world.ask(accused), Disclosure)
    with superuser(world) as conn:
        conn.execute(COPY.format(name="charging", version=2))
    assert why(world.ask(accused)) == ",".join(["invalid-signature"] * 3)


def test_signatures_of_one_version_given_for_the_next(world, accused):
    """Through the front door they are refused, and the first version stays in force."""
    world.agree()
    world.agree(version=2, release=WIDER, signed=False)
    with world.store.connect(Role.GOVERNANCE) as conn:
        old = read_agreement(conn, "charging", 1, world.vocabulary)
        for agency in old.parties:
            with pytest.raises(SignatureError):
                add_signature(conn, "charging", 2, agency, sign(old, agency, world.keys[agency]), world.vocabulary, NOW)
    assert world.ask(accused).version == 1


def test_signatures_of_one_agreement_replayed_on_another(world, accused):
    """The same text under another name is another agreement."""
    world.agree()
    world.agree(name="other", signed=False)
    with superuser(world) as conn:
        conn.execute(COPY.format(name="other", version=1))
    assert why(world.ask(accused, agreement="other")) == ",".join(["invalid-signature"] * 3)


def test_an_old_version_put_back_in_the_place_of_the_new(world, accused):
    """Signed bytes and signatures of version 1 under the number 2: the bytes say which version they are."""
    world.agree(release=WIDER)
    world.agree(version=2)
    assert world.ask(accused).version == 2
    behind_the_triggers(
        world,
        "update agreements.agreement set canonical = (select canonical from agreements.agreement where version = 1);"
        "delete from agreements.signature where version = 2;" + COPY.format(name="charging", version=2),
    )
    assert why(world.ask(accused)) == "unreadable"


def test_signatures_swapped_between_parties(world, accused):
    """Each names its party."""
    world.agree()
    behind_the_triggers(
        world,
        "update agreements.signature as one set signature = other.signature from agreements.signature as other"
        " where (one.agency, other.agency) in (('police', 'court'), ('court', 'police'))",
    )
    assert why(world.ask(accused)) == "invalid-signature,invalid-signature"


def test_one_signature_given_twice_for_two_parties(world, accused):
    """Three rows are not three parties."""
    world.agree()
    behind_the_triggers(world, "update agreements.signature set agency = 'police' where agency = 'court'")
    assert why(world.ask(accused)) == "unsigned"


def test_signatures_replayed_after_the_agreement_was_revoked(world, accused):
    """Signing again does not undo a revocation: not the same signatures, not new ones."""
    world.agree()
    act(world, Act.REVOKE)
    with world.store.connect(Role.GOVERNANCE) as conn:
        agreement = read_agreement(conn, "charging", 1, world.vocabulary)
        with pytest.raises(SignatureError):
            add_signature(
                conn, "charging", 1, "police", sign(agreement, "police", world.keys["police"]), world.vocabulary, NOW
            )
    behind_the_triggers(world, "update agreements.signature set signed_at = now() + interval '1 day'")
    assert why(world.ask(accused)) == "revoked"


def test_resumed_after_the_agreement_was_revoked(world, accused):
    """Not through the front door, and not by a line in the table: a revocation is for ever."""
    world.agree()
    act(world, Act.SUSPEND)
    act(world, Act.REVOKE)
    with pytest.raises(ActRefusedError):
        act(world, Act.RESUME)
    with superuser(world) as conn:
        conn.execute(
            "insert into agreements.event (name, version, act, agency, by, at, reason, entry, salt)"
            " select name, version, 'resume', agency, by, at, reason, entry, salt from agreements.event where act = 'suspend'"
        )
    assert why(world.ask(accused)) == "revoked"


def test_another_partys_suspension_lifted(world, accused):
    """Whoever suspended resumes; a line in the table by another party lifts nothing."""
    world.agree()
    act(world, Act.SUSPEND, "court")
    with pytest.raises(ActRefusedError):
        act(world, Act.RESUME, "police")
    with superuser(world) as conn:
        conn.execute(
            "insert into agreements.event (name, version, act, agency, by, at, reason, entry, salt)"
            " select name, version, 'resume', 'police', by, at, reason, entry, salt from agreements.event"
        )
    assert why(world.ask(accused)) == "suspended"


def test_a_revocation_re_ordered_before_the_signatures(world, accused):
    """A revocation has no moment at which it stops counting, however early it is dated."""
    world.agree()
    act(world, Act.REVOKE)
    behind_the_triggers(
        world,
        "update agreements.event set at = '2026-03-01';"
        "insert into agreements.event overriding system value select -1, name, version, act, agency, by, at, reason, entry, salt"
        " from agreements.event; delete from agreements.event where number > 0",
    )
    assert why(world.ask(accused)) == "revoked"


def test_acts_upon_another_version(world, accused):
    """Revoking a draft stops the draft; the version that is in force stays so, and the other way about."""
    world.agree()
    world.agree(version=2, signed=False)
    act(world, Act.REVOKE, version=2)
    assert world.ask(accused).version == 1
    act(world, Act.REVOKE, version=1)
    assert isinstance(world.ask(accused), Refusal)


def test_acts_by_who_is_no_party(world, accused):
    """Nobody else stops it; and a line in the table by somebody else errs on the side of stopping."""
    world.agree()
    with pytest.raises(ActRefusedError):
        act(world, Act.REVOKE, "prison")
    assert isinstance(world.ask(accused), Disclosure)
    with superuser(world) as conn:
        conn.execute(
            "insert into agreements.event (name, version, act, agency, by, at, reason, entry, salt) values"
            " ('charging', 1, 'revoke', 'prison', 'x', now(), 'x', gen_random_uuid(), decode(repeat('00', 16), 'hex'))"
        )
    assert why(world.ask(accused)) == "revoked"
