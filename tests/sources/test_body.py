"""Bodies: one way to ask, whatever the format, and the same answers after they were kept."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from comity.sources import Body, SourcesError, check_path, safe_xml
from comity.sources.body import JsonBody, XmlBody

PERSON = JsonBody(
    {
        "Date of birth": "1980",
        "a.b": 1,
        "empty": None,
        "none": [],
        "inmate": {"name": "X", "a.b": 2, 'say "hi"': 3},
        "charges": [{"code": "F3", "counts": [{"n": 1}, {"n": 2}]}, {"code": "M1"}],
        "tags": ["x", "y"],
    }
)
CASE = XmlBody(
    b'<c:Case xmlns:c="urn:c" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="7">'
    b"<c:Name>\n  Ann   Lee </c:Name><c:Alias>A</c:Alias><c:Alias>B</c:Alias><c:Gone xsi:nil='true'/><c:Empty/>"
    b"<c:Charge><c:Code>F3</c:Code></c:Charge><c:Charge><c:Code>M1</c:Code></c:Charge></c:Case>",
    {"c": "urn:c"},
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("Date of birth", "1980"),
        ("a.b", 1),
        ("inmate.name", "X"),
        ('inmate."a.b"', 2),
        ('inmate."say ""hi"""', 3),
        ("charges[0].code", "F3"),
        ("charges[-1].code", "M1"),
        ("charges[*].code", ["F3", "M1"]),
        ("charges[*].counts[*].n", [1, 2]),
        ("$.charges[0].counts[1].n", 2),
        ("tags[1]", "y"),
        ("tags", ["x", "y"]),
        ("empty", None),
        ("absent", None),
        ("inmate.absent.deeper", None),
        ("charges[7].code", None),
        ("charges.code", None),
        ("tags[0].x", None),
    ],
)
def test_a_path_answers(path, value):
    assert PERSON.get(path) == value


@pytest.mark.parametrize(
    ("path", "there"),
    [("empty", True), ("none", True), ("absent", False), ("inmate.name", True), ("charges[*].x", False)],
)
def test_absent_is_not_null(path, there):
    assert PERSON.has(path) is there


@pytest.mark.parametrize("path", ["a..b", "a.", ".a", "a[", "a[x]", "a]b", 'a."b', "a[0]b", 'x"y"'])
def test_what_is_no_path_is_refused_in_words(path):
    assert "is not a path" in (check_path("json", path) or "")
    with pytest.raises(SourcesError, match="is not a path"):
        JsonBody({}).get(path)


def test_each_gives_bodies_that_know_what_is_around_them():
    first, second = PERSON.each("charges")
    assert (first.get("code"), second.get("code")) == ("F3", "M1")
    assert first.get("../inmate.name") == "X"
    assert first.each("counts")[1].get("../../a.b") == 1
    assert first.get("../../inmate.name") is None
    assert [tag.get(".") for tag in PERSON.each("tags")] == ["x", "y"]
    assert PERSON.each("absent") == PERSON.each("empty") == []
    assert [one.get("name") for one in PERSON.each("inmate")] == ["X"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("c:Name", "Ann   Lee"),
        ("@id", "7"),
        ("c:Alias", ["A", "B"]),
        ("c:Alias[2]", "B"),
        ("c:Absent", None),
        ("c:Gone", None),
        ("c:Empty", ""),
        ("c:Charge/c:Code", ["F3", "M1"]),
        ("count(c:Charge)", 2),
        ("c:Name/text()", "Ann   Lee"),
        ("string(c:Alias)", "A"),
        ("c:Name = 'x'", False),
        ("1 div 4", 0.25),
        (".//c:Code", ["F3", "M1"]),
    ],
)
def test_an_xpath_answers(path, value):
    assert CASE.get(path) == value


def test_nothing_divided_is_no_number_and_does_no_harm():
    assert CASE.get("number(c:Name)") is None
    assert CASE.get("1 div 0") is None


def test_nil_is_there_and_absent_is_not():
    assert (CASE.has("c:Gone"), CASE.has("c:Absent")) == (True, False)


