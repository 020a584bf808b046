"""The auditor's program, against exports that were tampered with in every way we could think of."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.ledger import verify
from comity.ledger.checkpoint import Checkpoint
from comity.ledger.cosignature import Cosigner, Kind, message, with_signatures
from comity.ledger.errors import ProofError
from comity.ledger.merkle import EMPTY_ROOT, Tree, leaf_hash, node_hash
from comity.ledger.note import Signature, Signer, sign_note
from comity.ledger.proof import Proof
from comity.ledger.tiles import decode_bundle, encode_bundle, places_of
from comity.ledger.verify import Fault, Report, verify_export, verify_receipt

SIZE = 600  # two full tiles, a partial one, and one above
FLIPS = settings(max_examples=250, deadline=None)


@pytest.fixture(scope="module")
def bodies(made_entries) -> list[bytes]:
    return [entry.encode() for entry in made_entries(SIZE)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, made_export, bodies) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "ledger"
    made_export(folder, bodies)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of the export that a test may spoil."""
    return shutil.copytree(whole, tmp_path / "ledger")


@pytest.fixture(scope="module")
def check(signer: Signer) -> Callable[[Path], Report]:
    return lambda folder: verify_export(folder, signer.vkey())


@pytest.fixture(scope="module")
def fault(check) -> Callable[[Path], Fault]:
    """The fault that the check finds in a folder; there must be one."""

    def find(folder: Path) -> Fault:
        found = check(folder).fault
        assert found is not None
        return found

    return find


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
def test_a_whole_export_holds(size: int, tmp_path: Path, made_export, bodies, check, signer: Signer) -> None:
    checkpoint = made_export(tmp_path / "ledger", bodies[:size])
    assert check(tmp_path / "ledger") == Report(signer.name, size, checkpoint.root)


# ---- one flipped byte anywhere


def _flipped(path: Path, place: int, flip: int) -> Iterator[None]:
    content = path.read_bytes()
    path.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
    yield
    path.write_bytes(content)


def _entry_at(bundle: bytes, place: int) -> int:
    """The entry of the bundle that the byte at ``place`` belongs to, its length included."""
    end = 0
    for number, entry in enumerate(decode_bundle(bundle)):
        end += 2 + len(entry)
        if place < end:
            return number
    raise AssertionError(place)


@FLIPS
@given(st.data())
def test_flipped_byte(whole: Path, fault, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(path for path in whole.rglob("*") if path.is_file())))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    file = path.relative_to(whole).as_posix()
    for _ in _flipped(path, place, data.draw(st.integers(1, 255))):
        found = fault(whole)
    assert found.file == file
    if file.startswith("tile/entries"):
        first = 256 * int(file.removeprefix("tile/entries/")[:3])
        assert found.entry == first + _entry_at(content, place)
    elif file == "checkpoint":
        assert found.offset == min(place, content.rindex(b" ") + 1)
    else:
        assert found.offset == place


def test_flipped_byte_in_each_byte_of_the_checkpoint(folder: Path, fault) -> None:
    for place in range(len((folder / "checkpoint").read_bytes())):
        for flip in (1, 32, 128):
            for _ in _flipped(folder / "checkpoint", place, flip):
                assert fault(folder).file == "checkpoint"


def test_flipped_byte_above_65_536_entries(tmp_path: Path, made_export, made_entries, fault, check) -> None:
    folder = tmp_path / "ledger"
    made_export(folder, [entry.encode() for entry in made_entries(66_000)])
    assert check(folder).fault is None
    for file, place in [("tile/2/000.p/1", 31), ("tile/1/001.p/1", 5), ("tile/1/000", 8191), ("tile/0/257.p/208", 0)]:
        for _ in _flipped(folder / file, place, 64):
            assert (fault(folder).file, fault(folder).offset) == (file, place)
    for _ in _flipped(folder / "tile" / "entries" / "200", 100, 1):
        assert (fault(folder).file, fault(folder).entry) == ("tile/entries/200", 51_200)


# ---- whole files


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_truncated_file(folder: Path, fault) -> None:
    for path in _files(folder):
        content = path.read_bytes()
        for cut in (0, 1, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:cut])
            assert fault(folder).file == path.relative_to(folder).as_posix()
        path.write_bytes(content)


