"""Cosignatures, against the specification and against what it says must not be taken for one."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import (
    Cosigner,
    CosignerKey,
    Kind,
    message,
    parse_signatures,
    read_key,
    with_signatures,
)
from comity.ledger.errors import NoteError
from comity.ledger.note import Note, Signature, Signer, Verifier

# C2SP tlog-cosignature: the example of a checkpoint with a cosignature, and of what was signed.
SPEC_NOTE = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
SPEC_MESSAGE = (
    "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)
LOG = Signer("example.com/log", b"l" * 32)
STATE = Checkpoint(LOG.name, 5, b"r" * 32)
COSIGNERS = [Cosigner("witness.example/w1", kind, b"w" * 32) for kind in Kind]
EACH = pytest.mark.parametrize("cosigner", COSIGNERS, ids=[kind.name for kind in Kind])


def test_the_specification_s_message_and_time() -> None:
    note = Note.parse(SPEC_NOTE)
    state = Checkpoint.parse(note.text)
    assert message(Kind.ED25519, "witness.example.com/w1", 1679315147, state).decode() == SPEC_MESSAGE
    assert int.from_bytes(note.signatures[1].value[:8], "big") == 1679315147
    assert len(note.signatures[1].value) == Kind.ED25519.size
    assert str(note) == SPEC_NOTE


def test_the_ml_dsa_message_is_the_structure_of_the_specification() -> None:
    said = message(Kind.ML_DSA_44, "w", 258, Checkpoint("log", 772, b"h" * 32))
    assert (
        said == b"subtree/v1\n\0" + b"\1w" + b"\0\0\0\0\0\0\1\2" + b"\3log" + bytes(8) + b"\0\0\0\0\0\0\3\4" + b"h" * 32
    )


@EACH
def test_key_ids_and_signatures_are_as_the_specification_computes_them(cosigner: Cosigner) -> None:
    key, name = cosigner.key, b"witness.example/w1"
    kind = {Kind.ED25519: b"\x04", Kind.ML_DSA_44: b"\x06"}[cosigner.kind]
    assert key.key_id == hashlib.sha256(name + b"\n" + kind + key.public).digest()[:4]
    value = cosigner.sign(STATE, 12).value
    assert value[:8] == (12).to_bytes(8, "big")
    public = {Kind.ED25519: Ed25519PublicKey, Kind.ML_DSA_44: MLDSA44PublicKey}[cosigner.kind]
    public.from_public_bytes(key.public).verify(value[8:], message(cosigner.kind, cosigner.name, 12, STATE))


@EACH
def test_keys_are_read_as_they_are_written(cosigner: Cosigner) -> None:
    assert CosignerKey.parse(cosigner.key.vkey) == read_key(cosigner.key.vkey) == cosigner.key
    assert Cosigner.parse(cosigner.skey) == cosigner
    assert isinstance(read_key(LOG.vkey()), Verifier)
    assert cosigner.skey.rsplit("+", 1)[1] not in repr(cosigner)
    for wrong in (LOG.vkey(), cosigner.key.vkey[:-8], cosigner.key.vkey.replace("w1", "w2"), "w+00000000+BA=="):
        with pytest.raises(NoteError):
            CosignerKey.parse(wrong)
    for wrong in (LOG.skey, cosigner.skey.replace("w1", "w2"), cosigner.key.vkey, "PRIVATE+KEY+w+00000000+BA=="):
        with pytest.raises(NoteError):
            Cosigner.parse(wrong)


@EACH
def test_a_cosigned_note_tells_when(cosigner: Cosigner) -> None:
    note = Note.parse(with_signatures(STATE.sign(LOG), [cosigner.sign(STATE, 7)]))
    assert cosigner.key.times(note) == [7]
    assert LOG.verifier.has_signed(note)
    assert cosigner.key.times(Note.parse(STATE.sign(LOG))) == []
    again = Note.parse(with_signatures(str(note), [cosigner.sign(STATE, 8)]))
    assert cosigner.key.times(again) == [8]
    assert len(again.signatures) == 2


@EACH
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_flipped_byte_in_a_cosignature(cosigner: Cosigner, data: st.DataObject) -> None:
    good = cosigner.sign(STATE, 1679315147)
    place = data.draw(st.integers(0, len(good.value) - 1))
    bad = bytearray(good.value)
    bad[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(NoteError):
        cosigner.key.signed_at(STATE, Signature(good.name, good.key_id, bytes(bad)))


@EACH
def test_cosignature_of_another_checkpoint_or_for_no_time(cosigner: Cosigner) -> None:
    good = cosigner.sign(STATE, 7)
    for other in (
        Checkpoint("other", 5, STATE.root),
        Checkpoint(LOG.name, 6, STATE.root),
        Checkpoint(LOG.name, 5, b"s" * 32),
    ):
        with pytest.raises(NoteError):
            cosigner.key.signed_at(other, good)
    for value in (good.value[:-1], good.value + b"x", good.value[8:], bytes(8) + good.value[8:], b""):
        with pytest.raises(NoteError):
            cosigner.key.signed_at(STATE, Signature(good.name, good.key_id, value))
    for time in (0, -1, 2**63):
        with pytest.raises(NoteError):
            cosigner.sign(STATE, time)


def test_ml_dsa_cosignature_under_another_s_name() -> None:
    mine = COSIGNERS[1]
    borrowed = CosignerKey("other.example", mine.kind, mine.key.public)
    with pytest.raises(NoteError):
        borrowed.signed_at(STATE, Signature(borrowed.name, borrowed.key_id, mine.sign(STATE, 7).value))


@pytest.mark.parametrize("text", ["", "x", "— w AAAAAAAA", "— w\n", "old 1\n— w AAAAAAAA\n", "old 1\n\n— w AAAAAAAA\n"])
def test_what_is_no_signature_lines(text: str) -> None:
    with pytest.raises(NoteError):
        parse_signatures(text)


def test_signature_lines_alone() -> None:
    lines = [it.sign(STATE, 7) for it in COSIGNERS]
    assert parse_signatures("".join(map(str, lines))) == tuple(lines)
