"""Files of separated values: what is declared, what is wrong with one line, and where reading left off."""

from __future__ import annotations

import csv
import io
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.sources import Said, SourcesError, open_source

SEMICOLON = {"csv": {"path": "jail.csv", "delimiter": ";", "encoding": "windows-1252"}}
PLAIN = {"csv": {"path": "jail.csv"}}


def write(tmp_path, content, name="jail.csv"):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_rows_are_texts_under_the_names_of_the_header(tmp_path, pull):
    write(tmp_path, "NO;Date of birth;A.B\r\n007;01/02/1980;\r\n".encode("cp1252"))
    pulled = pull(SEMICOLON)
    assert pulled.bodies == [{"NO": "007", "Date of birth": "01/02/1980", "A.B": ""}]
    body = pulled.items[0].body
    assert (body.get("Date of birth"), body.get("A.B"), body.get("absent")) == ("01/02/1980", "", None)
    assert (pulled.items[0].place, pulled.items[0].position) == ("jail.csv, line 2", 22)


def test_the_declared_encoding_is_used(tmp_path, pull):
    write(tmp_path, "NAME;X\nJosé Muñoz;€\n".encode("cp1252"))
    assert pull(SEMICOLON).bodies == [{"NAME": "José Muñoz", "X": "€"}]


def test_wrong_bytes_are_told_with_line_and_offset_and_the_other_lines_are_read(tmp_path, pull):
    write(tmp_path, b"NAME,NO\nAnn,1\nJos\xe9,2\nBob,3\n")
    pulled = pull(PLAIN)
    assert [body["NO"] for body in pulled.bodies] == ["1", "3"]
    (bad,) = pulled.unreadable
    assert bad.place == "jail.csv, line 3 (byte 14)"
    assert bad.cause == "the byte 0xe9 at offset 17 is not utf-8"
    assert bad.position == 14
    assert bad.raw == b"Jos\xe9,2\n"


def test_wrong_bytes_in_the_second_line_of_a_quoted_value_spoil_only_that_row(tmp_path, pull):
    write(tmp_path, b'NAME,NO\n"two\nli\xffes",1\nBob,2\n')
    pulled = pull(PLAIN)
    assert pulled.bodies == [{"NAME": "Bob", "NO": "2"}]
    (bad,) = pulled.unreadable
    assert bad.raw == b'"two\nli\xffes",1\n'
    assert "offset 15" in bad.cause


def test_no_value_shows_in_what_is_told_or_in_any_repr(tmp_path, pull):
    write(tmp_path, b'NAME,NO\nSecretson\xff,1\nSecretson,2,3\n"Secretson,4\nSecretson,5\n')
    pulled = pull(PLAIN)
    assert len(pulled.unreadable) == 3
    for item in pulled.items:
        assert "Secretson" not in repr(item)
        assert "Secretson" not in str(item)
    assert "Secretson" not in pulled.cursor


@pytest.mark.parametrize("row", ["1", "1,2,3", "1,2,3,4"])
def test_a_ragged_row_is_told(tmp_path, pull, row):
    write(tmp_path, f"A,B\n{row}\n5,6\n")
    pulled = pull(PLAIN)
    assert pulled.bodies == [{"A": "5", "B": "6"}]
    assert "where the header names 2 columns" in pulled.unreadable[0].cause


def test_quoted_values_hold_delimiters_quotes_and_newlines(tmp_path, pull):
    write(tmp_path, 'A,B\n"x, ""y""\nz",2\n3,4\n')
    pulled = pull(PLAIN)
    assert pulled.bodies == [{"A": 'x, "y"\nz', "B": "2"}, {"A": "3", "B": "4"}]
    assert [item.place for item in pulled.items] == ["jail.csv, line 2", "jail.csv, line 4"]


def test_attack_one_stray_quote_does_not_swallow_the_rest(tmp_path, pull):
    lines = [f"{number},x" for number in range(3_000)]
    lines[1] = '1,"x'
    write(tmp_path, "A,B\n" + "\n".join(lines) + "\n")
    pulled = pull(PLAIN)
    assert len(pulled.bodies) == 2_999
    assert [bad.place for bad in pulled.unreadable] == ["jail.csv, line 3 (byte 8)"]


def test_attack_a_stray_quote_that_another_closes_swallows_no_row(tmp_path, pull):
    write(tmp_path, 'A,B\n1,"x\n2,y\n3,"z"\n4,w\n')
    pulled = pull(PLAIN)
    assert [body["A"] for body in pulled.bodies] == ["2", "3", "4"]
    assert len(pulled.unreadable) == 1


