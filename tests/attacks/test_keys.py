"""Another agency's key: a party is known by the one key that is pinned for it, whoever else's is at hand."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.gate.world import NOW

from comity.agreements.errors import SignatureError
from comity.agreements.keys import is_sound, public_bytes, read_public_pem, thumbprint
from comity.agreements.sign import sign, verify
from comity.agreements.store import add_signature, pin_key, read_agreement
from comity.gate import Disclosure, Refusal
from comity.store import Role

from .injections import superuser

FORGE = """insert into agreements.signature (name, version, agency, thumbprint, signature, signed_at, entry, salt)
values ('charging', 1, %s, %s, %s, now(), gen_random_uuid(), decode(repeat('00', 16), 'hex'))"""


@pytest.fixture
def unsigned(world, accused):
    """An agreement that the court and the prosecution have signed, and the police have not."""
    world.agree(signed=False)
    with world.store.connect(Role.GOVERNANCE) as conn:
        agreement = read_agreement(conn, "charging", 1, world.vocabulary)
        for agency in ("court", "prosecution"):
            give(conn, world, agency, sign(agreement, agency, world.keys[agency]))
    return agreement


def give(conn, world, agency: str, signature: bytes) -> None:
    add_signature(conn, "charging", 1, agency, signature, world.vocabulary, NOW)


def forge(world, agency: str, key: Ed25519PrivateKey, signature: bytes, print_of: Ed25519PrivateKey | None = None):
    """Write a signature past every check, as whoever holds the database could."""
    with superuser(world) as conn:
        conn.execute(FORGE, [agency, thumbprint(public_bytes(print_of or key)), signature])


def why(answer) -> str:
    assert isinstance(answer, Refusal)
    return answer.reason.code.removeprefix("not-in-force:")


def test_signing_for_one_agency_with_the_key_of_another(world, accused, unsigned):
    """Refused when it is given; and if it was written past that check, refused whenever it is used."""
    court = world.keys["court"]
    signature = sign(unsigned, "police", court)
    with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(SignatureError):
        give(conn, world, "police", signature)
    forge(world, "police", court, signature)
    assert why(world.ask(accused)) == "key-not-pinned"


def test_the_key_of_another_under_ones_own_thumbprint(world, accused, unsigned):
    """The thumbprint finds the pinned key; the signature must then be that key's."""
    court = world.keys["court"]
    forge(world, "police", court, sign(unsigned, "police", court), print_of=world.keys["police"])
    assert why(world.ask(accused)) == "invalid-signature"


def test_pinned_keys_swapped_between_two_agencies(world, accused):
    """Both agencies' signatures stop counting; neither becomes the other's."""
    world.agree()
    assert isinstance(world.ask(accused), Disclosure)
    with superuser(world) as conn:
        conn.execute(
            "update agreements.agency as one set public_key = other.public_key, thumbprint = other.thumbprint"
            " from agreements.agency as other where (one.agency, other.agency) in (('police', 'court'), ('court', 'police'))"
        )
    assert why(world.ask(accused)) == "key-not-pinned,key-not-pinned"


def test_a_key_swapped_by_who_pins_keys_is_in_the_ledger(world, accused, unsigned):
    """Whoever may pin keys could pin one of their own and sign with it: the ledger says so, and nothing signed before counts."""
    world.agree(name="older")
    mine = Ed25519PrivateKey.generate()
    with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(SignatureError):
        pin_key(conn, "police", public_bytes(mine), NOW)
    with world.store.connect(Role.GOVERNANCE) as conn:
        pin_key(conn, "police", public_bytes(mine), NOW, replace=True)
        give(conn, world, "police", sign(unsigned, "police", mine))
    assert why(world.ask(accused, agreement="older")) == "key-not-pinned"
    said = world.run(Role.LEDGER, "select body from ledger.outbox")
    entries = [json.loads(bytes(body)) for (body,) in said]
    told = [it["context"] for it in entries if it["kind"] == "alteration" and it["context"]["agency"] == "police"]
    assert [it["thumbprint"] for it in told][-1] == thumbprint(public_bytes(mine))
    assert len(told) == 2


