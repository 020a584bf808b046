"""Workbooks: typed cells, the right sheet, and archives that lie."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.sources import Said, open_source

SPEC = {"xlsx": {"path": "book.xlsx"}}


def write(tmp_path, *sheets, name="book.xlsx"):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / name)


def test_cells_have_their_types(tmp_path, pull):
    moment = datetime(2013, 6, 30, 9, 46, 32)
    row = ["007", 7, 7.5, True, date(2013, 6, 30), moment, time(9, 46), timedelta(hours=30), None]
    write(tmp_path, ("Sheet", [list("ABCDEFGHI"), row]))
    pulled = pull(SPEC)
    expected = ["007", 7, 7.5, True, "2013-06-30", "2013-06-30T09:46:32", "09:46:00", "PT108000S", None]
    assert list(pulled.bodies[0].values()) == expected
    assert type(pulled.bodies[0]["B"]) is int
    assert pulled.items[0].place == "book.xlsx, row 2"


def test_a_sheet_is_named_where_there_are_several(tmp_path, pull):
    write(tmp_path, ("Front", [["X"]]), ("Assessments", [["A"], [1]]))
    assert 'it has 2 sheets: "Front", "Assessments"'.removeprefix("it ") in pull(SPEC).unreadable[0].cause
    assert pull({"xlsx": {"path": "book.xlsx", "sheet": "Assessments"}}).bodies == [{"A": 1}]
    wrong = pull({"xlsx": {"path": "book.xlsx", "sheet": "Asessments"}})
    assert wrong.unreadable[0].mend == 'Did you mean "Assessments"'


def test_the_header_may_stand_lower_and_empty_rows_say_nothing(tmp_path, pull):
    write(tmp_path, ("Sheet", [["Made by us"], [], ["A", "B"], [1, 2], [], [3, None]]))
    pulled = pull({"xlsx": {"path": "book.xlsx", "header_row": 3}})
    assert pulled.bodies == [{"A": 1, "B": 2}, {"A": 3, "B": None}]
    assert [item.place for item in pulled.items] == ["book.xlsx, row 4", "book.xlsx, row 6"]


def test_a_number_in_the_header_is_named_as_it_is_shown(tmp_path, pull):
    write(tmp_path, ("Sheet1", [["No", 2023], ["A", 1]]))
    assert pull({"xlsx": {"path": "book.xlsx"}}).bodies == [{"No": "A", "2023": 1}]


def test_a_value_beyond_the_header_is_told(tmp_path, pull):
    write(tmp_path, ("Sheet", [["A", "B"], [1, 2, "Secretson"], [3, 4]]))
    pulled = pull(SPEC)
    assert pulled.bodies == [{"A": 3, "B": 4}]
    assert pulled.unreadable[0].cause == "a value stands in a column without a name"
    assert "Secretson" not in str(pulled.unreadable[0]) + repr(pulled.unreadable[0])
    assert b"Secretson" in pulled.unreadable[0].raw


def test_declared_columns_have_to_be_there(tmp_path, pull):
    write(tmp_path, ("Sheet", [["A", "B"], [1, 2]]))
    spec = {"xlsx": {"path": "book.xlsx", "columns": ["A", "C"]}}
    assert 'lacks "C"' in pull(spec).unreadable[0].cause


def test_an_unchanged_workbook_brings_nothing_and_a_changed_one_everything(tmp_path, pull):
    write(tmp_path, ("Sheet", [["A"], [1]]))
    first = pull(SPEC)
    assert pull(SPEC, first.cursor).items == ()
    write(tmp_path, ("Sheet", [["A"], [1], [2]]))
    assert pull(SPEC, first.cursor).bodies == [{"A": 1}, {"A": 2}]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500, b"A,B\n1,2\n", b"\xd0\xcf\x11\xe0" * 200]
)
def test_what_is_no_workbook_is_told(tmp_path, pull, content):
    (tmp_path / "book.xlsx").write_bytes(content)
    pulled = pull(SPEC)
    assert (pulled.bodies, len(pulled.unreadable)) == ([], 1)


def bomb(path, size, claim=None):
    """Put ``size`` zeros into a workbook's first sheet, and have the archive claim that there are fewer."""
    content = io.BytesIO(path.read_bytes())
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", b"\0" * size)
    data = content.getvalue()
    if claim is not None:
        data = data.replace(size.to_bytes(4, "little"), claim.to_bytes(4, "little"))
    path.write_bytes(data)