def test_attack_two_stray_quotes_that_join_lines_into_a_ragged_row_swallow_no_row(tmp_path, pull):
    write(tmp_path, 'A,B,C\n1,"x,1\n2,y,2\n3,z",3,9\n4,w,4\n')
    pulled = pull(PLAIN)
    assert [body["A"] for body in pulled.bodies] == ["2", "4"]
    assert [bad.place.split(" (")[0] for bad in pulled.unreadable] == ["jail.csv, line 2", "jail.csv, line 4"]


def test_only_the_other_end_of_a_stray_quote_is_doubted(tmp_path, pull):
    write(tmp_path, 'A,B\n"x,1\ny"z,2\n5 11",3\n6 01",4\n')
    pulled = pull(PLAIN)
    assert [body["B"] for body in pulled.bodies] == ["3", "4"]
    assert [bad.place.split(" (")[0] for bad in pulled.unreadable] == ["jail.csv, line 2", "jail.csv, line 3"]


def test_without_quoting_a_quote_is_a_character(tmp_path, pull):
    write(tmp_path, 'A|B\n"x|5\' 11"\n')
    assert pull({"csv": {"path": "jail.csv", "delimiter": "|", "quote": "none"}}).bodies == [
        {"A": '"x', "B": "5' 11\""}
    ]


def test_a_byte_order_mark_is_no_content(tmp_path, pull):
    write(tmp_path, b"\xef\xbb\xbfA,B\n1,2\n")
    pulled = pull(PLAIN)
    assert pulled.bodies == [{"A": "1", "B": "2"}]
    assert pulled.items[0].position == 7


def test_a_byte_order_mark_that_contradicts_the_encoding_stops_the_file(tmp_path, pull):
    write(tmp_path, b"\xef\xbb\xbfA;B\n1;2\n")
    pulled = pull(SEMICOLON)
    assert pulled.bodies == []
    assert "byte order mark of utf-8 but is declared as windows-1252" in pulled.unreadable[0].cause
    assert pulled.unreadable[0].mend == "Set encoding: utf-8"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp037", "cp500", "shift_jis"])
def test_encodings_whose_newline_is_not_one_byte_ten(tmp_path, pull, encoding):
    name = "日本" if encoding == "shift_jis" else "José"
    text = f"NAME,NO\n{name},1\nBob,2\n"
    if encoding.startswith("cp"):
        text = text.replace(",", ";")
    write(tmp_path, text.encode(encoding))
    delimiter = ";" if encoding.startswith("cp") else ","
    pulled = pull({"csv": {"path": "jail.csv", "encoding": encoding, "delimiter": delimiter}})
    assert pulled.bodies == [{"NAME": name, "NO": "1"}, {"NAME": "Bob", "NO": "2"}]
    assert pull({"csv": {"path": "jail.csv", "encoding": encoding, "delimiter": delimiter}}, pulled.cursor).items == ()


def test_a_file_without_a_header_has_its_columns_declared(tmp_path, pull):
    write(tmp_path, "1,2\n3,4\n")
    spec = {"csv": {"path": "jail.csv", "header": False, "columns": ["A", "B"]}}
    assert pull(spec).bodies == [{"A": "1", "B": "2"}, {"A": "3", "B": "4"}]


def test_lines_before_the_header_are_skipped(tmp_path, pull):
    write(tmp_path, "Extract of 22 November\n\nA\tB\n1\t2\n")
    pulled = pull({"csv": {"path": "jail.csv", "skip": 2, "delimiter": "tab"}})
    assert pulled.bodies == [{"A": "1", "B": "2"}]
    assert pulled.items[0].place == "jail.csv, line 4"


def test_a_header_that_is_not_the_declared_one_is_told_by_name(tmp_path, pull):
    write(tmp_path, "A,C\n1,2\n")
    pulled = pull({"csv": {"path": "jail.csv", "columns": ["A", "B"]}})
    assert pulled.bodies == []
    assert pulled.unreadable[0].cause == 'the header lacks "B" and has "C", which is not declared'


@pytest.mark.parametrize(
    ("header", "cause"),
    [("A,B,A", 'the header names "A" more than once'), (",,", "the header names no column")],
)
def test_a_header_that_names_badly_is_told(tmp_path, pull, header, cause):
    write(tmp_path, f"{header}\n1,2,3\n")
    assert pull(PLAIN).unreadable[0].cause == cause