def test_bytes_after_the_end_of_a_file(folder: Path, fault) -> None:
    for path in _files(folder):
        content = path.read_bytes()
        for more in (b"\n", b"\0", b"x" * 10_000):
            path.write_bytes(content + more)
            assert fault(folder).file == path.relative_to(folder).as_posix()
        path.write_bytes(content)


def test_missing_file(folder: Path, fault) -> None:
    for path in _files(folder):
        content = path.read_bytes()
        path.unlink()
        assert fault(folder).file == path.relative_to(folder).as_posix()
        path.write_bytes(content)


@pytest.mark.parametrize(
    "extra", ["note.txt", "tile/0/003", "tile/entries/002", "tile/0/002.p/87", "tile/8/000.p/1", "tile/0/\n", "\x1b[2J"]
)
def test_extra_file(folder: Path, extra: str, fault) -> None:
    (folder / extra).parent.mkdir(parents=True, exist_ok=True)
    (folder / extra).write_bytes(b"")
    assert fault(folder).file == extra
    assert "does not belong" in fault(folder).what


def test_extra_empty_folder(folder: Path, fault) -> None:
    (folder / "tile" / "9").mkdir()
    assert fault(folder).file == "tile/9"


def test_extra_link_to_a_folder(folder: Path, tmp_path: Path, fault) -> None:
    (tmp_path / "elsewhere").mkdir()
    for extra in ("annex", "tile/9"):
        (folder / extra).symlink_to(tmp_path / "elsewhere")
        assert (fault(folder).file, "does not belong" in fault(folder).what) == (extra, True)
        (folder / extra).unlink()


def test_extra_folder_that_cannot_be_looked_into(folder: Path, fault, monkeypatch) -> None:
    (folder / "tile" / "annex").mkdir()
    look = os.scandir  # root may look into any folder, so that a mode would not keep this test out

    def refused(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("annex"):
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert fault(folder) == Fault("tile/annex", "it cannot be read: Permission denied")


def test_extra_file_with_a_name_that_is_no_text(folder: Path, signer: Signer, capsys) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_bytes(b"")
    assert verify.main([str(folder), "--key", signer.vkey()]) == 1
    assert "\\udcff" in capsys.readouterr().out


def test_swapped_tiles(folder: Path, fault) -> None:
    one, other = folder / "tile/0/000", folder / "tile/0/001"
    one.rename(folder / "aside")
    other.rename(one)
    (folder / "aside").rename(other)
    assert fault(folder) == Fault("tile/0/000", fault(folder).what, offset=0)


def test_swapped_bundles(folder: Path, fault) -> None:
    one, other = folder / "tile/entries/000", folder / "tile/entries/001"
    one.rename(folder / "aside")
    other.rename(one)
    (folder / "aside").rename(other)
    assert (fault(folder).file, fault(folder).entry) == ("tile/entries/000", 0)


def test_a_tile_replaced_by_a_folder_a_link_to_nowhere_or_a_pipe(folder: Path, fault) -> None:
    path = folder / "tile/0/000"
    for replace in (Path.mkdir, os.mkfifo, lambda p: p.symlink_to("nowhere"), lambda p: p.symlink_to("/dev/zero")):
        path.unlink()
        replace(path)
        assert fault(folder).file == "tile/0/000"
        if path.is_dir():
            path.rmdir()
            path.touch()


# ---- the entries


def test_reordered_entries(folder: Path, fault) -> None:
    path = folder / "tile/entries/001"
    entries = decode_bundle(path.read_bytes())
    entries[7], entries[8] = entries[8], entries[7]
    path.write_bytes(encode_bundle(entries))
    assert fault(folder).entry == 256 + 7


def test_entry_left_out_and_the_tree_built_anew(folder: Path, made_export, bodies, fault) -> None:
    checkpoint = (folder / "checkpoint").read_bytes()
    shutil.rmtree(folder)
    made_export(folder, bodies[:299] + bodies[300:])
    (folder / "checkpoint").write_bytes(checkpoint)
    assert "does not belong" in fault(folder).what or "is missing" in fault(folder).what


def test_entry_replaced_and_the_tree_built_anew(folder: Path, made_export, made_entries, bodies, fault) -> None:
    checkpoint = (folder / "checkpoint").read_bytes()
    shutil.rmtree(folder)
    made_export(folder, [*bodies[:300], made_entries(1, seed=2)[0].encode(), *bodies[301:]])
    (folder / "checkpoint").write_bytes(checkpoint)
    assert fault(folder).file == "checkpoint"
    assert "not with the root that it signs" in fault(folder).what


def test_entry_and_its_tile_replaced(folder: Path, made_entries, fault) -> None:
    entry = made_entries(1, seed=2)[0].encode()
    bundle, tile = folder / "tile/entries/001", folder / "tile/0/001"
    entries = decode_bundle(bundle.read_bytes())
    entries[9] = entry
    bundle.write_bytes(encode_bundle(entries))
    hashes = tile.read_bytes()
    tile.write_bytes(hashes[: 9 * 32] + leaf_hash(entry) + hashes[10 * 32 :])
    assert (fault(folder).file, fault(folder).offset) == ("tile/1/000.p/2", 32)


def test_the_same_id_twice_although_signed_so(tmp_path: Path, made_export, bodies, fault) -> None:
    made_export(tmp_path / "ledger", [*bodies[:300], bodies[5]])
    assert (fault(tmp_path / "ledger").entry, "same id" in fault(tmp_path / "ledger").what) == (300, True)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'{"at"', b'{ "at"'),
        (b'"v":1}', b'"v":1}\n'),
        (b'"v":1', b'"v":2'),
        (b'"agency":"', b'"zzz":"","agency":"'),
        (b'"agency":"', b'"agency":"","agency":"'),
        (b'"agency":"', b'"agency":"\xff'),
        (b'"agency":"', b'"agency":"\xed\xa0\x80'),
        (b"-11-22T", b"-13-22T"),
    ],
)
def test_an_entry_that_is_not_canonical_although_signed_so(
    tmp_path: Path, was: bytes, becomes: bytes, made_export, bodies, fault
) -> None:
    wrong = bodies[:]
    assert was in wrong[5]
    wrong[5] = wrong[5].replace(was, becomes)
    made_export(tmp_path / "ledger", wrong)
    assert (fault(tmp_path / "ledger").file, fault(tmp_path / "ledger").entry) == (
        "tile/entries/002.p/88"[:13] + "000",
        5,
    )


