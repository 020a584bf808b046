"""Signed notes and checkpoints, against the specification's examples and those of its reference implementation."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger.checkpoint import Checkpoint
from comity.ledger.errors import NoteError
from comity.ledger.note import Note, Signature, Signer, Verifier, sign_note

# golang.org/x/mod/sumdb/note: the reference implementation's key, text and note.
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
OTHER_VKEY = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
OTHER_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
# C2SP signed-note: the example of a verifier key and its note.
SPEC_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# C2SP tlog-checkpoint and signed-note: examples without their keys.
SPEC_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
SPEC_POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore "
    "NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
)


def test_the_reference_note_is_made_byte_for_byte() -> None:
    signer = Signer.parse(SKEY)
    assert signer.skey == SKEY
    assert signer.vkey() == VKEY
    assert sign_note(TEXT, [signer]) == f"{TEXT}\n{LINE}"
    assert Verifier.parse(VKEY).open(f"{TEXT}\n{LINE}") == TEXT


def test_the_specification_s_note_opens_with_its_key() -> None:
    assert Verifier.parse(SPEC_VKEY).open(SPEC_NOTE) == "This is an example message.\n"
    assert Verifier.parse(SPEC_VKEY).vkey == SPEC_VKEY


def test_a_text_with_empty_lines_ends_at_the_last() -> None:
    note = Note.parse(SPEC_POEM)
    assert note.text.endswith("sole:\n\ned è subito sera.\n")
    assert [signature.name for signature in note.signatures] == ["quasimodo.example/salvatore"]
    assert str(note) == SPEC_POEM


def test_a_note_with_two_signatures_opens_with_either_key() -> None:
    note = f"{TEXT}\n{LINE}{OTHER_LINE}"
    assert Verifier.parse(VKEY).open(note) == Verifier.parse(OTHER_VKEY).open(note) == TEXT


def test_signatures_by_unknown_keys_are_ignored() -> None:
    stranger = str(Signature("stranger", b"abcd", b"x" * 70))
    same_name = str(Signature("PeterNeumann", b"abcd", b"x" * 64))
    assert Verifier.parse(VKEY).open(f"{TEXT}\n{stranger}{same_name}{LINE}") == TEXT


def test_a_note_that_only_others_signed_is_refused() -> None:
    with pytest.raises(NoteError, match="not signed by the key PeterNeumann"):
        Verifier.parse(VKEY).open(f"{TEXT}\n{OTHER_LINE}")


def test_a_second_signature_by_the_key_that_does_not_fit_refuses_the_note() -> None:
    wrong = str(Signature("PeterNeumann", bytes.fromhex("c74f20a3"), b"x" * 64))
    with pytest.raises(NoteError, match="does not fit"):
        Verifier.parse(VKEY).open(f"{TEXT}\n{LINE}{wrong}")


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n{LINE[:-1]}",  # no newline at the end
        f"{TEXT}{LINE}",  # no empty line
        f"{TEXT}\n{LINE}\n",  # an empty line after the signatures
        f"{TEXT}\n{LINE.replace('—', '-')}",
        f"{TEXT}\n{LINE.replace(' x08', '  x08')}",
        f"{TEXT}\n{LINE.replace('Peter', 'Peter+')}",
        f"{TEXT}\n{LINE.replace('Peter', 'Peter' + chr(0x2003))}",  # a wide space
        f"{TEXT}\n{LINE.replace('AM=', 'AN=')}",  # the same bytes in another spelling
        f"{TEXT}\n{LINE.replace('AM=', 'AM')}",
        f"{TEXT}\n— PeterNeumann x08g\n",  # no more than half a key id
        f"{TEXT}\n— PeterNeumann\n",
        f"\t{TEXT}\n{LINE}",
        f"{TEXT}\n{LINE * 101}",
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(VKEY).open(note)


@settings(deadline=None)
@given(st.integers(0, len((TEXT + "\n" + LINE).encode()) - 1), st.integers(1, 255))
def test_flipped_byte_in_a_note(place: int, flip: int) -> None:
    note = bytearray((TEXT + "\n" + LINE).encode())
    note[place] ^= flip
    try:
        text = note.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(NoteError):
        Verifier.parse(VKEY).open(text)


@pytest.mark.parametrize(
    "vkey",
    [
        *(VKEY[:cut] for cut in range(len(VKEY))),
        *(VKEY[cut:] for cut in range(1, len(VKEY))),
        *(VKEY[:at] + chr(ord(VKEY[at]) ^ 1) + VKEY[at + 1 :] for at in range(len(VKEY))),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",  # too long, with its own id
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # another type, with its own id
    ],
)
def test_a_mangled_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(vkey)


def test_a_mangled_private_key_is_refused_and_not_repeated() -> None:
    for at in range(len(SKEY)):
        with pytest.raises(NoteError) as refusal:
            Signer.parse(SKEY[:at] + chr(ord(SKEY[at]) ^ 1) + SKEY[at + 1 :])
        assert SKEY[40:60] not in str(refusal.value)


def test_the_private_key_does_not_show() -> None:
    signer = Signer.parse(SKEY)
    assert base64.b64encode(signer.seed).decode()[:10] not in repr(signer)
    assert str(signer.seed)[2:10] not in repr(signer)


@pytest.mark.parametrize("text", ["no newline", "a\ttab\n"])
def test_a_text_that_no_note_can_carry_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, [Signer.parse(SKEY)])


# ---- checkpoints


def test_the_specification_s_checkpoint_is_read() -> None:
    text = Note.parse(SPEC_CHECKPOINT).text
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert base64.b64encode(checkpoint.root).decode() == "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert checkpoint.text() == text


def test_extension_lines_are_kept() -> None:
    text = Checkpoint("o", 1, b"r" * 32, ("more", "and more")).text()
    assert Checkpoint.parse(text).extensions == ("more", "and more")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"\n1\n{'A' * 43}=\n",
        f"o\n01\n{'A' * 43}=\n",
        f"o\n-1\n{'A' * 43}=\n",
        f"o\n1.0\n{'A' * 43}=\n",
        f"o\n١\n{'A' * 43}=\n",  # a digit, but not an ASCII one
        f"o\n1\n{'A' * 42}B=\n",  # a root in another spelling
        f"o\n1\n{'A' * 44}\n",
        f"o\n1\n{'A' * 43}=",
        f"o\n1\n{'A' * 43}=\n\n",
        f"o\n1\n{'A' * 43}=\n\nmore\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_checkpoint_of_another_ledger_signed_with_our_key(signer: Signer) -> None:
    note = Checkpoint("example.org/another", 1, b"r" * 32).sign(signer)
    with pytest.raises(NoteError, match="of another ledger"):
        Checkpoint.open(note, signer.verifier)


def test_forged_checkpoint_with_another_key_of_the_same_name(signer: Signer) -> None:
    forger = Signer(signer.name, b"f" * 32)
    with pytest.raises(NoteError, match="not signed by the key"):
        Checkpoint.open(Checkpoint(signer.name, 1, b"r" * 32).sign(forger), signer.verifier)