def test_line_ends_that_are_none_do_not_hide_every_row_in_the_header(tmp_path, pull):
    write(tmp_path, "A,B\x851,2\x853,4\x85".encode("cp037"))  # EBCDIC's own line end, NEL
    (told,) = pull({"csv": {"path": "jail.csv", "encoding": "cp037"}}).unreadable
    assert "control character" in told.cause
    assert "NEL" in told.mend


def test_an_empty_file_is_told_and_a_file_of_a_header_is_quiet(tmp_path, pull):
    write(tmp_path, "")
    assert pull(PLAIN).unreadable[0].cause == "the file has no header"
    write(tmp_path, "A,B\n")
    assert pull(PLAIN).items == ()


def test_a_separator_at_the_end_of_every_line_is_no_column(tmp_path, pull):
    write(tmp_path, "A;B;\n1;2;\n3;4;x\n")
    pulled = pull(SEMICOLON)
    assert pulled.bodies == [{"A": "1", "B": "2"}]
    assert pulled.unreadable[0].cause == "a value stands in a column without a name"


def test_a_nul_character_is_told(tmp_path, pull):
    write(tmp_path, b"A,B\n1\x00,2\n3,4\n")
    pulled = pull(PLAIN)
    assert pulled.bodies == [{"A": "3", "B": "4"}]
    assert "NUL" in pulled.unreadable[0].cause


def test_empty_lines_say_nothing(tmp_path, pull):
    write(tmp_path, "A,B\n\n1,2\n\r\n3,4\n\n")
    assert [item.place for item in pull(PLAIN).items] == ["jail.csv, line 3", "jail.csv, line 5"]


