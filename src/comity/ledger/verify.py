"""Check an exported Comity ledger, or one receipt from it, with nothing but this file and the ledger's public key.

It runs alone: Python 3.11 or later and the ``cryptography`` package; no network, no other part of Comity.

    python verify.py FOLDER --key KEY                    the whole of an exported ledger
    python verify.py FOLDER --key KEY --range 100 199    its entries 100 to 199, and no other
    python verify.py RECEIPT.tlog-proof --key KEY        one receipt

KEY is a public key, NAME+ID+KEY, or a file of such keys, one to a line. The first is the ledger's; more may follow: its
second key, and those of its witnesses. What is checked, in this order. The first that does not hold is named:

1. Each key, Ed25519 or ML-DSA-44, is written as C2SP signed-note writes it, and its id is its own.
2. ``checkpoint`` is signed by the ledger's key, and by each further key with the ledger's name. It states the ledger's
   name (the key's own), its size and its root. A signature by any key that you gave fits (C2SP tlog-cosignature), and
   as many witnesses as you asked for have cosigned.
3. The folder holds the files that a ledger of that size has (C2SP tlog-tiles), and no other.
4. ``README.txt`` says what every export says.
5. Each entry bundle divides into the right number of entries, so the numbers are dense. Each entry is in its one
   canonical form (RFC 8785, version 1), and no id stands twice.
6. Each tile holds the hashes that follow from the entries (RFC 9162), level by level.
7. The root that follows from the entries is the root that was signed.

Of a range, 5 is checked for the bundles that hold it, and 6 and 7 for the tiles that lead from these to the root.
Signatures by other keys are not checked, as signed-note asks, and are listed so that nobody takes them for checked.
"""

from __future__ import annotations

import argparse
import base64
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

WIDTH = 256  # hashes in a full tile, entries in a full bundle (C2SP tlog-tiles)
HASH = 32  # bytes of SHA-256
KEY_ID = 4  # bytes that identify a key (C2SP signed-note)
PLAIN, COSIGNATURE, ML_DSA_44 = 1, 4, 6  # types of signatures, and below the bytes of their public keys
KEY_SIZES = {PLAIN: 32, COSIGNATURE: 32, ML_DSA_44: 1312}
LONGEST_NOTE = 1_000_000  # bytes of a checkpoint or receipt, with room for many signatures
LONGEST_ENTRY = 2 + 0xFFFF  # bytes of an entry behind its 16-bit length

README = """\
This folder is the export of a Comity ledger: what was disclosed, refused and decided, and when.
It holds no personal data. Its form is C2SP tlog-tiles (https://c2sp.org/tlog-tiles):

  checkpoint          the ledger's name, its size and the root of its Merkle tree, signed
  tile/entries/...    the entries, 256 to a file, each behind its length as a 16-bit number
  tile/0/... and up   the hashes of the Merkle tree (RFC 9162), 256 to a file

To check it you need the ledger's public key and the program verify.py, both from a source you trust,
which this folder is not:

  python verify.py THIS-FOLDER --key "NAME+ID+KEY"
"""

