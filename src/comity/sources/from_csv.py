"""Files of separated values (RFC 4180, and what is really sent).

Rules:

1. Nothing is guessed: delimiter, quote and encoding are as declared (a comma, a double quote and UTF-8 unless told
   otherwise).
2. Values are texts, exactly as written; an empty value is an empty text. Empty lines say nothing.
3. A quoted value may hold newlines. A quote that is never closed spoils its own line, not the rest: when the lines from
   it on make no row of the right length, the first of them is told and reading goes on with the second. The
   next row with an odd quote is told too: it may hold the other end.
4. Only new lines are read of a file that has grown; a file that was rewritten is read again. A quote that the end of
   the file leaves open may still be closed: when the file has grown, it is read again from that row on.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from comity.sources.batches import Step
from comity.sources.body import JsonBody
from comity.sources.files import OpenFile, read_files
from comity.sources.lines import MAX_LINE, Encoding, Line, WrongEncodingError, lines, settle_encoding
from comity.sources.models import RAW_LIMIT, Batch, Item, Said, Unreadable
from comity.sources.table import Columns, RefusedTableError

#: Lines in one row, by newlines within quotes. Comity's own choice, 2026-11: a page of free text has fifty.
MAX_ROW_LINES = 1_000

_CUT_OFF = "unexpected end of data"  # what Python's reader says where its lines end within quotes

csv.field_size_limit(max(csv.field_size_limit(), MAX_LINE))


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvSource:
    """One or more files of separated values with the same columns."""

    base: Path
    path: str
    how: str
    delimiter: str = ","
    quote: str | None = '"'
    encoding: str = "utf-8"
    header: bool = True
    columns: tuple[str, ...] = ()
    skip: int = 0

    @property
    def name(self) -> str:
        """The path as the spec writes it."""
        return self.path

    def read(self, cursor: str | None, size: int) -> Iterator[Batch]:
        """Yield the rows that are new since ``cursor``."""
        return read_files(self.base, self.path, self.how, cursor, size, self._read_file)

    def _read_file(self, file: OpenFile) -> Iterator[Step]:
        try:
            encoding = settle_encoding(file.handle, self.encoding)
            columns, at, number = self._header(file, encoding)
        except (WrongEncodingError, RefusedTableError) as fault:
            yield from file.refused(fault.cause, fault.mend)
            return
        yield from self._rows(file, encoding, columns, at, number)

    def _header(self, file: OpenFile, encoding: Encoding) -> tuple[Columns, int, int]:
        """Return the columns, and the offset and line after the header."""
        feed = lines(file.handle, encoding)
        at = number = 0
        for _ in range(self.skip):
            if line := next(feed, None):
                at, number = line.end, line.number
        if not self.header:
            return Columns(self.columns), at, number
        taken, values, fault = _Rows(feed, self, None).take() or ((), [], None)
        if fault or not taken:
            raise fault or RefusedTableError("the file has no header", "Name the columns in the first line")
        columns = Columns(values)
        if self.columns:
            columns.expect(self.columns)
        return columns, taken[-1].end, taken[-1].number

    def parsed(self, feed: Iterator[str]) -> Any:
        """Return the rows of values in the lines of ``feed``."""
        quoting: Literal[0, 3] = csv.QUOTE_NONE if self.quote is None else csv.QUOTE_MINIMAL
        return csv.reader(feed, delimiter=self.delimiter, quotechar=self.quote or '"', quoting=quoting, strict=True)

    def _rows(self, file: OpenFile, encoding: Encoding, columns: Columns, at: int, number: int) -> Iterator[Step]:
        resume = file.resume_at()
        at, number = max((at, number), resume)
        rows = _Rows(lines(file.handle, encoding, at, number), self, columns)
        key = file.found.key
        last = (at, number)
        while found := rows.take():
            taken, body, fault = found
            end = (taken[-1].end, taken[-1].number)
            last = end if taken[-1].ended else (taken[0].offset, taken[0].number - 1)
            last = rows.left_open or last
            yield Step(_item(file.place, taken, body, fault), key, partial(file.read_so_far, *last))
        yield Step(None, key, partial(file.read_to_its_end, *last))


_Taken = tuple[list[Line], Any, RefusedTableError | None]


class _Rows:
    """Rows out of lines: takes as many lines as make one row, and gives back those that do not belong to it."""

    def __init__(self, feed: Iterator[Line], source: CsvSource, columns: Columns | None) -> None:
        self._feed, self._columns = feed, columns
        self._reader, self._quote = source.parsed, source.quote
        self._given_back: deque[Line] = deque()
        self._taken: list[Line] = []
        self._doubtful = False  # whether a quote was not closed whose other end has not been met
        self._at_the_end = False  # whether there are no more lines
        self.left_open: tuple[int, int] | None = None  # offset, and lines before, of a row that the file's end cut off
        self._parsed = self._reader(self._texts())

    def take(self) -> _Taken | None:
        """Return the next row's lines with its body (of a header: its values), or what is wrong; None at the end."""
        self._taken = []
        try:
            for values in self._parsed:
                if values or self._taken[0].cause:
                    return self._made(values)
                self._taken = []
        except csv.Error as fault:
            if self._at_the_end and str(fault) == _CUT_OFF and self.left_open is None:
                self.left_open = (self._taken[0].offset, self._taken[0].number - 1)
            return self._spoilt(_unquoted(str(fault)))
        except RefusedTableError as fault:
            return self._spoilt(fault)
        return None

    def _texts(self) -> Iterator[str]:
        while len(self._taken) < MAX_ROW_LINES:
            line = self._given_back.popleft() if self._given_back else next(self._feed, None)
            if line is None:
                self._at_the_end = True
                return
            self._taken.append(line)
            yield line.text

    def _made(self, values: list[str]) -> _Taken:
        made = values if self._columns is None else self._columns.body(values)
        if self._doubtful and self._is_odd():
            self._doubtful = False
            return self._taken, None, _unquoted("")
        for line in self._taken:
            if line.cause:
                return self._taken, None, RefusedTableError(line.cause, line.mend or "")
            if "\x00" in line.text:
                return self._taken, None, RefusedTableError("the row holds a NUL character", "Check the encoding")
        return self._taken, made, None

    def _is_odd(self) -> bool:
        """Tell whether a quote in the row has no other end: it may belong to one that was not closed before."""
        return bool(self._quote) and sum(line.text.count(self._quote or "") for line in self._taken) % 2 == 1

    def _spoilt(self, fault: RefusedTableError) -> _Taken:
        """Tell the first line and begin again with the second (rule 3)."""
        first, *others = self._taken
        self._given_back.extendleft(reversed(others))
        self._doubtful = bool(others) or (self._doubtful and not self._is_odd())
        self._parsed = self._reader(self._texts())
        if first.cause:
            fault = RefusedTableError(first.cause, first.mend or "")
        return [first], None, fault


def _unquoted(words: str) -> RefusedTableError:
    if words.startswith("new-line character"):
        return RefusedTableError(
            "a carriage return stands within a value that is not quoted",
            "Have lines ended by a newline, and values that hold line ends quoted",
        )
    return RefusedTableError(
        "a quote is not closed, or something follows the quote that closes a value",
        "Have quotes within a value doubled, or set quote: none where the file does not quote",
    )


def _item(place: str, taken: list[Line], body: JsonBody | None, fault: RefusedTableError | None) -> Item:
    first = taken[0]
    where = f"{place}, line {first.number}"
    if fault is None and body is not None:
        return Said(where, body, first.offset)
    cause, mend = (fault.cause, fault.mend) if fault else ("", "")
    raw = b"".join(line.raw for line in taken)[:RAW_LIMIT]
    return Unreadable(f"{where} (byte {first.offset})", cause, mend, first.offset, raw)