def test_a_signature_made_before_its_key_was_pinned(world, accused, unsigned):
    """Written beforehand and waiting for its key: it counts for the agency for which that key is pinned, and no other."""
    mine = Ed25519PrivateKey.generate()
    forge(world, "police", mine, sign(unsigned, "court", mine))
    with world.store.connect(Role.GOVERNANCE) as conn:
        pin_key(conn, "police", public_bytes(mine), NOW, replace=True)
    assert why(world.ask(accused)) == "invalid-signature"


def test_one_key_for_two_agencies(world, accused, unsigned):
    """Whoever holds it could sign for both: it is not pinned twice, and if it was, nothing is in force by it."""
    shared = world.keys["court"]
    with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(SignatureError, match="another agency"):
        pin_key(conn, "police", public_bytes(shared), NOW, replace=True)
    with superuser(world) as conn:
        conn.execute(
            "update agreements.agency set public_key = %s, thumbprint = %s where agency = 'police'",
            [public_bytes(shared), thumbprint(public_bytes(shared))],
        )
    forge(world, "police", shared, sign(unsigned, "police", shared))
    assert why(world.ask(accused)) == "key-shared,key-shared"


def test_one_key_for_two_agencies_that_do_not_share_an_agreement(world, accused):
    """An agency that is no party cannot stop those that are, by handing in the same key."""
    world.agree()
    with superuser(world) as conn:
        conn.execute(
            "update agreements.agency set public_key = (select public_key from agreements.agency where agency = 'court'),"
            " thumbprint = (select thumbprint from agreements.agency where agency = 'court') where agency = 'prison'"
        )
    assert isinstance(world.ask(accused), Disclosure)


def small_order() -> Iterator[bytes]:
    """Every way to write a point whose eightfold is nothing, also those in which no key may be written."""
    for y in (0, 1, PRIME - 1, PRIME, PRIME + 1, *(int.from_bytes(bytes.fromhex(it), "little") for it in OF_ORDER_8)):
        for sign_bit in (0, 1 << 255):
            yield (y + sign_bit).to_bytes(32, "little")


PRIME = 2**255 - 19
OF_ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)
ANYTHING = (b"\x01" + b"\x00" * 63, b"\x00" * 64)


@pytest.mark.parametrize("key", list(small_order()), ids=lambda key: key.hex()[:6] + key.hex()[-2:])
def test_a_key_under_which_every_text_is_signed(key):
    """Points of small order: OpenSSL takes one signature as valid for every text under some of them."""
    assert not is_sound(key)
    for signature in (*ANYTHING, key + b"\x00" * 32):
        assert not any(verify(b"%d" % text, "police", "charging", 1, signature, key) for text in range(16))
    pem = b"-----BEGIN PUBLIC KEY-----\n" + b64encode(bytes.fromhex("302a300506032b6570032100") + key)
    with pytest.raises(SignatureError, match="another"):
        read_public_pem(pem + b"\n-----END PUBLIC KEY-----\n")


def test_a_key_under_which_every_text_is_signed_is_not_pinned_nor_used(world, accused, unsigned):
    """Not through the front door; and written into the table, it puts nothing in force."""
    key = b"\x01" + b"\x00" * 31
    with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(SignatureError, match="every text"):
        pin_key(conn, "police", key, NOW, replace=True)
    with superuser(world) as conn:
        pinned = "update agreements.agency set public_key = %s, thumbprint = %s where agency = 'police'"
        conn.execute(pinned, [key, thumbprint(key)])
        conn.execute(FORGE, ["police", thumbprint(key), ANYTHING[0]])
    assert why(world.ask(accused)) == "invalid-signature"