_PLAIN = rb'[^"\\\x00-\x1f\x7f]*+'
_PAIR = rb'"[a-z][a-z0-9_]{0,63}":"' + _PLAIN + rb'(?:\\["\\]' + _PLAIN + rb')*+"'
ENTRY = re.compile(
    rb'\{"at":"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{6}Z"'
    rb',"commitment":"[0-9a-f]{64}","context":(\{(?:' + _PAIR + rb"(?:," + _PAIR + rb")*+)?\})"
    rb',"id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})","kind":"[a-z][a-z0-9-]{0,63}","v":1\}'
).fullmatch
_KEYS = re.compile(rb'"([a-z][a-z0-9_]{0,63})":"').findall  # a quote within a value has a backslash before it
NUMBER = re.compile("0|[1-9][0-9]{0,18}", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: in which file, at which byte of it, at which entry, and what."""

    file: str
    what: str
    offset: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        byte = "" if self.offset is None else f", byte {self.offset}"
        entry = "" if self.entry is None else f", entry {self.entry}"
        return f"{self.file}{byte}{entry}: {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: if there is no fault everything holds, and origin, size and root are as signed."""

    origin: str
    size: int = 0
    root: bytes = b""
    unchecked: tuple[str, ...] = ()  # other keys that signed
    cosigned: tuple[str, ...] = ()  # of the keys given, those that cosigned, and when
    fault: Fault | None = None


class _BrokenError(Exception):
    """Carries a fault, its one argument, up to the one place that reports it."""


def _fail(file: str, what: str, offset: int | None = None, entry: int | None = None) -> NoReturn:
    raise _BrokenError(Fault(file, what, offset, entry))


class _Key(NamedTuple):
    name: str
    identity: bytes
    kind: int
    public: bytes


def _base64(text: str) -> bytes:
    """Decode base64 that is spelt as it must be; nothing for any other, so that no flipped bit goes unseen."""
    try:
        value = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return value if base64.b64encode(value).decode() == text else b""


def _read_key(vkey: str) -> _Key:
    name, identity, encoded = [*vkey.split("+", 2), "", ""][:3]
    material = _base64(encoded)
    if not name or not name.isprintable() or not material or len(material) - 1 != KEY_SIZES.get(material[0]):
        _fail("the key", "it is not an Ed25519 or ML-DSA-44 key written NAME+ID+KEY")
    key_id = sha256(name.encode() + b"\n" + material).digest()[:KEY_ID]
    if key_id.hex() != identity:
        _fail("the key", "its id does not fit its name and bytes, so it was copied wrongly")
    return _Key(name, key_id, material[0], material[1:])


def _read_keys(text: str) -> list[_Key]:
    keys = [_read_key(vkey) for vkey in text.split() or [""]]
    if keys[0].kind == COSIGNATURE:
        _fail("the key", "the first must be the ledger's, and this is a witness's")
    return keys


def _signed_at(key: _Key, value: bytes, text: bytes) -> int:
    """Return when ``key`` cosigned ``text``, and 0 for a plain signature; raise InvalidSignature if it did not sign."""
    if key.kind == PLAIN:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value, text)
        return 0
    time, signature = int.from_bytes(value[:8], "big"), value[8:]
    if not 0 < time < 1 << 63:
        raise InvalidSignature
    if key.kind == COSIGNATURE:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, b"cosignature/v1\ntime %d\n" % time + text)
        return time
    (origin, size, root), name = text.split(b"\n")[:3], key.name.encode()
    message = b"subtree/v1\n\0" + bytes([len(name)]) + name + value[:8] + bytes([len(origin)]) + origin + bytes(8)
    message += int(size).to_bytes(8, "big") + _base64(root.decode())
    MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
    return time


def _open_note(file: str, note: bytes, keys: list[_Key]) -> Report:
    """Check a signed checkpoint (C2SP signed-note, tlog-checkpoint, tlog-cosignature) and return what it states."""
    text, gap, lines = note.rpartition(b"\n\n")
    if not gap or not lines.endswith(b"\n"):
        _fail(file, "it has no signature lines after an empty line", len(note))
    known, others, signed, offset = {key[:2]: key for key in keys}, [], {}, len(text) + len(gap)
    for line in lines[:-1].split(b"\n"):
        dash, name, encoded = [*line.decode("utf-8", "replace").split(" ", 2), "", ""][:3]
        value = _base64(encoded)
        if dash != "\N{EM DASH}" or len(value) <= KEY_ID:
            _fail(file, "a signature line is malformed", offset)
        key = known.get((name, value[:KEY_ID]))
        if key is None:
            others.append(f"{name}+{value[:KEY_ID].hex()}")
        else:
            try:
                signed[key] = _signed_at(key, value[KEY_ID:], text + b"\n")
            except (InvalidSignature, ValueError, OverflowError):
                _fail(file, "the signature does not fit the text, so one of the two was changed", offset)
        offset += len(line) + 1
    for key in keys:
        if key.name == keys[0].name and key not in signed:
            _fail(file, f"it is not signed by the key {key.name}+{key.identity.hex()}", len(text) + len(gap))
    times = {key: datetime.fromtimestamp(min(time, 1 << 37), UTC) for key, time in signed.items()}
    cosigned = tuple(
        f"{key.name}+{key.identity.hex()} at {time}" for key, time in times.items() if key.name != keys[0].name
    )
    return replace(_statement(file, text, keys[0]), unchecked=tuple(others), cosigned=cosigned)