def _by_json(context: bytes) -> bool:
    """What RFC 8785 asks of a context, read as JSON."""
    try:
        keys = [key for key, _ in json.loads(context.decode(), object_pairs_hook=list)]
    except UnicodeDecodeError:
        return False
    return keys == sorted(set(keys))


PARTS = [
    b"a",
    b"",
    b"\xc3\xa9",
    b'\\"',
    b"\\\\",
    b'\\"k\\":\\"',
    b"k:",
    b":",
    b",",
    b"\xff",
    b"\xed\xa0\x80",
    b"{",
    b"}",
]
PAIRS = st.tuples(st.sampled_from([b"a", b"b", b"a_", b"ab", b"z" * 64]), st.lists(st.sampled_from(PARTS), max_size=4))


@settings(deadline=None)
@given(st.lists(PAIRS, max_size=4))
def test_the_order_of_a_context_is_what_reading_it_as_json_says(bodies, pairs: list[tuple[bytes, list[bytes]]]) -> None:
    context = b"{%s}" % b",".join(b'"%s":"%s"' % (key, b"".join(parts)) for key, parts in pairs)
    begin, end = bodies[0].index(b"{", 1), bodies[0].index(b"}") + 1
    found = verify.ENTRY(bodies[0][:begin] + context + bodies[0][end:])
    assert found is not None
    assert verify.in_order(found[1]) is _by_json(context)


def test_contexts_of_the_longest_kind_do_not_fill_the_memory_of_the_checker() -> None:
    assert verify.in_order.cache_parameters()["maxsize"] * verify.LONGEST_ENTRY < 100_000_000


# ---- the checkpoint


def test_older_checkpoint(folder: Path, tmp_path: Path, made_export, bodies, fault) -> None:
    for older in (599, 512, 256, 1):
        made_export(tmp_path / f"at {older}", bodies[:older])
        shutil.copy(tmp_path / f"at {older}" / "checkpoint", folder / "checkpoint")
        assert f"a ledger of {older} entries, the size that the checkpoint states" in fault(folder).what