def test_attack_a_line_without_end_is_passed_over(tmp_path, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.lines.MAX_LINE", 1_000)
    write(tmp_path, b"A,B\n1,2\n" + b"x" * 5_000 + b",9\n3,4\n" + b"y" * 3_000)
    pulled = pull(PLAIN)
    assert [body["A"] for body in pulled.bodies] == ["1", "3"]
    assert [bad.place for bad in pulled.unreadable] == ["jail.csv, line 3 (byte 8)", "jail.csv, line 5 (byte 5015)"]


@pytest.mark.parametrize("length", [1_000, 1_001, 1_002, 2_001, 2_002, 2_003])
def test_attack_a_last_line_of_any_length_is_not_lost(tmp_path, pull, monkeypatch, length):
    monkeypatch.setattr("comity.sources.lines.MAX_LINE", 1_000)
    write(tmp_path, b"A\n" + b"x" * length)
    pulled = pull(PLAIN)
    assert (len(pulled.bodies), len(pulled.unreadable)) == ((1, 0) if length <= 1_000 else (0, 1))


def test_attack_a_value_of_endless_lines_is_not_held_in_memory(tmp_path, pull, monkeypatch):
    monkeypatch.setattr("comity.sources.from_csv.MAX_ROW_LINES", 5)
    write(tmp_path, 'A,B\n"1\n2\n3\n4",x\n"1\n2\n3\n4\n5\n6",y\n7,z\n')
    pulled = pull(PLAIN)
    assert [body["B"] for body in pulled.bodies] == ["x", "z"]
    assert pulled.unreadable[0].place == "jail.csv, line 6 (byte 16)"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_half_a_character_is_no_newline(tmp_path, pull, encoding):
    name = "\u0a05\u0100\u000b\u0a00\u0a0a"  # among its bytes is a newline, in the wrong place
    write(tmp_path, f"A,B\n{name},1\n".encode(encoding))
    assert pull({"csv": {"path": "jail.csv", "encoding": encoding}}).bodies == [{"A": name, "B": "1"}]


# Where it left off


def test_an_unchanged_file_brings_nothing_and_a_grown_one_only_its_new_lines(tmp_path, pull):
    write(tmp_path, "A,B\n1,2\n3,4\n")
    first = pull(PLAIN)
    assert pull(PLAIN, first.cursor).items == ()
    with (tmp_path / "jail.csv").open("a") as file:
        file.write("5,6\n")
    second = pull(PLAIN, first.cursor)
    assert second.bodies == [{"A": "5", "B": "6"}]
    assert second.items[0].place == "jail.csv, line 4"
    assert pull(PLAIN, second.cursor).items == ()


def test_a_file_that_was_touched_brings_nothing(tmp_path, pull):
    write(tmp_path, "A,B\n1,2\n")
    first = pull(PLAIN)
    os.utime(tmp_path / "jail.csv", (1, 1))
    assert pull(PLAIN, first.cursor).items == ()


def test_a_rewritten_file_of_the_same_size_is_read_again(tmp_path, pull):
    write(tmp_path, "A,B\n1,2\n")
    first = pull(PLAIN)
    write(tmp_path, "A,B\n1,3\n")
    assert pull(PLAIN, first.cursor).bodies == [{"A": "1", "B": "3"}]


@pytest.mark.parametrize("after", ["A,B\n9,9\n3,4\n5,6\n", "A,B\n1,2\n", "A,B\n"])
def test_a_file_rewritten_longer_or_shorter_is_read_again(tmp_path, pull, after):
    write(tmp_path, "A,B\n1,2\n3,4\n")
    first = pull(PLAIN)
    write(tmp_path, after)
    assert len(pull(PLAIN, first.cursor).bodies) == after.count("\n") - 1


def test_a_last_line_that_was_still_being_written_is_read_again_whole(tmp_path, pull):
    write(tmp_path, "A,B\n1,2\n3,4")
    first = pull(PLAIN)
    assert first.bodies[-1] == {"A": "3", "B": "4"}
    assert pull(PLAIN, first.cursor).items == ()
    write(tmp_path, "A,B\n1,2\n3,456\n7,8\n")
    assert pull(PLAIN, first.cursor).bodies == [{"A": "3", "B": "456"}, {"A": "7", "B": "8"}]


def test_a_quoted_value_that_was_still_being_written_is_read_again_whole(tmp_path, pull):
    write(tmp_path, 'A,B\n1,x\n2,"begun\nand goes')
    first = pull(PLAIN)
    assert first.bodies == [{"A": "1", "B": "x"}]
    assert first.unreadable
    assert pull(PLAIN, first.cursor).items == ()
    write(tmp_path, 'A,B\n1,x\n2,"begun\nand goes on"\n3,y\n')
    second = pull(PLAIN, first.cursor)
    assert second.bodies == [{"A": "2", "B": "begun\nand goes on"}, {"A": "3", "B": "y"}]
    assert second.unreadable == []
    assert pull(PLAIN, second.cursor).items == ()


def test_every_batch_can_be_gone_on_from(tmp_path):
    write(tmp_path, "A,B\n" + "".join(f"{number},x\n" for number in range(10)))
    source = open_source(PLAIN, tmp_path)
    batches = list(source.read(None, 3))
    assert [len(batch.items) for batch in batches] == [3, 3, 3, 1]
    for done, batch in enumerate(batches, 1):
        rest = [item.body.get("A") for after in source.read(batch.cursor, 4) for item in after.items]
        assert rest == [str(number) for number in range(10)][3 * done :]


def test_another_way_of_reading_reads_everything_again(tmp_path, pull):
    write(tmp_path, b"A,B\nJos\xe9,2\n")
    first = pull(PLAIN)
    assert len(first.unreadable) == 1
    mended = {"csv": {"path": "jail.csv", "encoding": "windows-1252"}}
    assert pull(mended, first.cursor).bodies == [{"A": "José", "B": "2"}]


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", "null", '{"v":1}', "[" * 5_000])
def test_a_cursor_that_cannot_be_understood_leaves_no_gap(tmp_path, pull, cursor):
    write(tmp_path, "A,B\n1,2\n")
    assert len(pull(PLAIN, cursor).items) == 1


def test_a_file_that_is_not_there_stops_the_source_without_its_whole_path(tmp_path):
    with pytest.raises(SourcesError, match="no such file") as raised:
        list(open_source(PLAIN, tmp_path).read(None, 10))
    assert str(tmp_path) not in str(raised.value)


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rows=st.lists(st.tuples(texts, texts, texts), max_size=20),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    delimiter=st.sampled_from([",", ";", "tab", "|"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 7),
)
def test_what_is_written_is_what_is_read(tmp_path, rows, encoding, delimiter, ending, size):
    names = ("one", "two", "three")
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t" if delimiter == "tab" else delimiter, lineterminator=ending, quoting=1)
    writer.writerows([names, *rows])
    write(tmp_path, out.getvalue().encode(encoding))
    source = open_source({"csv": {"path": "jail.csv", "encoding": encoding, "delimiter": delimiter}}, tmp_path)
    batches = list(source.read(None, size))
    items = [item for batch in batches for item in batch.items]
    assert all(isinstance(item, Said) for item in items)
    assert [item.body.plain() for item in items] == [dict(zip(names, row, strict=True)) for row in rows]
    if batches:
        assert list(source.read(batches[-1].cursor, size)) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_attack_no_bytes_whatever_stop_the_source(tmp_path, content):
    write(tmp_path, b"A,B\n" + content)
    source = open_source(PLAIN, tmp_path)
    for batch in source.read(None, 3):
        assert 1 <= len(batch.items) <= 3