def test_each_of_xml_gives_elements_with_their_parents():
    first, second = CASE.each("c:Charge")
    assert (first.get("c:Code"), second.get("../@id")) == ("F3", "7")
    assert first.canonical().startswith(b'<c:Charge xmlns:c="urn:c"')
    with pytest.raises(SourcesError, match="texts or numbers"):
        CASE.each("c:Alias/text()")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("z:Name", "prefix that is not declared"),
        ("c:Name[", "is not an XPath"),
        ("nonsense()", "is not an XPath"),
        ("", "is not an XPath"),
    ],
)
def test_a_bad_xpath_is_refused_in_words(path, words):
    assert words in (check_path("xml", path, {"c": "urn:c"}) or "")
    with pytest.raises(SourcesError, match=words):
        CASE.get(path)


def test_what_was_kept_answers_the_same():
    for body, path in ((PERSON, "charges[*].code"), (CASE, "c:Charge/c:Code"), (CASE.each("c:Charge")[0], "c:Code")):
        back = Body.from_verbatim(body.format, body.canonical(), {"c": "urn:c"})
        assert back.get(path) == body.get(path)
        assert back.canonical() == body.canonical()
        assert back == body
        assert hash(back) == hash(body)


def test_equal_content_has_equal_bytes_however_it_was_written():
    assert JsonBody({"a": 1, "b": 2}).canonical() == JsonBody({"b": 2, "a": 1}).canonical()
    one = XmlBody(None, {}, CASE.each("c:Charge")[0]._root())
    assert one.canonical() == CASE.each("c:Charge")[0].canonical()


def test_a_body_shows_no_content_in_its_repr():
    assert (repr(PERSON), repr(CASE)) == ("<json body>", "<xml body>")


def test_names_and_plain_say_what_is_at_the_top():
    assert PERSON.names()[:2] == ("Date of birth", "a.b")
    assert CASE.names() == ("Name", "Alias", "Gone", "Empty", "Charge")
    assert CASE.plain()["xml"].startswith("<c:Case")


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: not key.startswith("../")), st.integers()))
def test_every_column_can_be_named_as_it_is(row):
    body = JsonBody(row)
    assert all(body.get(name) == value for name, value in row.items())


@given(st.dictionaries(st.text(), st.integers()))
def test_every_name_within_can_be_quoted(row):
    body = JsonBody({"x": row})
    for name, value in row.items():
        doubled = name.replace('"', '""')
        assert body.get(f'x."{doubled}"') == value


@given(st.text(max_size=30))
def test_attack_no_path_whatever_does_worse_than_be_refused(path):
    if check_path("json", path) is None:
        PERSON.get(path)
    with contextlib.suppress(SourcesError):  # an XPath may also turn out wrong only when it is followed
        CASE.get(path)


def test_a_statement_within_a_document_keeps_the_default_namespace_of_its_children():
    document = etree.fromstring(b'<Cases xmlns="urn:a"><Case><Name><First>x</First></Name></Case></Cases>')
    body = Body.from_verbatim("xml", safe_xml.canonical(document[0]), {"p": "urn:a"})
    assert body.each("p:Name")[0].get("p:First") == "x"


NIEM = XmlBody(
    b'<r xmlns:s="urn:s"><p s:id="P1"><n>A</n></p><p s:id="P2"><n>B</n></p><role><p s:ref="P2"/></role>'
    b'<role><p s:uri="#P1"/></role><role><p><n>C</n></p></role><role><p s:ref="P9"/></role><role><p s:ref="P1 P2"/></role>'
    b"</r>"
)


def test_a_reference_is_followed_and_what_stands_there_itself_is_itself():
    names = [role.get("referred(p)/n") for role in NIEM.each("role")]
    assert names == ["B", "A", "C", None, ["A", "B"]]
    assert NIEM.get("count(referred(role/p))") == 3
    assert NIEM.get("referred(nothing)/n") is None


def test_an_element_that_refers_to_itself_is_not_followed_round_in_a_circle():
    assert XmlBody(b'<r><p id="P1" ref="P1"><n>A</n></p></r>').get("referred(p)/n") is None


@pytest.mark.parametrize("path", ["referred()", "referred('x')", "referred(1, 2)", "referred(//@id)"])
def test_referred_of_what_cannot_refer_does_no_harm(path):
    with contextlib.suppress(SourcesError):
        assert NIEM.get(path) is None