def test_newer_checkpoint(folder: Path, tmp_path: Path, made_export, made_entries, bodies, fault) -> None:
    made_export(tmp_path / "newer", [*bodies, *(entry.encode() for entry in made_entries(1000, seed=2))])
    shutil.copy(tmp_path / "newer" / "checkpoint", folder / "checkpoint")
    assert "a ledger of 1600 entries" in fault(folder).what


def test_forged_checkpoint_with_another_key(folder: Path, signer: Signer, fault) -> None:
    forger = Signer(signer.name, b"f" * 32)
    checkpoint = Checkpoint.parse((folder / "checkpoint").read_text().rpartition("\n\n")[0] + "\n")
    (folder / "checkpoint").write_text(checkpoint.sign(forger))
    assert fault(folder).file == "checkpoint"
    assert "is not signed by the key" in fault(folder).what


def test_forged_ledger_with_another_key_that_claims_our_id(tmp_path: Path, folder: Path, signer: Signer, fault) -> None:
    text = (folder / "checkpoint").read_text()
    line = text.splitlines()[-1]
    forged = Signer(signer.name, b"f" * 32).sign(text.rpartition("\n\n")[0] + "\n")
    claimed = str(type(forged)(signer.name, signer.verifier.key_id, forged.value))
    (folder / "checkpoint").write_text(text.replace(line + "\n", claimed))
    assert "does not fit" in fault(folder).what


def test_checkpoint_of_another_ledger_signed_with_our_key(folder: Path, signer: Signer, fault) -> None:
    (folder / "checkpoint").write_text(Checkpoint("example.org/another", SIZE, b"r" * 32).sign(signer))
    assert "for another ledger" in fault(folder).what


@pytest.mark.parametrize(
    "text", ["{name}\n", "{name}\n600\n", "{name}\nsix\n{root}\n", "{name}\n0600\n{root}\n", "{name}\n600\nAAAA\n"]
)
def test_a_signed_text_that_is_no_checkpoint(folder: Path, text: str, signer: Signer, fault) -> None:
    (folder / "checkpoint").write_text(sign_note(text.format(name=signer.name, root="A" * 43 + "="), [signer]))
    assert fault(folder).file == "checkpoint"


def test_a_signed_size_that_no_folder_could_hold(folder: Path, signer: Signer, fault) -> None:
    (folder / "checkpoint").write_text(Checkpoint(signer.name, 10**18, b"r" * 32).sign(signer))
    assert "cannot hold so many" in fault(folder).what


def test_a_root_that_was_signed_for_no_entries(tmp_path: Path, made_export, signer: Signer, fault, check) -> None:
    made_export(tmp_path / "ledger", [])
    assert check(tmp_path / "ledger").root == EMPTY_ROOT
    (tmp_path / "ledger" / "checkpoint").write_text(Checkpoint(signer.name, 0, b"r" * 32).sign(signer))
    assert fault(tmp_path / "ledger").file == "checkpoint"


def test_signatures_by_others_are_listed_as_not_checked(folder: Path, signer: Signer, check, capsys) -> None:
    witness = Signer("witness.example/w1", b"w" * 32)
    checkpoint = Checkpoint.parse((folder / "checkpoint").read_text().rpartition("\n\n")[0] + "\n")
    (folder / "checkpoint").write_text(checkpoint.sign(signer, witness))
    assert check(folder).fault is None
    assert check(folder).unchecked == (f"witness.example/w1+{witness.verifier.key_id.hex()}",)
    assert verify.main([str(folder), "--key", signer.vkey()]) == 0
    assert "Not checked, being signed with a key you did not give: witness.example/w1" in capsys.readouterr().out


# ---- the key and the command line


@pytest.mark.parametrize("vkey", ["", "x", "a+b+c", "+++", "é+00000000+AAAA", "\ud800+00000000+" + "A" * 44])
def test_a_key_that_is_none(folder: Path, vkey: str) -> None:
    report = verify_export(folder, vkey)
    assert report.fault
    assert report.fault.file == "the key"