def _statement(file: str, text: bytes, key: _Key) -> Report:
    """Read origin, size and root. Text that was signed but says something else is refused all the same."""
    origin, size, root = [*text.decode("utf-8", "replace").split("\n"), "", ""][:3]
    if origin != key.name:
        _fail(file, f"it is signed, but for another ledger than {key.name}", 0)
    if not NUMBER(size) or len(_base64(root)) != HASH:
        _fail(file, "its second line is not a size or its third not a root", len(origin.encode()) + 1)
    return Report(origin, int(size), _base64(root))


def _path(row: str | int, index: int, width: int) -> str:
    """Return where a tile or bundle stands: 1234067 is ``x001/x234/067``, and 5 hashes are ``.p/5``."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    number = "".join(f"x{digits[i : i + 3]}/" for i in range(0, len(digits) - 3, 3)) + digits[-3:]
    return f"tile/{row}/{number}" + ("" if width == WIDTH else f".p/{width}")


def _widths(size: int) -> Iterator[tuple[int, int]]:
    """Yield index and width of each tile in a row of ``size`` hashes."""
    yield from ((index, WIDTH) for index in range(size // WIDTH))
    if size % WIDTH:
        yield size // WIDTH, size % WIDTH


def _check_files(folder: Path, size: int) -> None:
    """Compare the files that are there with the ones that a ledger of ``size`` entries has (rule 3)."""
    found: set[str] = set()
    blind: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=blind.append):
        here = Path(parent).relative_to(folder)
        files += [each for each in folders if os.path.islink(os.path.join(parent, each))]  # noqa: PTH114, PTH118
        found.update((here / file).as_posix() for file in files or ([] if folders else [""]))  # an empty folder counts
    for broken in blind:
        _fail(os.path.relpath(broken.filename, folder), f"it cannot be read: {broken.strerror}")
    if size > WIDTH * len(found):  # no need to list the files of a ledger that cannot be here
        _fail("checkpoint", f"it states {size} entries, and {len(found)} files cannot hold so many")
    expected = {"checkpoint", "README.txt", *(_path("entries", *tile) for tile in _widths(size))}
    row, level = size, 0
    while row:
        expected.update(_path(level, *tile) for tile in _widths(row))
        row, level = row // WIDTH, level + 1
    for file in [*sorted(expected - found), *sorted(found - expected)]:
        what = "is missing" if file in expected else "does not belong"
        _fail(file, f"it {what} in a ledger of {size} entries, the size that the checkpoint states")


def _read(folder: Path, file: str, limit: int) -> bytes:
    """Read a file of at most ``limit`` bytes; a longer one is cut just above it, for its check to see."""
    path = os.path.join(folder, file)  # noqa: PTH118 - for thousands of files, a Path costs more than the reading
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            _fail(file, "it is not an ordinary file")
        with open(path, "rb") as stream:  # noqa: PTH123
            return stream.read(limit + 1)
    except OSError as broken:
        _fail(file, f"it cannot be read: {broken.strerror}")


def _difference(one: bytes, other: bytes) -> int:
    """Return the first place where two byte strings differ (where the shorter ends, if it begins the other)."""
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)


@lru_cache(maxsize=1_024)  # the same few recur in most entries, and 1,024 of the longest are 64 MB
def in_order(context: bytes) -> bool:
    """Say whether a context, as ENTRY found it, is UTF-8 and its keys are sorted and stand once each (RFC 8785)."""
    keys = _KEYS(context)
    written = context.isascii() or context.decode(errors="ignore").encode() == context
    return written and keys == sorted(set(keys))


def _fold(hashes: bytes) -> bytes:
    """Return the root over joined hashes. An odd last one is carried up, which gives the tree of RFC 9162."""
    while len(hashes) > HASH:
        pairs = len(hashes) // 64 * 64
        hashes = b"".join([sha256(b"\1" + hashes[i : i + 64]).digest() for i in range(0, pairs, 64)]) + hashes[pairs:]
    return hashes


@dataclass(slots=True)
class _Walk:
    """The check of one folder under way: the ids seen, and the first tile that differs from what the entries give."""

    folder: Path
    ids: set[bytes] = field(default_factory=set)
    doubt: tuple[int, int, int, int] | None = None  # level, index and width of that tile, and the byte that differs

    def root(self, size: int) -> bytes:
        """Check every bundle and compare every tile, from the leaves up; return the root that the entries lead to."""
        row, level, ragged = b"", 0, b""  # ragged: the root over what is right of the full tiles below this level
        while size:
            above = []
            for index, width in _widths(size):
                begin = index * WIDTH * HASH
                hashes = row[begin : begin + width * HASH] if level else self.leaves(index, width)
                self.compare(level, index, hashes)
                if width == WIDTH:
                    above.append(_fold(hashes))
                else:
                    ragged = _fold(hashes + ragged)
            row, size, level = b"".join(above), size // WIDTH, level + 1
        return ragged or sha256(b"").digest()

    def leaves(self, index: int, width: int) -> bytes:
        """Check one entry bundle; return the leaf hashes of its entries, joined."""
        file = _path("entries", index, width)
        bundle = _read(self.folder, file, LONGEST_ENTRY * width)
        ids, hashes, end = self.ids, [], 0
        for entry in range(index * WIDTH, index * WIDTH + width):
            begin = end + 2
            end = begin + int.from_bytes(bundle[end:begin], "big")
            body = bundle[begin:end]
            found = ENTRY(body)
            if found is None or not in_order(found[1]):
                _fail(file, "it is not a whole entry of version 1 in its canonical form", begin - 2, entry)
            if found[2] in ids:
                _fail(file, "an earlier entry has the same id", begin - 2, entry)
            ids.add(found[2])
            hashes.append(sha256(b"\0" + body).digest())
        if end != len(bundle):
            _fail(file, f"it does not end with the last of its {width} entries", end)
        return b"".join(hashes)

    def compare(self, level: int, index: int, hashes: bytes) -> None:
        """Compare a tile's file with the hashes that follow from the entries; remember the first that differs."""
        width = len(hashes) // HASH
        tile = _tile(self.folder, level, index, width)
        if tile != hashes and self.doubt is None:
            self.doubt = (level, index, width, _difference(tile, hashes))

    def judge(self, root: bytes, signed: bytes) -> None:
        """Compare root and signed root (rule 7). If they agree, a tile that differs is wrong; if not, its entry is."""
        if self.doubt is None:
            if root != signed:
                _fail("checkpoint", "entries and tiles agree with one another, but not with the root that it signs")
            return
        level, index, width, offset = self.doubt
        if root == signed:
            _fail(_path(level, index, width), "it was changed: the entries lead to the root but not to it", offset)
        if level:
            _fail(_path(level, index, width), "the entries below lead neither to this nor to the signed root", offset)
        file, number, begin = _path("entries", index, width), offset // HASH, 0
        bundle = _read(self.folder, file, LONGEST_ENTRY * width)
        for _ in range(number):
            begin += 2 + int.from_bytes(bundle[begin : begin + 2], "big")
        _fail(file, "it was changed: it leads neither to its tile nor to the root", begin, index * WIDTH + number)


