"""The archive that a workbook is, looked into before its library may open it.

Rules:

1. Only .xlsx (ECMA-376). Its relatives have limits that cannot be checked from here; they can be saved as .xlsx.
2. An archive that unpacks to more than :data:`MAX_UNPACKED` is refused, and one that lies about its sizes as well.
3. A sheet whose furthest cell spans an area of more than :data:`MAX_CELLS` is refused, and one with a cell in no
   possible place: the library makes room for all of the area at once, and takes the process down where there is none.
   It also reads what is not quite XML, so every part that could be a sheet is read here first, whatever it is called.
4. A cell that holds an error, such as ``#N/A``, is read by the library as empty. An empty cell is a statement (there
   is no release date), an error is not: it is found here (ECMA-376 part 1, 18.18.11: type ``e``).
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lxml import etree

from comity.sources import safe_xml
from comity.sources.safe_xml import RefusedXmlError
from comity.sources.table import RefusedTableError

#: Bytes of all parts unpacked. Comity's own choice, 2026-11: a sheet of a million rows and ten columns.
MAX_UNPACKED = 512 * 1_048_576

#: Cells of the area that a sheet spans; the library takes some 32 bytes for each. Comity's own choice, 2026-11.
MAX_CELLS = 20_000_000

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_SHEET = "{*}sheets/{*}sheet"
_PLACE = re.compile(r"(?P<column>[A-Z]{1,3})?(?P<row>[1-9][0-9]{0,6})")  # B7 of a cell, 7 of a row
_LIKE_A_SHEET = re.compile(rb"<(?:[^\s<>]*:)?(?:c|row)[\s/>]")
_CHUNK = 1 << 20
_BROKEN = "this is not an .xlsx workbook that can be opened; it may be damaged or protected by a password"


@dataclass(slots=True)
class Part:
    """What one part of the archive has of a sheet: the furthest row and column, and the cells that hold an error."""

    rows: int = 0
    columns: int = 1
    errors: dict[int, list[str]] = field(default_factory=dict)

    def add(self, element: etree._Element) -> None:
        """Take note of a row or a cell. Raises :class:`RefusedTableError` for one in no possible place."""
        said = element.get("r")
        if said is None:
            return  # it stands after the one before it
        place = _PLACE.fullmatch(said)
        if place is None:
            raise _refused("a cell of the workbook stands in no possible place")
        column, row = place["column"], int(place["row"])
        self.rows = max(self.rows, row)
        if column:
            self.columns = max(self.columns, _column_number(column))
            if element.get("t") == "e":
                self.errors.setdefault(row, []).append(column)


Parts = Mapping[str, Part]


def look_into(data: bytes) -> Parts:
    """Return what the parts of a workbook hold. Raises :class:`RefusedTableError` (rules 1 to 3)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _parts(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError):
        pass
    raise _refused(_BROKEN)


def _parts(archive: zipfile.ZipFile) -> Parts:
    infos = archive.infolist()
    if _WORKBOOK not in archive.namelist():
        raise _refused("this is an archive, but not an .xlsx workbook")
    if sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise _refused(f"the workbook unpacks to more than {MAX_UNPACKED // 1_048_576} MiB")
    parts = {info.filename: _part(archive, info) for info in infos}
    if any(part.rows * part.columns > MAX_CELLS for part in parts.values()):
        raise _refused(f"a sheet has a cell so far out that it spans more than {MAX_CELLS:,} cells")
    return parts


def _part(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Part:
    """Read a part to its end, which also checks its size and checksum."""
    part = Part()
    options: dict[str, Any] = safe_xml.SAFE
    with archive.open(info) as stream:
        try:
            for _, element in etree.iterparse(stream, events=("end",), tag=("{*}row", "{*}c"), **options):
                part.add(element)
                if element.tag.endswith("row"):
                    element.clear()
        except etree.XMLSyntaxError:
            broken = True
        else:
            broken = False
        while stream.read(_CHUNK):
            pass
    if broken and _LIKE_A_SHEET.search(archive.read(info)):
        raise _refused(_BROKEN)
    return part


@cache
def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64  # A is 65
    return number


def errors_of(data: bytes, parts: Parts, sheet: str) -> Mapping[int, list[str]]:
    """Return the columns (by letter) that hold an error, for each row (from 1) of the sheet that has one."""
    if not any(part.errors for part in parts.values()):
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = _part_of(archive, sheet)
    except (KeyError, RefusedXmlError):
        name = None
    if name is None or name not in parts:
        raise _refused("the workbook holds errors in cells, and which sheet they are on cannot be told")
    return parts[name].errors


def _refused(cause: str) -> RefusedTableError:
    return RefusedTableError(cause, "Have it saved again as .xlsx without a password, or delivered as CSV")


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Return the name of the archive's part that holds the sheet of this name."""
    sheets = safe_xml.parse(archive.read(_WORKBOOK)).iterfind(_SHEET)
    ids = [value for each in sheets if each.get("name") == sheet for key, value in each.items() if key.endswith("}id")]
    for relation in safe_xml.parse(archive.read(_RELATIONS)):
        if relation.get("Id") in ids:
            return posixpath.normpath(posixpath.join("/xl", str(relation.get("Target")))).lstrip("/")
    return None