def test_a_key_with_one_character_changed(folder: Path, signer: Signer) -> None:
    vkey = signer.vkey()
    for at in range(len(vkey)):
        report = verify_export(folder, vkey[:at] + chr(ord(vkey[at]) ^ 1) + vkey[at + 1 :])
        assert report.fault
        assert report.fault.file == "the key"


def test_no_folder(tmp_path: Path, signer: Signer, capsys) -> None:
    assert verify.main([str(tmp_path / "none"), "--key", signer.vkey()]) == 1
    assert "NOT AS SIGNED. none: it cannot be read: No such file" in capsys.readouterr().out


def test_the_program_stands_alone(folder: Path, tmp_path: Path, signer: Signer) -> None:
    source = Path(verify.__file__)
    tree = ast.parse(source.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}
    assert len(source.read_text().splitlines()) < 500
    shutil.copy(source, tmp_path / "verify.py")
    command = [sys.executable, "-I", str(tmp_path / "verify.py"), str(folder), "--key", signer.vkey()]
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith(f"All as signed: {signer.name}, {SIZE} entries, root ")
    (folder / "tile/0/000").write_bytes(b"x" * 8192)
    bad = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (bad.returncode, bad.stderr) == (1, "")
    assert bad.stdout.startswith("NOT AS SIGNED. tile/0/000, byte 0: ")


def test_100_000_entries_are_checked_and_the_time_is_told(tmp_path: Path, made_export, made_entries, check) -> None:
    made_export(tmp_path / "ledger", [entry.encode() for entry in made_entries(100_000)])
    before = time.process_time()
    assert check(tmp_path / "ledger").size == 100_000
    sys.stdout.write(f"{time.process_time() - before:.2f} CPU-seconds\n")


# ---- a range


def _part(folder: Path, into: Path, first: int, last: int, size: int) -> Path:
    """What an export of that range would hold, copied from the whole."""
    for place in places_of(size, first, last):
        paths = [place.path]
        if place.level == 0 and first // 256 <= place.index <= last // 256:
            paths.append(place.bundle_path)
        for path in paths:
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / path, into / path)
    shutil.copy(folder / "checkpoint", into / "checkpoint")
    return into


@pytest.mark.parametrize(("first", "last"), [(0, 0), (255, 256), (300, 311), (512, 599), (599, 599), (0, 599)])
def test_a_range_holds_with_only_the_files_that_lead_from_it_to_the_root(
    folder: Path, tmp_path: Path, signer: Signer, first: int, last: int
) -> None:
    part = _part(folder, tmp_path / "part", first, last, SIZE)
    assert verify_export(part, signer.vkey(), (first, last)).fault is None
    assert verify_export(folder, signer.vkey(), (first, last)).fault is None
    assert verify.main([str(part), "--key", signer.vkey(), "--range", str(first), str(last)]) == 0


@FLIPS
@given(st.data())
def test_flipped_byte_in_a_range(whole: Path, tmp_path_factory, signer: Signer, bodies, data: st.DataObject) -> None:
    part = tmp_path_factory.getbasetemp() / "part"
    if not part.exists():
        _part(whole, part, 256, 511, SIZE)
    path = data.draw(st.sampled_from(sorted(it for it in part.rglob("*") if it.is_file())))
    content = path.read_bytes()
    place, flip = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    for _ in _flipped(path, place, flip):
        found = verify_export(part, signer.vkey(), (256, 511)).fault
    assert found
    name = path.relative_to(part).as_posix()
    if name == "tile/entries/001":
        assert (found.file, found.entry) == (name, 256 + _entry_at(content, place))
    elif name == "tile/0/001":
        assert (found.file, found.offset) == (name, place)


def test_a_range_above_65_536_entries(tmp_path: Path, made_export, made_entries, signer: Signer) -> None:
    size = 65_536 + 256 + 1
    made_export(tmp_path / "whole", [entry.encode() for entry in made_entries(size)])
    for first, last in ((70, 71), (65_535, 65_536), (size - 1, size - 1)):
        part = _part(tmp_path / "whole", tmp_path / f"part{first}", first, last, size)
        assert verify_export(part, signer.vkey(), (first, last)).fault is None
    middle = tmp_path / "part70" / "tile" / "1" / "000"
    middle.write_bytes(bytes([middle.read_bytes()[0] ^ 1]) + middle.read_bytes()[1:])
    assert verify_export(tmp_path / "part70", signer.vkey(), (70, 71)).fault.file == "tile/1/000"


