"""XML documents: safe before all else, then statements by XPath."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from comity.sources import Said, open_source

NAMESPACES = {"p": "urn:p"}
STREAMED = {"xml": {"path": "cases.xml", "each": "//p:Case", "namespaces": NAMESPACES}}
SEARCHED = {"xml": {"path": "cases.xml", "each": "/p:Cases/p:Case", "namespaces": NAMESPACES}}
WHOLE = {"xml": {"path": "cases.xml", "namespaces": NAMESPACES}}
ALL = [STREAMED, SEARCHED, WHOLE]


def write(tmp_path, content, name="cases.xml"):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def cases(*inner):
    return '<Cases xmlns="urn:p">' + "".join(f"<Case>{each}</Case>" for each in inner) + "</Cases>"


@pytest.mark.parametrize("spec", [STREAMED, SEARCHED])
def test_each_element_is_a_statement_that_stands_alone(tmp_path, pull, spec):
    write(tmp_path, cases("<No>1</No>", "<No>2</No>"))
    pulled = pull(spec, size=1)
    assert [item.body.get("p:No") for item in pulled.items] == ["1", "2"]
    assert [item.place for item in pulled.items] == ["cases.xml, element 1", "cases.xml, element 2"]
    assert pulled.items[0].body.canonical() == b'<Case xmlns="urn:p"><No>1</No></Case>'
    assert pull(spec, pulled.cursor).items == ()


def test_without_each_the_document_is_one_statement(tmp_path, pull):
    write(tmp_path, cases("<No>1</No>", "<No>2</No>"))
    pulled = pull(WHOLE)
    assert (pulled.items[0].place, pulled.items[0].body.get("p:Case/p:No")) == ("cases.xml", ["1", "2"])


def test_streamed_and_searched_find_the_same(tmp_path, pull):
    write(tmp_path, cases("<No>1</No>text", "<!-- no --><No>2</No>", "") + "<!-- end -->")
    assert pull(STREAMED).bodies == pull(SEARCHED).bodies


def test_an_element_within_one_of_the_same_name_is_a_statement_too(tmp_path, pull):
    write(tmp_path, cases("<No>1</No><Case><No>2</No></Case>"))
    found = [item.body.get("p:No") for item in pull(STREAMED).items]
    assert sorted(found) == ["1", "2"]


def test_comments_and_instructions_are_no_content(tmp_path, pull):
    write(tmp_path, cases("<No>1<!-- x -->2<?y z?></No>"))
    assert pull(STREAMED).items[0].body.get("p:No") == "12"


def test_attack_external_entity_reads_no_file(tmp_path, pull):
    write(tmp_path, "Secretson", "secret.txt")
    for target in (tmp_path.joinpath("secret.txt").as_uri(), "http://127.0.0.1:9/x"):
        write(tmp_path, f'<!DOCTYPE Cases [<!ENTITY x SYSTEM "{target}">]>' + cases("<No>&x;</No>"))
        for spec in ALL:
            pulled = pull(spec)
            assert pulled.bodies == []
            assert "DOCTYPE" in pulled.unreadable[0].cause


def test_attack_billion_laughs_is_refused_at_once(tmp_path, pull):
    names = "abcdefghij"
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise(names)
    )
    for inner in (cases("<No>&j;</No>"), cases('<No x="&j;"/>')):
        write(tmp_path, f"<!DOCTYPE Cases [{entities}]>{inner}")
        for spec in ALL:
            begun = time.process_time()
            assert len(pull(spec).unreadable) == 1
            assert time.process_time() - begun < 5


def test_attack_quadratic_blowup_is_refused(tmp_path, pull):
    write(tmp_path, f'<!DOCTYPE Cases [<!ENTITY a "{"x" * 100_000}">]>' + cases("<No>" + "&a;" * 10_000 + "</No>"))
    for spec in ALL:
        assert len(pull(spec).unreadable) == 1


def test_attack_external_subset_is_refused(tmp_path, pull):
    write(tmp_path, f'<!DOCTYPE Cases SYSTEM "{tmp_path.as_uri()}/x.dtd">' + cases("<No>1</No>"))
    for spec in ALL:
        assert "DOCTYPE" in pull(spec).unreadable[0].cause


def test_attack_xinclude_is_not_followed(tmp_path, pull):
    write(tmp_path, "Secretson", "secret.txt")
    include = '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="secret.txt" parse="text"/>'
    write(tmp_path, cases(f"<No>{include}</No>"))
    assert b"Secretson" not in pull(WHOLE).items[0].body.canonical()


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_attack_a_document_deeper_than_any_is_told(tmp_path, pull, depth):
    write(tmp_path, "<a>" * depth + "</a>" * depth)
    for spec in ALL:
        assert len(pull(spec).unreadable) == 1


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("<a><b></a>", "not well-formed XML at line 1, column 11 (tag name mismatch)"),
        ("", "not well-formed"),
        ("Secretson", "not well-formed"),
        ("<Secretson>&Secretson;</Secretson>", "(undeclared entity)"),
        (b"<a>\xff</a>", "(invalid encoding)"),
        ("<a>\x01</a>", "not well-formed"),
    ],
)
def test_a_broken_document_is_told_without_its_content(tmp_path, pull, content, cause):
    write(tmp_path, content)
    for spec in ALL:
        pulled = pull(spec)
        (bad,) = pulled.unreadable
        assert cause in bad.cause
        assert "Secretson" not in str(bad) + repr(bad)
        assert bad.raw == (content if isinstance(content, bytes) else content.encode())
        assert pull(spec, pulled.cursor).items == ()


def test_a_stream_that_breaks_off_keeps_what_stood_before_and_tells_the_break(tmp_path, pull):
    write(tmp_path, cases("<No>1</No>", "<No>2</No>", "<No>3</No>")[:-30])
    pulled = pull(STREAMED)
    assert [item.body.get("p:No") for item in pulled.items if isinstance(item, Said)] == ["1", "2"]
    assert len(pulled.unreadable) == 1
    write(tmp_path, cases("<No>1</No>", "<No>2</No>", "<No>3</No>"))
    assert len(pull(STREAMED, pulled.cursor).bodies) == 3


def test_a_document_in_another_encoding_than_it_says(tmp_path, pull):
    write(
        tmp_path,
        '<?xml version="1.0" encoding="UTF-8"?><Cases xmlns="urn:p"><Case>José</Case></Cases>'.encode("cp1252"),
    )
    assert len(pull(STREAMED).unreadable) == 1
    for spec in (STREAMED, SEARCHED):
        mended = {"xml": spec["xml"] | {"encoding": "windows-1252"}}
        assert pull(mended).items[0].body.get(".") == "José"


@pytest.mark.parametrize("spec", [STREAMED, SEARCHED])
def test_each_that_finds_nothing_is_told_and_an_empty_list_is_quiet(tmp_path, pull, spec):
    write(tmp_path, "<Cases><Case/></Cases>")  # without the namespace: the mistake everybody makes
    assert "finds nothing" in pull(spec).unreadable[0].cause
    assert "every name needs a prefix" in pull(spec).unreadable[0].mend
    write(tmp_path, '<Cases xmlns="urn:p"/>')
    assert pull(spec).items == ()


def test_an_each_that_finds_texts_is_told(tmp_path, pull):
    write(tmp_path, cases("<No>1</No>"))
    spec = {"xml": {"path": "cases.xml", "each": "//p:No/text()", "namespaces": NAMESPACES}}
    assert "texts or numbers" in pull(spec).unreadable[0].cause


@pytest.mark.parametrize(
    ("before", "leniency"),
    [
        ('<!-- made -->\n<?xml version="1.0"?>', "leading-comment"),
        ('\n\n<?xml version="1.0"?>', "leading-comment"),
        ('\ufeff<!-- a --><!-- b -->\n<?xml version="1.0"?>', "leading-comment"),
        ('<?XML VERSION="1.0" STANDALONE="YES"?>\n', "capital-declaration"),
    ],
)
def test_a_leniency_is_offered_and_has_to_be_declared(tmp_path, pull, before, leniency):
    write(tmp_path, before + cases("<No>1</No>"))
    for spec in ALL:
        strict = pull(spec)
        assert f"leniency: [{leniency}]" in strict.unreadable[0].mend
        lenient = {"xml": spec["xml"] | {"leniency": [leniency]}}
        assert len(pull(lenient, strict.cursor).bodies) == 1


def test_a_comment_without_a_declaration_after_it_is_as_it_should_be(tmp_path, pull):
    write(tmp_path, "<!-- made -->\n" + cases("<No>1</No>"))
    assert len(pull(WHOLE).bodies) == 1


def enveloped(text, encode=True):
    inner = text.replace("&", "&amp;").replace("<", "&lt;") if encode else f"<![CDATA[{text}]]>"
    return f'<Envelope xmlns="urn:e"><Id>7</Id><Content>{inner}</Content></Envelope>'


UNWRAPPED = {"xml": {"path": "cases.xml", "namespaces": {**NAMESPACES, "e": "urn:e"}, "unwrap": "//e:Content"}}


@pytest.mark.parametrize("encode", [True, False])
def test_a_message_in_an_envelope_is_unwrapped_and_paths_reach_both(tmp_path, pull, encode):
    write(tmp_path, enveloped('<?xml version="1.0" encoding="utf-16"?>' + cases("<No>é</No>"), encode))
    body = pull(UNWRAPPED).items[0].body
    assert (body.get("e:Id"), body.get("e:Content/p:Cases/p:Case/p:No")) == ("7", "é")
    each = {"xml": UNWRAPPED["xml"] | {"each": "//p:Case"}}
    assert pull(each).items[0].body.get("p:No") == "é"


def test_attack_an_envelope_smuggles_no_entity(tmp_path, pull):
    write(tmp_path, "Secretson", "secret.txt")
    uri = tmp_path.joinpath("secret.txt").as_uri()
    write(tmp_path, enveloped(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{uri}">]><a>&x;</a>'))
    pulled = pull(UNWRAPPED)
    assert pulled.bodies == []
    assert pulled.unreadable[0].cause.startswith("within //e:Content: the document declares a document type")


def test_an_envelope_of_something_else_is_told(tmp_path, pull):
    write(tmp_path, enveloped("not XML"))
    assert pull(UNWRAPPED).unreadable[0].cause.startswith("within //e:Content: the document is not well-formed")
    write(tmp_path, cases("<No>1</No>"))
    assert "unwrap: //e:Content finds nothing" in pull(UNWRAPPED).unreadable[0].cause


def test_a_stream_broken_off_between_batches_goes_on_after_the_last_one(tmp_path):
    write(tmp_path, cases(*(f"<No>{number}</No>" for number in range(7))))
    source = open_source(STREAMED, tmp_path)
    first = next(source.read(None, 3))
    rest = [item.body.get("p:No") for batch in source.read(first.cursor, 3) for item in batch.items]
    assert rest == ["3", "4", "5", "6"]


texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=6), st.sampled_from(["utf-8", "utf-16", "us-ascii"]))
def test_what_is_written_is_what_is_read(tmp_path, rows, encoding):
    root = etree.Element("{urn:p}Cases")
    for text, attribute in rows:
        etree.SubElement(root, "{urn:p}Case", {"a": attribute}).text = text
    write(tmp_path, etree.tostring(root, encoding=encoding, xml_declaration=True))
    for spec in (STREAMED, SEARCHED):
        items = [item for batch in open_source(spec, tmp_path).read(None, 2) for item in batch.items]
        assert [(item.body.get("."), item.body.get("@a")) for item in items] == [
            (t.strip(), a.strip()) for t, a in rows
        ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_attack_no_bytes_whatever_stop_the_source(tmp_path, content):
    for prefix in (b"", b'<Cases xmlns="urn:p"><Case>'):
        write(tmp_path, prefix + content)
        for spec in ALL:
            for batch in open_source(spec, tmp_path).read(None, 3):
                assert batch.items
