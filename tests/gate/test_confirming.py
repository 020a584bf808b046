"""Whoever signs confirms an impact of exactly that version, against what is in force, taken for them or by a provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.agreements.confirming import (
    Confirming,
    Stale,
    admit_impact,
    confirm,
    kept_impact,
    latest_impact,
    sign_confirmed,
    sign_impact,
)
from comity.agreements.entered import differences
from comity.agreements.errors import ActRefusedError, AgreementError, SignatureError
from comity.agreements.sign import sign
from comity.agreements.store import load_standing, read_agreement
from comity.store import Role

from .test_impact import impact_of
from .world import NOW, World, agreement_text

WIDER = "  - {record: person, fields: {name: as-is, address: as-is}}"


@pytest.fixture
def draft(world: World) -> Callable[..., None]:
    """Sign version 2 of an agreement of which version 1 is in force, upon an impact."""
    world.agree()
    world.agree(version=2, signed=False, release=WIDER)

    def signed_by(agency: str, digest: bytes, at=NOW) -> None:
        with world.store.connect(Role.GOVERNANCE) as conn:
            agreement = read_agreement(conn, "charging", 2, world.vocabulary)
            signature = sign(agreement, agency, world.keys[agency])
            sign_confirmed(conn, "charging", 2, Confirming(agency, "dpo-1", digest, at), signature, world.vocabulary)

    return signed_by


def signatures(world: World) -> list[str]:
    rows = world.run(
        Role.GOVERNANCE, "select agency from agreements.signature where version = 2 order by signed_at, agency"
    )
    return [row[0] for row in rows]


def test_each_party_confirms_and_signs_and_the_version_is_in_force(world: World, draft):
    for agency in ("police", "court", "prosecution"):
        draft(agency, impact_of(world, agency=agency).digest)
    assert sorted(signatures(world)) == ["court", "police", "prosecution"]
    with world.store.connect(Role.GOVERNANCE) as conn:
        assert load_standing(conn, "charging", world.vocabulary, NOW).version == 2
    kept = world.run(Role.GOVERNANCE, "select agency, by, entry from agreements.impact_confirmation order by number")
    assert [row[:2] for row in kept] == [(agency, "dpo-1") for agency in ("police", "court", "prosecution")]
    for *_, entry in kept:
        (body,) = world.run(Role.LEDGER, "select body from ledger.outbox where id = %s", entry)[0]
        said = json.loads(bytes(body))
        assert (said["kind"], set(said["context"])) == ("confirm", {"act", "agency", "agreement"})
    assert beside_the_ledger(world) == []
    edited = (
        "set session_replication_role = replica; update agreements.impact_confirmation set by = 'x' where number = 1"
    )
    with psycopg.connect(world.store.admin, dbname=world.store.database) as conn:
        conn.execute(edited)
    assert beside_the_ledger(world) == [("edited", "the confirmation by police of what charging@2 would show")]


def beside_the_ledger(world: World) -> list[tuple[str, str]]:
    with world.store.connect(Role.GOVERNANCE) as conn, world.store.connect(Role.LEDGER) as ledger:
        return [(it.found.value, it.place.en) for it in differences(conn, ledger, world.vocabulary)]


def test_a_digest_of_nothing_signs_nothing(world: World, draft):
    with pytest.raises(ActRefusedError, match="Take one"):
        draft("police", bytes(32))
    assert signatures(world) == []


def test_an_impact_that_another_recipient_took_does_not_count(world: World, draft):
    with pytest.raises(ActRefusedError, match="Take one"):
        draft("police", impact_of(world, agency="prosecution").digest)


def test_a_recipient_refers_to_what_a_provider_confirmed(world: World, draft):
    world.person(name="Makes the digests of the two differ")
    digest = impact_of(world, agency="police").digest
    with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(ActRefusedError, match="no party"):
        confirm(conn, "charging", 2, Confirming("helpline", "x", digest, NOW), world.vocabulary)
    draft("police", digest)
    draft("prosecution", digest)
    assert signatures(world) == ["police", "prosecution"]


def test_a_text_that_changed_since_is_weighed_anew(world: World, draft):
    digest = impact_of(world).digest
    world.agree_to(
        agreement_text(version=2, release=WIDER.replace("as-is}", "as-is, phone: as-is}")), signed=False, assessed=False
    )
    with pytest.raises(ActRefusedError, match="changed"):
        draft("police", digest)
    assert signatures(world) == []


def test_an_impact_against_itself_hides_nothing(world: World, draft):
    world.agree(version=3, signed=False, release=WIDER)
    nothing_new = impact_of(world, version=2, against=3).digest
    with pytest.raises(ActRefusedError, match="held against charging@3"):
        draft("police", nothing_new)


def test_an_old_impact_is_taken_anew(world: World, draft):
    digest = impact_of(world).digest
    with pytest.raises(ActRefusedError, match="older than 7 days"):
        draft("police", digest, NOW + timedelta(days=8))
    draft("police", digest, NOW + timedelta(days=7))


def latest(world: World, agency: str, version: int = 2, at=NOW):
    with world.store.connect(Role.GOVERNANCE) as conn:
        return latest_impact(conn, "charging", version, agency, world.vocabulary, at)


def test_the_latest_that_a_party_may_sign_upon_is_found_and_why_one_may_not_be(world: World, draft):
    assert (latest(world, "police"), latest(world, "police", version=9)) == (None, None)
    fresh = impact_of(world, agency="police")
    impact_of(world, agency="police", version=2, against=1)
    impact_of(world, agency="court")
    found = latest(world, "police")
    assert (found.digest, found.agency, found.stale) == (fresh.digest, "police", None)
    assert latest(world, "prosecution") is None, "it may refer to what a provider confirmed, not to what one took"
    draft("police", fresh.digest)
    assert latest(world, "prosecution").digest == fresh.digest
    assert latest(world, "police", at=NOW + timedelta(days=8)).stale is Stale.OLD
    with world.store.connect(Role.GOVERNANCE) as conn:
        kept = [
            kept_impact(conn, "charging", 2, agency, fresh.id, world.vocabulary, NOW) for agency in ("police", "court")
        ]
    assert [it.id if it else None for it in kept] == [fresh.id, fresh.id]


def test_an_impact_that_can_be_signed_upon_comes_before_a_newer_one_that_cannot(world: World, draft):
    world.agree(version=3, signed=False, release=WIDER)
    usable = impact_of(world, version=2)
    impact_of(world, version=2, against=3)
    assert latest(world, "police").digest == usable.digest
    assert latest(world, "police").stale is None


def test_an_impact_against_another_version_or_of_another_text_is_told_as_such(world: World, draft):
    world.agree(version=3, signed=False, release=WIDER)
    impact_of(world, version=2, against=3)
    assert latest(world, "police").stale is Stale.AGAINST
    world.agree_to(
        agreement_text(version=2, release=WIDER.replace("as-is}", "as-is, phone: as-is}")), signed=False, assessed=False
    )
    assert latest(world, "police").stale is Stale.TEXT


def test_a_signature_that_is_refused_leaves_no_confirmation(world: World, draft):
    digest = impact_of(world).digest
    world.keys["police"] = Ed25519PrivateKey.generate()
    with pytest.raises(SignatureError):
        draft("police", digest)
    assert world.run(Role.GOVERNANCE, "select agency from agreements.impact_confirmation") == []


def test_what_was_signed_before_stays_in_force(world: World):
    world.agree()
    assert world.run(Role.GOVERNANCE, "select agency from agreements.impact_confirmation") == []
    with world.store.connect(Role.GOVERNANCE) as conn:
        assert load_standing(conn, "charging", world.vocabulary, NOW).standing.in_force


# --- from a node that holds records to one that holds none -----------------------------------------------------------


def admitted(world: World, document: bytes, agency: str, signature: bytes) -> bytes:
    with world.store.connect(Role.GOVERNANCE) as conn:
        return admit_impact(conn, document, agency, signature, world.vocabulary, NOW)


def test_a_providers_signed_impact_is_kept_once_and_may_be_confirmed(world: World, draft):
    document = impact_of(world, agency="police").canonical()
    signature = sign_impact(document, "police", world.keys["police"])
    digest = admitted(world, document, "police", signature)
    assert admitted(world, document, "police", signature) == digest
    kept = "select count(*) from agreements.impact where signature is not null"
    assert world.run(Role.GOVERNANCE, kept) == [(1,)]
    draft("prosecution", digest)


@pytest.mark.parametrize(
    ("agency", "by", "change"),
    [
        ("police", "court", b""),
        ("prosecution", "prosecution", b""),
        ("police", "police", b" "),
        ("police", "police", b"{"),
    ],
    ids=["another key", "no provider", "not canonical", "no impact"],
)
def test_an_impact_that_no_provider_signed_is_refused(world: World, draft, agency: str, by: str, change: bytes):
    document = impact_of(world, agency="police").canonical() + change
    with pytest.raises(AgreementError):
        admitted(world, document, agency, sign_impact(document, agency, world.keys[by]))


def test_a_providers_impact_with_another_number_is_refused(world: World, draft):
    document = impact_of(world, agency="police").canonical()
    signature = sign_impact(document, "police", world.keys["police"])
    with pytest.raises(SignatureError, match="not signed by police"):
        admitted(world, document.replace(b"0-4", b"5-9", 1), "police", signature)