@pytest.mark.parametrize("span", [(5, 4), (0, SIZE), (-1, 3), (SIZE, SIZE)])
def test_a_range_that_the_ledger_does_not_have(folder: Path, signer: Signer, span) -> None:
    assert verify_export(folder, signer.vkey(), span).fault.file == "the range"


# ---- cosignatures


WITNESSES = [Cosigner("w1.example", Kind.ED25519, b"1" * 32), Cosigner("w2.example/2", Kind.ML_DSA_44, b"2" * 32)]


@pytest.fixture
def cosigned(folder: Path, signer: Signer) -> tuple[Path, list[str]]:
    """An export that the ledger signed with two keys and two witnesses cosigned, and all the keys."""
    second = Cosigner(signer.name, Kind.ML_DSA_44, b"q" * 32)
    note = (folder / "checkpoint").read_text()
    state = Checkpoint.open(note, signer.verifier)
    (folder / "checkpoint").write_text(with_signatures(note, [it.sign(state, 7) for it in (second, *WITNESSES)]))
    return folder, [signer.vkey(), second.key.vkey, *(it.key.vkey for it in WITNESSES)]


def test_cosignatures_are_checked_with_their_keys_and_told(cosigned, tmp_path: Path, capsys) -> None:
    folder, keys = cosigned
    report = verify_export(folder, "\n".join(keys), witnesses=2)
    assert report.fault is None
    assert report.unchecked == ()
    assert [line.split("+")[0] for line in report.cosigned] == ["w1.example", "w2.example/2"]
    (tmp_path / "keys").write_text("\n".join(keys[1:]) + "\n")
    given = [str(folder), "--key", keys[0], "--key", str(tmp_path / "keys"), "--witnesses"]
    assert verify.main([*given, "2"]) == 0
    assert "Cosigned by w2.example/2" in capsys.readouterr().out
    assert verify.main([*given, "3"]) == 1
    assert "2 of the witnesses cosigned it, not 3" in capsys.readouterr().out
    assert len(verify_export(folder, keys[0]).unchecked) == 3
    assert verify_export(folder, keys[1]).fault is None, "its second key alone is the ledger's as well"


def test_forged_cosignature_of_each_kind(cosigned) -> None:
    folder, keys = cosigned
    lines = (folder / "checkpoint").read_text().splitlines()
    for at in range(4, len(lines)):
        dash, name, value = lines[at].split(" ")
        for place in (8, len(value) // 2, len(value) - 6):
            forged = value[:place] + ("B" if value[place] == "A" else "A") + value[place + 1 :]
            text = "\n".join([*lines[:at], f"{dash} {name} {forged}", *lines[at + 1 :], ""])
            (folder / "checkpoint").write_text(text)
            assert verify_export(folder, "\n".join(keys)).fault.file == "checkpoint"


def test_cosignature_for_no_time(cosigned, signer: Signer) -> None:
    folder, keys = cosigned
    note = (folder / "checkpoint").read_text()
    for witness in WITNESSES:
        said = message(witness.kind, witness.name, 0, Checkpoint.open(note, signer.verifier))
        value = bytes(8) + witness._private.sign(said)
        forged = Signature(witness.name, witness.key.key_id, value)
        (folder / "checkpoint").write_text(with_signatures(note, [forged]))
        assert verify_export(folder, "\n".join(keys)).fault.file == "checkpoint"


def test_second_signature_of_the_ledger_left_out(cosigned) -> None:
    folder, keys = cosigned
    lines = (folder / "checkpoint").read_text().splitlines(keepends=True)
    (folder / "checkpoint").write_text("".join([*lines[:5], *lines[6:]]))
    assert "is not signed by the key" in verify_export(folder, "\n".join(keys)).fault.what
    assert verify_export(folder, keys[0]).fault is None


def test_witness_s_key_in_place_of_the_ledger_s(cosigned) -> None:
    folder, keys = cosigned
    assert "a witness's" in verify_export(folder, keys[2]).fault.what
    assert verify_export(folder, keys[3]).fault, "it signed, but the ledger has another name"


# ---- receipts


@pytest.fixture
def receipt(tmp_path: Path, whole: Path, bodies, made_tree) -> Path:
    def read(level: int, index: int, width: int) -> bytes:
        name = f"{index:03}" if width == 256 else f"{index:03}.p/{width}"
        return (whole / "tile" / str(level) / name).read_bytes()

    proof = Proof(bodies[345], 345, Tree(SIZE, read).inclusion(345), (whole / "checkpoint").read_text())
    path = tmp_path / "use.tlog-proof"
    path.write_text(proof.text())
    return path


def test_a_receipt_holds(receipt: Path, signer: Signer, bodies) -> None:
    assert verify_receipt(receipt, signer.vkey()).fault is None
    proof = Proof.parse(receipt.read_text())
    assert proof.verify(signer.verifier).size == SIZE
    assert proof.decoded().encode() == bodies[345]
    assert verify.main([str(receipt), "--key", signer.vkey()]) == 0


@FLIPS
@given(st.data())
def test_flipped_byte_in_a_receipt(whole: Path, tmp_path_factory, signer: Signer, bodies, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.tlog-proof"
    hashes = [leaf_hash(body) for body in bodies[:5]]
    top = Checkpoint(signer.name, 2, verify._fold(hashes[0] + hashes[1])).sign(signer)
    content = Proof(bodies[0], 0, (hashes[1],), top).text().encode()
    path.write_bytes(content)
    assert verify_receipt(path, signer.vkey()).fault is None
    place = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :])
    assert verify_receipt(path, signer.vkey()).fault