def _closer(folder: Path, note: bytes, name: str, fault: Fault) -> Fault:
    """Say at which byte a checkpoint that is not properly signed leaves what the other files lead to."""
    bundles = [path.as_posix() for path in (folder / "tile" / "entries").rglob("*")]
    full = sum(1 for path in bundles if re.search(r"/[0-9]{3}$", path))
    rest = sum(int(path.rpartition("/")[2]) for path in bundles if re.search(r"\.p/[0-9]{1,3}$", path))
    try:
        size = WIDTH * full + rest
        root = base64.b64encode(_Walk(folder).root(size)).decode()
    except _BrokenError:
        return fault
    due = f"{name}\n{size}\n{root}\n\n\N{EM DASH} {name} ".encode()
    return replace(fault, offset=_difference(note[: len(due)], due))


def _head(folder: Path, keys: list[_Key]) -> Report:
    note = _read(folder, "checkpoint", LONGEST_NOTE)
    try:
        return _open_note("checkpoint", note, keys)
    except _BrokenError as broken:
        raise _BrokenError(_closer(folder, note, keys[0].name, broken.args[0])) from None


def _check_folder(folder: Path, keys: list[_Key]) -> Report:
    head = _head(folder, keys)
    _check_files(folder, head.size)
    readme = _read(folder, "README.txt", len(README))
    if readme != README.encode():
        _fail("README.txt", "it is not the text that every export has", _difference(readme, README.encode()))
    walk = _Walk(folder)
    walk.judge(walk.root(head.size), head.root)
    return head


