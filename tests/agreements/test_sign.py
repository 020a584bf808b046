"""Signatures and keys. The attacks are named."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from comity.agreements.canonical import canonical
from comity.agreements.errors import SignatureError
from comity.agreements.keys import load_key, make_key, public_bytes, public_pem, read_public_pem, thumbprint
from comity.agreements.models import Agreement
from comity.agreements.sign import message, sign, verify
from comity.store import StoreError

Keys = dict[str, Ed25519PrivateKey]


def verifies(agreement: Agreement, agency: str, signature: bytes, key: Ed25519PrivateKey) -> bool:
    return verify(canonical(agreement), agency, agreement.name, agreement.version, signature, public_bytes(key))


def test_a_party_signs(marac: Agreement, party_keys: Keys) -> None:
    for agency, key in party_keys.items():
        assert verifies(marac, agency, sign(marac, agency, key), key)


def test_who_is_no_party_cannot_sign(marac: Agreement, party_keys: Keys) -> None:
    with pytest.raises(SignatureError, match="no party"):
        sign(marac, "court", party_keys["police"])


def test_signed_with_another_agencys_key(marac: Agreement, party_keys: Keys) -> None:
    signature = sign(marac, "police", party_keys["probation"])
    assert not verifies(marac, "police", signature, party_keys["police"])


def test_one_partys_signature_passed_off_as_anothers(marac: Agreement, party_keys: Keys) -> None:
    """Even where two agencies share a key, each signature names who gave it."""
    key = party_keys["police"]
    assert not verifies(marac, "probation", sign(marac, "police", key), key)


def test_replayed_under_the_next_version(marac: Agreement, party_keys: Keys) -> None:
    key = party_keys["police"]
    assert not verifies(replace(marac, version=4), "police", sign(marac, "police", key), key)


def test_replayed_under_another_name(marac: Agreement, party_keys: Keys) -> None:
    key = party_keys["police"]
    assert not verifies(replace(marac, name="other"), "police", sign(marac, "police", key), key)


def test_row_moved_to_another_version_with_its_bytes(marac: Agreement, party_keys: Keys) -> None:
    key = party_keys["police"]
    signature = sign(marac, "police", key)
    assert not verify(canonical(marac), "police", marac.name, 4, signature, public_bytes(key))


def test_edited_after_signing(marac: Agreement, party_keys: Keys) -> None:
    key = party_keys["police"]
    signature = sign(marac, "police", key)
    for edited in (
        replace(marac, recipients=("court",)),
        replace(marac, channels=("read", "notify", "extract")),
        replace(marac, releases=marac.releases[:2]),
        replace(marac, title=replace(marac.title, nl="Iets anders")),
    ):
        assert not verifies(edited, "police", signature, key)


def test_a_signature_made_for_another_use(marac: Agreement, party_keys: Keys) -> None:
    key = party_keys["police"]
    assert not verifies(marac, "police", key.sign(canonical(marac)), key)


@given(st.integers(0, 63), st.integers(0, 7))
def test_one_flipped_bit_of_a_signature(marac: Agreement, party_keys: Keys, byte: int, bit: int) -> None:
    key = party_keys["police"]
    signature = bytearray(sign(marac, "police", key))
    signature[byte] ^= 1 << bit
    assert not verifies(marac, "police", bytes(signature), key)


@pytest.mark.parametrize("signature", [b"", b"\x00" * 64, b"\x00" * 63, b"\xff" * 65])
def test_a_signature_of_the_wrong_shape(signature: bytes, marac: Agreement, party_keys: Keys) -> None:
    assert not verifies(marac, "police", signature, party_keys["police"])


@pytest.mark.parametrize("public_key", [b"", b"\x00" * 31, b"\xff" * 32])
def test_a_public_key_of_the_wrong_shape(public_key: bytes, marac: Agreement, party_keys: Keys) -> None:
    signature = sign(marac, "police", party_keys["police"])
    assert not verify(canonical(marac), "police", marac.name, marac.version, signature, public_key)


def test_a_name_and_an_agency_cannot_run_into_one_another() -> None:
    assert message(b"", "ab", "c", 1) != message(b"", "a", "bc", 1)
    assert message(b"1", "a", "b", 1) != message(b"", "a", "b", 11)


# --- keys


def test_a_key_file_is_private_and_is_read_back(tmp_path: Path) -> None:
    key = make_key(tmp_path / "keys" / "police")
    assert (tmp_path / "keys" / "police").stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_key(tmp_path / "keys" / "police")) == public_bytes(key)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    make_key(tmp_path / "police")
    with pytest.raises(FileExistsError):
        make_key(tmp_path / "police")


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    make_key(tmp_path / "police")
    (tmp_path / "police").chmod(0o640)
    with pytest.raises(StoreError, match="read by others"):
        load_key(tmp_path / "police")


def test_a_file_that_holds_no_such_key_is_refused(tmp_path: Path) -> None:
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"secret", other):
        file = tmp_path / "key"
        file.write_bytes(content)
        file.chmod(0o600)
        with pytest.raises(SignatureError):
            load_key(file)


def test_a_public_key_comes_as_pem(party_keys: Keys) -> None:
    key = party_keys["police"]
    assert read_public_pem(public_pem(key)) == public_bytes(key)
    other = generate_private_key(SECP256R1()).public_key()
    for content in (b"", b"-----BEGIN", other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)):
        with pytest.raises(SignatureError):
            read_public_pem(content)


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    """RFC 8037, appendix A.3."""
    public_key = base64.urlsafe_b64decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    assert thumbprint(public_key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    with pytest.raises(SignatureError):
        thumbprint(b"\x00" * 31)