def test_attack_zip_bomb_is_not_unpacked(tmp_path, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.workbook.MAX_UNPACKED", 1_000_000)
    write(tmp_path, ("Sheet", [["A"], [1]]))
    assert pull(SPEC).bodies == [{"A": 1}]
    bomb(tmp_path / "book.xlsx", 5_000_003)
    assert pull(SPEC).unreadable[0].cause == "the workbook unpacks to more than 0 MiB"


def test_attack_zip_bomb_that_lies_about_its_size_is_refused(tmp_path, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.workbook.MAX_UNPACKED", 1_000_000)
    write(tmp_path, ("Sheet", [["A"], [1]]))
    bomb(tmp_path / "book.xlsx", 5_000_003, claim=1_000)
    assert "it may be damaged" in pull(SPEC).unreadable[0].cause


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576:XFD1"])
def test_attack_far_cell_does_not_exhaust_the_memory(tmp_path, pull, place):
    write(tmp_path, ("Sheet", [["A"], [1]]))
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    for one in place.split(":"):
        book["Sheet"][one] = 1
    book.save(tmp_path / "book.xlsx")
    assert "so far out" in pull(SPEC).unreadable[0].cause


def test_a_cell_that_holds_an_error_is_not_an_empty_one(tmp_path, pull):
    write(tmp_path, ("Other", [["#N/A"]]), ("Sheet", [["A", "B"], [1, "#N/A"], [2, None], ["#REF!", "#DIV/0!"]]))
    pulled = pull({"xlsx": {"path": "book.xlsx", "sheet": "Sheet"}})
    assert pulled.bodies == [{"A": 2, "B": None}]
    assert [(bad.place, bad.cause) for bad in pulled.unreadable] == [
        ("book.xlsx, row 2", "a formula ends in an error in B2"),
        ("book.xlsx, row 4", "a formula ends in an error in A4, B4"),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.integers(0, 5_000), st.binary(min_size=1, max_size=40))
def test_attack_no_spoilt_workbook_whatever_stops_the_source(tmp_path, place, content):
    write(tmp_path, ("Sheet", [["A", "B"], [1, 2]]))
    data = (tmp_path / "book.xlsx").read_bytes()
    place %= len(data)
    (tmp_path / "book.xlsx").write_bytes(data[:place] + content + data[place + len(content) :])
    for batch in open_source(SPEC, tmp_path).read(None, 3):
        assert batch.items


cells = st.one_of(
    st.none(),
    st.integers(-(2**50), 2**50),
    st.floats(-1e12, 1e12).map(lambda value: float(f"{value:.10g}")).filter(lambda value: value == 0 or abs(value) > 1e-9),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(9999, 12, 31)),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9)
    .filter(lambda text: not text.startswith(("=", "_x")) and text == text.strip()),
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), cells, cells), max_size=6))
def test_what_is_written_is_what_is_read(tmp_path, rows):
    write(tmp_path, ("Sheet", [("A", "B", "C"), *rows]))
    items = [item for batch in open_source(SPEC, tmp_path).read(None, 2) for item in batch.items]
    assert all(isinstance(item, Said) for item in items)
    for item, row in zip(items, rows, strict=True):
        said = [item.body.get(name) for name in "ABC"]
        assert said == [value.isoformat() if isinstance(value, date) else value for value in row]