def _check_range(folder: Path, keys: list[_Key], span: Sequence[int]) -> Report:
    """Check the entries of a span, and of the tree only what leads from them to the signed root."""
    (first, last), head, walk = span, _head(folder, keys), _Walk(folder)
    if not 0 <= first <= last < head.size:
        _fail("the range", f"entries {first} to {last} are not in a ledger of {head.size} entries")
    edge, level, ragged = {}, 0, b""  # the partial tiles, which together give the root
    while row := head.size >> 8 * level:
        if row % WIDTH:
            edge[level] = _tile(folder, level, row // WIDTH, row % WIDTH)
            ragged = _fold(edge[level] + ragged)
        level += 1
    if ragged != head.root:
        _fail("checkpoint", "the tiles at the end of the ledger do not lead to the root that it signs")

    def proven(level: int, index: int) -> bytes:  # the hash of a full tile, from the one above once that is proven
        above, place = divmod(index, WIDTH)
        if above == head.size >> 8 * level + 16:
            return edge[level + 1][place * HASH :][:HASH]
        tile = _tile(folder, level + 1, above, WIDTH)
        if _fold(tile) != proven(level + 1, above):
            _fail(_path(level + 1, above, WIDTH), "its hashes do not lead to the tile above it and the signed root")
        return tile[place * HASH :][:HASH]

    for index in range(first // WIDTH, last // WIDTH + 1):
        leaves = walk.leaves(index, min(WIDTH, head.size - index * WIDTH))
        walk.compare(0, index, leaves)
        full = len(leaves) == WIDTH * HASH  # a partial tile led to the root already, so if it differs an entry is wrong
        walk.judge(_fold(leaves), proven(0, index) if full else _fold(edge[0]))
    return head


def _tile(folder: Path, level: int, index: int, width: int) -> bytes:
    file = _path(level, index, width)
    tile = _read(folder, file, width * HASH)
    if len(tile) != width * HASH:
        _fail(file, f"it should be {width * HASH} bytes long", min(len(tile), width * HASH))
    return tile


def _check_receipt(path: Path, keys: list[_Key]) -> Report:
    """Check that the entry in a receipt stands, at its number, in the tree whose root was signed."""
    proof, _, note = _read(path.parent, path.name, LONGEST_NOTE).partition(b"\n\n")
    form, extra, index, *steps = [*proof.decode("utf-8", "replace").split("\n"), "", ""]
    entry, number, hashes = _base64(extra[6:]), index[6:], [_base64(step) for step in steps[: len(steps) - 2]]
    if form != "c2sp.org/tlog-proof@v1" or extra[:6] != "extra " or index[:6] != "index " or not NUMBER(number):
        _fail(path.name, "it is not a receipt in the form of c2sp.org/tlog-proof@v1 with its entry", 0)
    head = _open_note(path.name, note, keys)
    if _climb(sha256(b"\0" + entry).digest(), int(number), head.size, hashes) != head.root:
        _fail(path.name, "the entry and its proof do not lead to the signed root", entry=int(number))
    found = ENTRY(entry)
    if found is None or not in_order(found[1]):
        _fail(path.name, "it is not a whole entry of version 1 in its canonical form", entry=int(number))
    return head


def _climb(leaf: bytes, index: int, size: int, steps: list[bytes]) -> bytes:
    """Return the root that a leaf and its proof lead to (RFC 9162, section 2.1.3); nothing if they do not fit."""
    if not 0 <= index < size or (size == 1) is bool(steps):
        return b""
    if size == 1:
        return leaf
    half = 1 << (size - 1).bit_length() - 1
    if index < half:
        return sha256(b"\1" + _climb(leaf, index, half, steps[:-1]) + steps[-1]).digest()
    return sha256(b"\1" + steps[-1] + _climb(leaf, index - half, size - half, steps[:-1])).digest()


def verify_export(folder: Path, keys: str, span: Sequence[int] = (), witnesses: int = 0) -> Report:
    """Check an exported ledger against the *vkeys* that should have signed it, the ledger's own first.

    With a ``span``, the numbers of the first and the last, only those entries. At least so many ``witnesses`` among the
    keys must have cosigned. Needs 150 bytes for each entry.
    """
    check = partial(_check_range, span=span) if span else _check_folder
    return _reported(check, folder, keys, witnesses)


def verify_receipt(receipt: Path, keys: str, witnesses: int = 0) -> Report:
    """Check one receipt, a ``.tlog-proof`` file, against the keys that should have signed its checkpoint."""
    return _reported(_check_receipt, receipt, keys, witnesses)


def _reported(check: Callable[[Path, list[_Key]], Report], path: Path, keys: str, witnesses: int) -> Report:
    try:
        report = check(path, _read_keys(keys))
        if len(report.cosigned) < witnesses:
            _fail("the checkpoint", f"{len(report.cosigned)} of the witnesses cosigned it, not {witnesses}")
    except _BrokenError as broken:
        return Report(keys.strip().partition("+")[0], fault=broken.args[0])
    return report


def told(report: Report) -> str:
    """Return what a person is told. A file's name may be any bytes, and some of them command a terminal."""
    good = f"All as signed: {report.origin}, {report.size} entries, root {report.root.hex()}"
    lines = [f"NOT AS SIGNED. {report.fault}" if report.fault else good]
    lines += [f"Cosigned by {name}" for name in report.cosigned]
    lines += [f"Not checked, being signed with a key you did not give: {name}" for name in report.unchecked]
    return "".join(ascii(line)[1:-1] + "\n" for line in lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the check from a command line; return 0 if everything holds and 1 if not."""
    parser = argparse.ArgumentParser(description="Check an exported Comity ledger, or a part of it, offline.")
    parser.add_argument("path", type=Path, help="the folder of an export, or the file of a receipt")
    parser.add_argument("--key", required=True, action="append", help="a public key, or a file of them; ours first")
    parser.add_argument("--range", type=int, nargs=2, metavar=("FIRST", "LAST"), help="check these entries alone")
    parser.add_argument("--witnesses", type=int, default=0, help="how many of the other keys must have cosigned")
    given = parser.parse_args(arguments)
    keys = "\n".join(Path(key).read_text("utf-8") if os.path.isfile(key) else key for key in given.key)  # noqa: PTH113
    if given.path.is_dir() or given.range:
        report = verify_export(given.path, keys, given.range or (), given.witnesses)
    else:
        report = verify_receipt(given.path, keys, given.witnesses)
    sys.stdout.write(told(report))
    return 1 if report.fault else 0


if __name__ == "__main__":
    sys.exit(main())
