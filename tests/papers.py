"""What tests of documents look at them with: a reader of PDF that is not ours (poppler), and the bytes themselves."""

from __future__ import annotations

import re
import subprocess
import zlib
from functools import cached_property
from pathlib import Path

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


class Paper:
    """A document as its readers have it."""

    def __init__(self, made: bytes, folder: Path) -> None:
        self.bytes = made
        self.path = folder / "document.pdf"
        self.path.write_bytes(made)

    @cached_property
    def text(self) -> str:
        """The words, in their order, with the ends of lines as spaces."""
        return " ".join(self._told("pdftotext", self.path, "-").split())

    @cached_property
    def letters(self) -> str:
        """The words without any space: a line that was broken anywhere is whole."""
        return self.text.replace(" ", "")

    @cached_property
    def tags(self) -> str:
        """What assistive technology is told: the tree of tags with its words."""
        return self._told("pdfinfo", "-struct-text", self.path)

    @cached_property
    def facts(self) -> dict[str, str]:
        told = self._told("pdfinfo", self.path).splitlines()
        return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in told)}

    @cached_property
    def fonts(self) -> list[list[str]]:
        return [line.split() for line in self._told("pdffonts", self.path).splitlines()[2:]]

    @cached_property
    def opened(self) -> bytes:
        """Every byte, what is compressed beside its plain form."""
        return self.bytes + b"\n".join(_inflated(each) for each in STREAM.findall(self.bytes))

    @cached_property
    def alternatives(self) -> set[str]:
        """The alternative texts, as the file holds them: in Latin letters, or as UTF-16 in hexadecimal."""
        plain = re.findall(rb"/Alt\s*\(((?:[^()\\]|\\.)*)\)", self.opened, re.DOTALL)
        wide = re.findall(rb"/Alt\s*<([0-9A-Fa-f]+)>", self.opened)
        found = {re.sub(rb"\\(.)", rb"\1", each, flags=re.DOTALL).decode("latin-1") for each in plain}
        return found | {bytes.fromhex(each.decode()).decode("utf-16") for each in wide}

    def holds(self, secret: str) -> bool:
        """Whether a text is anywhere: in words, tags, alternative texts, metadata; however it is written."""
        plain = secret.lower()
        written = {encoded for encoding in ("utf-8", "utf-16-be", "utf-16-le") for encoded in _ways(secret, encoding)}
        return plain in (self.text + self.letters).lower() or any(each in self.opened for each in written)

    @staticmethod
    def _told(*command: object) -> str:
        done = subprocess.run([str(each) for each in command], capture_output=True, check=True)
        return done.stdout.decode(errors="replace").replace("\u200b", "")  # where a long word may be broken


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return stream


def _ways(secret: str, encoding: str) -> set[bytes]:
    each = {secret.encode(encoding), secret.lower().encode(encoding), secret.upper().encode(encoding)}
    return each | {way.hex().encode() for way in each} | {way.hex().upper().encode() for way in each}