def test_receipt_for_another_place_or_another_entry(receipt: Path, signer: Signer, bodies) -> None:
    text = receipt.read_text()
    proof = Proof.parse(text)
    for wrong in (
        text.replace("index 345", "index 344"),
        text.replace("index 345", "index 600"),
        Proof(bodies[344], 345, proof.path, proof.note).text(),
        Proof(bodies[345], 345, proof.path[:-1], proof.note).text(),
        Proof(bodies[345], 345, (*proof.path, b"x" * 32), proof.note).text(),
        Proof(bodies[345], 345, (), proof.note).text(),
    ):
        receipt.write_text(wrong)
        assert verify_receipt(receipt, signer.vkey()).fault
        with pytest.raises(ValueError):  # noqa: PT011 - either of the room's two, both ValueErrors
            Proof.parse(wrong).verify(signer.verifier)


def test_receipt_in_another_spelling(receipt: Path, signer: Signer) -> None:
    text = receipt.read_text()
    extra, step = text.splitlines()[1], text.splitlines()[3]
    assert step.endswith("=")
    other = step[:-2] + chr(ord(step[-2]) + 1) + "="  # the last bits of that character carry nothing
    for was, becomes in ((step, other), (extra, extra + "===="), ("index 345", "index 0345")):
        receipt.write_text(text.replace(was, becomes))
        assert verify_receipt(receipt, signer.vkey()).fault
        with pytest.raises(ProofError):
            Proof.parse(receipt.read_text())


def test_receipt_for_a_number_past_the_end(tmp_path: Path, signer: Signer, bodies) -> None:
    hashes = [leaf_hash(body) for body in bodies[:2]]
    note = Checkpoint(signer.name, 2, node_hash(*hashes)).sign(signer)
    for number, holds in ((1, True), (2, False), (3, False)):
        proof = Proof(bodies[1], number, (hashes[0],), note)
        (tmp_path / "r").write_text(proof.text())
        assert (verify_receipt(tmp_path / "r", signer.vkey()).fault is None) is holds


@pytest.mark.parametrize(
    "text", [b"", b"\n\n", b"\xff", b"c2sp.org/tlog-proof@v1\nindex 0\n\nx", b"a\nb\nc\n\nd\n\ne\n"]
)
def test_a_receipt_that_is_none(tmp_path: Path, text: bytes, signer: Signer) -> None:
    (tmp_path / "r").write_bytes(text)
    assert verify_receipt(tmp_path / "r", signer.vkey()).fault
