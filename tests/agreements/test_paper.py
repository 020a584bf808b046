"""Documents as PDF: what people wrote is text and nothing else, no file is read, the same input gives the same bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from typst import TypstError

from comity.agreements.models import Reason, Standing, Why
from comity.agreements.paper import pdf as setting
from comity.agreements.paper.agreement import agreement_data, agreement_pdf
from comity.agreements.paper.pdf import pdf, printable
from comity.agreements.register import RegisterEntry, SignedBy
from comity.agreements.words import agreement_words, released_words
from comity.vocabulary import Label

DAY = date(2026, 11, 26)
AT = datetime(2026, 2, 1, 9, tzinfo=UTC)
PRINT = "sMv4z2m7Yc0JrbvQn1J3L6z5Qe9kXkq1b2c3d4e5f6g"
NAMES = {
    "police": Label("Police", "Politie"),
    "probation": Label("Probation", "Reclassering"),
    "victim-services": Label("Victim services", "Slachtofferhulp"),
}
# What would be a command, a reference, a comment or a style, if it were read as Typst.
ATTACKS = [
    '#read("/etc/passwd")',
    "#panic(1)",
    '#eval("1 + 1")',
    "#sys.inputs",
    "#{while true {}}",
    '#import "@preview/x:1.0.0": *',
    '#include "house.typ"',
    '"); #panic("out") //',
    "]#panic[",
    "$x^2 + 1/2$",
    "*bold* _slant_ `raw` ```raw```",
    "= A heading",
    "- a list + 1. / term: said",
    "@reference <label>",
    "https://example.org/x",
    "a // b /* c */ d",
    "~ -- --- ... \\ \\u{41}",
    "\"double\" 'single' ‘curly’",
    "{{ 7 * 7 }} {% x %} ${x} %s {0}",
    "</text><script>alert(1)</script>&amp;&#65;",
    "()[]{}|^%&;:,.!?€£§",
]  # fmt: skip


@pytest.fixture
def entry(marac, vocabulary):
    return RegisterEntry(
        name=marac.name,
        version=marac.version,
        title=marac.title,
        providers=tuple(NAMES[each] for each in marac.providers),
        recipients=tuple(NAMES[each] for each in marac.recipients),
        purpose=vocabulary.purpose(marac.purpose).label,
        start=marac.in_force.start,
        until=marac.in_force.until,
        standing=Standing(()),
        clauses=agreement_words(marac, vocabulary, NAMES),
        suspends=False,
        releases=released_words(marac, vocabulary),
        assessment=marac.assessment,
        signatures=(SignedBy(NAMES["police"], AT, PRINT, counts=True), SignedBy(NAMES["probation"])),
        digest="ab" * 32,
    )


@pytest.mark.parametrize("language", ["en", "nl"])
def test_it_says_what_the_register_says(entry, paper, language):
    letters = paper(agreement_pdf(entry, language, DAY)).letters
    said = [entry.title, entry.status, *(NAMES.values())]
    for clause in entry.clauses:  # what leaves stands as tables, field by field
        said += [clause.heading] + ([clause.text] if not clause.key.startswith("release") else [])
    for release in entry.releases:
        said += [release.what, *(each for pair in release.fields for each in pair)]
    assert [
        each.in_language(language) for each in said if "".join(each.in_language(language).split()) not in letters
    ] == []
    assert PRINT in letters
    assert "ab" * 32 in letters


def test_it_says_how_it_stands_and_why_not(entry, paper):
    revoked = Reason(Why.REVOKED, Label("Revoked by police.", "Ingetrokken door politie."))
    overdue = Reason(Why.REVIEW_OVERDUE, Label("Its review was due.", "De evaluatie had moeten plaatsvinden."))
    assert "In force on 26 November 2026." in paper(agreement_pdf(entry, "en", DAY)).text
    made = paper(agreement_pdf(replace(entry, standing=Standing((revoked,), (overdue,))), "nl", DAY))
    for words in ("Niet van kracht op 26 november 2026.", "Ingetrokken door politie.", "De evaluatie had moeten"):
        assert words in made.text
    assert made.text.count("Niet van kracht") == int(made.facts["Pages"]) + 1  # on each page, and once as its standing


def test_it_says_whose_signature_counts(entry, paper):
    text = paper(agreement_pdf(entry, "en", DAY)).text
    assert re.search(r"Police 1 February 2026 [\w -]+ Yes", text)
    assert "Probation Not signed - No" in text


def test_it_is_tagged_for_assistive_technology(entry, paper):
    made = paper(agreement_pdf(entry, "nl", DAY))
    assert (made.facts["Tagged"], made.facts["Title"]) == ("yes", entry.title.nl)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made.opened
    assert made.tags.count("THead") == len(entry.releases) + 1
    assert made.tags.count("/Scope /Column") == 2 * len(entry.releases) + 4


# Text is data


@pytest.mark.parametrize("attack", ATTACKS)
def test_words_are_words_and_not_commands(entry, paper, attack):
    label = Label(attack, attack)
    clauses = tuple(replace(each, heading=label, text=label) for each in entry.clauses)
    releases = tuple(replace(each, what=label, fields=((label, label),)) for each in entry.releases)
    signatures = (SignedBy(label, AT, attack, counts=True),)
    changed = replace(entry, title=label, clauses=clauses, releases=releases, signatures=signatures)
    made = paper(agreement_pdf(changed, "en", DAY))
    assert made.facts["Title"] == attack
    assert made.letters.count("".join(attack.split())) >= 8 + 3 * len(clauses[:3])
    assert len(re.findall(r"^  H2 ", made.tags, re.MULTILINE)) == 5  # no more headings than there were
    assert b"root:" not in made.opened


def test_a_text_of_every_sign_arrives_as_it_is(entry, paper):
    every = "".join(chr(each) for each in range(0x21, 0x7F)) + "éüñçøßÀþłőşžĳ€–—‘’“”„…•←→≤≥×½ αβγ абв"
    made = paper(agreement_pdf(replace(entry, title=Label(every, every)), "en", DAY))
    assert made.facts["Title"] == every
    assert every.replace(" ", "") in made.letters


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é ł א ع → €", "é ł א ع → €"),
        ("a\nb", "a\nb"),
        ("中 😀", "[U+4E2D] [U+1F600]"),  # no typeface that comes with Typst has them
        (
            "a\u202eb\u200bc\u00add\x00e\x07f\ud800g\ue000h",
            "a[U+202E]b[U+200B]c[U+00AD]d[U+0000]e[U+0007]f[U+D800]g[U+E000]h",
        ),
        ("a\tb\r\nc\rd\u2028e", "a b\nc[U+000D]d[U+2028]e"),
    ],
)
def test_a_sign_that_cannot_be_shown_stands_as_its_number(entry, paper, text, shown):
    assert printable(text) == shown
    made = paper(agreement_pdf(replace(entry, title=Label(text, text)), "en", DAY))
    assert all(word in made.text for word in re.findall(r"\[U\+\w+\]", shown))


def test_signs_that_no_one_typeface_has_together_stand_as_their_numbers(entry, paper):
    together = "ع\u0301 \u05d0\u0301\u0655"  # each has a typeface; an accent on a letter of another script has none
    made = paper(agreement_pdf(replace(entry, title=Label(together, together)), "en", DAY))
    assert int(made.facts["Pages"]) > 1


# Closed, and the same each time


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../../../pyproject.toml", "pyproject.toml", "/pyproject.toml", "../register.py"]
)
def test_a_document_can_read_nothing_of_this_machine(monkeypatch, tmp_path, path):
    (tmp_path / "leak.typ").write_text(f'#set document(title: "x")\n#read("{path}")')
    with pytest.raises(TypstError, match=r"not found|escape"):
        setting._compile("sign", {"main.typ": f'#set document(title: "x")\n#read("{path}")'.encode()}, DAY)


def test_it_uses_no_typeface_of_the_system(entry, paper):
    fonts = paper(agreement_pdf(entry, "en", DAY)).fonts
    assert fonts
    for font in fonts:
        assert re.match(r"[A-Z]{6}\+(LibertinusSerif|DejaVuSansMono)", font[0])
        assert "yes yes yes" in " ".join(font)  # embedded, a subset, with its letters


def test_the_same_input_gives_the_same_bytes(entry):
    data = agreement_data(entry, "en", DAY)
    first = pdf("agreement", data, DAY)
    setting._set.cache_clear()
    assert pdf("agreement", data, DAY) == first
    assert b"20261126" in first
    assert pdf("agreement", data, date(2026, 11, 27)) != first


def test_a_document_that_is_not_accessible_is_not_made(entry):
    untitled = {**agreement_data(entry, "en", DAY), "title": ""}
    with pytest.raises(TypstError, match="title"):
        pdf("agreement", untitled, DAY)
