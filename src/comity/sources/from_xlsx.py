"""Workbooks: a sheet with a header row (.xlsx; .xls, .xlsb and OpenDocument come along with the library).

Rules:

1. The sheet is the one named, or the only one; which of several is meant is not guessed.
2. Values have their types: dates and times as ISO 8601 texts, whole numbers as such, an empty cell as null.
3. Empty rows say nothing. A value outside the header's columns makes its row unreadable.
4. A workbook is a compressed archive: one that would unpack to more than :data:`MAX_UNPACKED` is not unpacked.
5. A workbook cannot be appended to: a changed one is read again.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from comity.sources import values
from comity.sources.batches import Step
from comity.sources.files import OpenFile, read_files
from comity.sources.json_text import storable
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable
from comity.sources.table import Columns, RefusedTableError

#: Bytes of all parts of a workbook unpacked. A sheet has at most 1,048,576 rows (ECMA-376 part 1, 18.3.1.73).
MAX_UNPACKED = 2_048 * 1_048_576

_ZIP = b"PK\x03\x04"
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class XlsxSource:
    """One or more workbooks with the same sheet in them."""

    base: Path
    path: str
    how: str
    sheet: str | None = None
    header_row: int = 1
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The path as the spec writes it."""
        return self.path

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield the rows of the workbooks that are new or changed since ``cursor``."""
        return read_files(self.base, self.path, self.how, cursor, size, self._read_file)

    def _read_file(self, file: OpenFile) -> Iterator[Step]:
        try:
            rows, columns = self._opened(file.whole_bytes())
        except RefusedTableError as fault:
            yield from file.refused(fault.cause, fault.mend)
            return
        said = ((number, row) for number, row in enumerate(rows, self.header_row + 1) if any(map(_filled, row)))
        for index, (number, row) in file.not_yet_read(said):
            item = _item(f"{file.place}, row {number}", number, columns, row)
            yield Step(item, file.found.key, partial(file.read_whole, index + 1))
        yield file.end()

    def _opened(self, data: bytes) -> tuple[Iterator[list[Any]], Columns]:
        """Return the rows after the header, and its columns. Raises :class:`RefusedTableError`."""
        refuse_bomb(data)
        try:
            workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
            rows = iter(self._sheet(workbook).to_python(skip_empty_area=False))
        except (CalamineError, OSError, ValueError) as fault:
            if isinstance(fault, RefusedTableError):
                raise
            cause = "this is not a workbook that can be opened; it may be damaged or protected by a password"
        else:
            return rows, self._columns(rows)
        raise RefusedTableError(cause, "Have it saved again as .xlsx, without a password")

    def _sheet(self, workbook: CalamineWorkbook) -> CalamineSheet:
        names = workbook.sheet_names
        if self.sheet in names:
            return workbook.get_sheet_by_name(self.sheet)
        if self.sheet is None and len(names) == 1:
            return workbook.get_sheet_by_index(0)
        there = ", ".join(f'"{name}"' for name in names[:10])
        if self.sheet is None:
            raise RefusedTableError(f"the workbook has {len(names)} sheets: {there}", "Name one of them under sheet:")
        near = get_close_matches(self.sheet, names, 1)
        raise RefusedTableError(
            f'the workbook has no sheet "{self.sheet}"; it has {there}',
            f'Did you mean "{near[0]}"' if near else "Name one of these under sheet:",
        )

    def _columns(self, rows: Iterator[list[Any]]) -> Columns:
        header: Sequence[Any] = ()
        for _ in range(self.header_row):
            header = next(rows, ())
        columns = Columns([str(values.plain(cell)) for cell in header])
        if self.columns:
            columns.expect(self.columns)
        return columns


def refuse_bomb(data: bytes) -> None:
    """Raise :class:`RefusedTableError` where the archive unpacks to more than it may, whatever it says of itself."""
    if not data.startswith(_ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            truthful = unpacked > MAX_UNPACKED or archive.testzip() is None
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError):
        truthful = False
    if not truthful:
        raise RefusedTableError("the workbook's archive is damaged", "Have it saved and sent again")
    if unpacked > MAX_UNPACKED:
        limit = MAX_UNPACKED // 1_048_576
        raise RefusedTableError(f"the workbook unpacks to more than {limit} MiB", "Have it delivered as CSV")


def _filled(cell: Any) -> bool:
    return cell not in ("", None)


def _cell(value: Any) -> Any:
    if value == "":
        return None
    return values.whole(value) if isinstance(value, float) else values.plain(value)


def _item(place: str, number: int, columns: Columns, row: Sequence[Any]) -> Item:
    cells = [_cell(value) for value in row]
    try:
        body = columns.body(cells)
    except RefusedTableError as fault:
        return Unreadable(place, fault.cause, fault.mend, number, _raw(cells))
    if all(storable(cell) for cell in cells if isinstance(cell, str)):
        return Said(place, body, number)
    return Unreadable(place, "the row holds a NUL character", "Have the character left out", number, _raw(cells))


def _raw(cells: list[Any]) -> bytes:
    return json.dumps(cells).encode()[:RAW_LIMIT]
