"""Workbooks (.xlsx): a sheet with a header row.

Rules:

1. The sheet is the one named, or the only one; which of several is meant is not guessed.
2. Values have their types: dates and times as ISO 8601 texts, whole numbers as such, an empty cell as null. A cell that
   holds an error (``#N/A``) is not empty: its row is told.
3. Empty rows say nothing. A value outside the header's columns makes its row unreadable.
4. A workbook is a compressed archive, and is looked into before it is opened (:mod:`comity.sources.workbook`).
5. A workbook cannot be appended to: a changed one is read again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from comity.sources import values
from comity.sources.batches import Step
from comity.sources.files import OpenFile, read_files
from comity.sources.json_text import storable
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable
from comity.sources.table import Columns, RefusedTableError
from comity.sources.workbook import errors_of, look_into


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
            rows, columns, errors = self._opened(file.whole_bytes())
        except RefusedTableError as fault:
            yield from file.refused(fault.cause, fault.mend)
            return
        for index, (number, row) in file.not_yet_read(_numbered(rows, self.header_row + 1, errors)):
            item = _item(f"{file.place}, row {number}", number, columns, row, errors.get(number, ()))
            yield Step(item, file.found.key, partial(file.read_whole, index + 1))
        yield file.end()

    def _opened(self, data: bytes) -> tuple[Iterator[list[Any]], Columns, Mapping[int, Sequence[str]]]:
        """Return the rows after the header, the columns, and where errors are. Raises :class:`RefusedTableError`."""
        parts = look_into(data)
        try:
            workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
            sheet = self._sheet(workbook.sheet_names)
            rows = iter(workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False))
        except (CalamineError, OSError) as fault:
            cause = f"this is not a workbook that can be opened ({type(fault).__name__})"
        else:
            return rows, self._columns(rows), errors_of(data, parts, sheet)
        raise RefusedTableError(cause, "Have it saved again as .xlsx")

    def _sheet(self, names: Sequence[str]) -> str:
        if self.sheet is not None and self.sheet in names:
            return self.sheet
        if self.sheet is None and len(names) == 1:
            return names[0]
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
        columns = Columns(["" if (name := _cell(cell)) is None else str(name) for cell in header])
        if self.columns:
            columns.expect(self.columns)
        return columns


def _numbered(
    rows: Iterator[list[Any]], first: int, errors: Mapping[int, Sequence[str]]
) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows that say something, with their numbers."""
    for number, row in enumerate(rows, first):
        if number in errors or any(map(_filled, row)):
            yield number, row


def _filled(cell: Any) -> bool:
    return cell not in ("", None)


def _cell(value: Any) -> Any:
    if value == "":
        return None
    return values.whole(value) if isinstance(value, float) else values.plain(value)


def _item(place: str, number: int, columns: Columns, row: Sequence[Any], errors: Sequence[str]) -> Item:
    cells = [_cell(value) for value in row]
    if errors:
        cause = f"a formula ends in an error in {', '.join(f'{letters}{number}' for letters in errors[:10])}"
        return Unreadable(place, cause, "Have the formula mended, or the cell emptied", number, _raw(cells))
    try:
        body = columns.body(cells)
    except RefusedTableError as fault:
        return Unreadable(place, fault.cause, fault.mend, number, _raw(cells))
    if all(storable(cell) for cell in cells if isinstance(cell, str)):
        return Said(place, body, number)
    return Unreadable(place, "the row holds a NUL character", "Have the character left out", number, _raw(cells))


def _raw(cells: list[Any]) -> bytes:
    return json.dumps(cells).encode()[:RAW_LIMIT]
