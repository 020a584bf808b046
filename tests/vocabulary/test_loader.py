"""Files that contradict themselves are refused, with file, line, cause and mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from comity.vocabulary import load, load_from
from comity.vocabulary.errors import VocabularyError, VocabularyFileError
from comity.vocabulary.loader import DATA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data files, to break."""
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def break_(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first ``old`` in the file; return the line on which it stands."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is no longer in {file}: mend this test"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_copy_is_whole(folder: Path):
    assert load_from(folder) == load()


# file, what stands there, what is put there instead, how many lines further the fault is, cause, mend
FAULTS = {
    "an unknown key of a field": (
        "record_types.yaml", "required: true, en: Full name", "requird: true, en: Full name", 0,
        "'name' has an unknown key 'requird'", "did you mean 'required'",
    ),
    "an unknown key of a record type": (
        "record_types.yaml", "  niem: nc:Incident\n", "  niem: nc:Incident\n  colour: red\n", 1,
        "'incident' has an unknown key 'colour'", "take one of:",
    ),
    "a label that is missing": (
        "record_types.yaml", "nl: Voornamen, ", "", -1, "'given_names' has no label in 'nl'", "add nl: the words",
    ),
    "a label that is empty": (
        "code_lists.yaml", "nl: Vrouw}", 'nl: " "}', 0, "the label of 'female' in 'nl' is empty", "write the words",
    ),
    "a plural that is missing": (
        "record_types.yaml", "  plural: {en: Cases, nl: Zaken}\n", "", -3, "'case' has no 'plural'", "add plural",
    ),
    "an unknown type": (
        "record_types.yaml", "birth_date:\n      {type: date", "birth_date:\n      {type: dat", 1,
        "the unknown type 'dat'", "did you mean 'date'",
    ),
    "an unknown sensitivity": (
        "record_types.yaml", "sensitivity: special, identifiability: quasi, niem: nc:PersonEth",
        "sensitivity: secret, identifiability: quasi, niem: nc:PersonEth", 0, "the unknown sensitivity 'secret'", "take one of",
    ),
    "an unknown code list": (
        "record_types.yaml", "list: custody-kind", "list: custody-kinds", 0,
        "unknown code list 'custody-kinds'", "did you mean 'custody-kind'",
    ),
    "a code without a list": (
        "record_types.yaml", "type: code, list: sex,", "type: code,", -1, "'sex' has no 'list'", "add list",
    ),
    "a text with a list": (
        "record_types.yaml", "court:            {type: text,", "court:            {type: text, list: sex,", 0,
        "'court' is a text and has 'list'", "only a code has 'list'",
    ),
    "a reference to an unknown type": (
        "record_types.yaml", "of: incident,", "of: incidnet,", 0, "unknown type 'incidnet'", "did you mean 'incident'",
    ),
    "a reference to nothing": (
        "record_types.yaml", "{type: reference, of: incident,", "{type: reference,", 0, "'incident' has no 'of'", "add of",
    ),
    "a field that stands twice": (
        "record_types.yaml", "    given_names:\n", "    name:\n", 0, "'name' stands twice in 'fields'", "keep one of the two",
    ),
    "a code that stands twice": (
        "code_lists.yaml", "    female:  ", "    male:    ", 0, "'male' stands twice in 'codes'", "keep one of the two",
    ),
    "a purpose that stands twice": (
        "purposes.yaml", "\noversight:\n", "\nredress:\n", 1, "'redress' stands twice", "keep one",
    ),
    "a rule name that stands twice": (
        "record_types.yaml", "name: ends-after-it-was-made", "name: ends-after-it-starts", 0,
        "two rules named 'ends-after-it-starts'", "another name",
    ),
    "a rule about an unknown field": (
        "record_types.yaml", "left: died_on", "left: dead_on", 0, "unknown field 'dead_on'", "did you mean 'died_on'",
    ),
    "a rule across two types": (
        "record_types.yaml", "right: received_on, en: The stay", "right: reception_at, en: The stay", 0,
        "a date is compared with a timestamp", "compare fields of one type",
    ),
    "a rule about what has no order": (
        "record_types.yaml", "left: died_on", "left: name", 0, "'name' has no order", "compare days",
    ),
    "a rule with an unknown operator": (
        "record_types.yaml", 'left: died_on, operator: ">="', 'left: died_on, operator: "=>"', 0,
        "'=>' is not an operator", "take one of: <= < >= >",
    ),
    "a timeline on a field that is no day": (
        "record_types.yaml", "happened: [opened_on]", "happened: [outcome]", 0, "'outcome' is no day or instant", "take one of",
    ),
    "bounds on a text": (
        "record_types.yaml", "room:             {type: text,", "room:             {type: text, min: 1,", 0,
        "'room' is a text and has min or max", "only an integer",
    ),
    "bounds that exclude everything": (
        "record_types.yaml", "min: 0, max: 24", "min: 25, max: 24", 0, "a min above its max", "exchange the two",
    ),
    "bounds that are no number": (
        "record_types.yaml", "min: 0, max: 24", "min: none, max: 24", 0, "'min' is not a whole number", "write digits only",
    ),
    "a flag that is neither": (
        "record_types.yaml", "required: true, en: Full name", "required: yes, en: Full name", 0,
        "'required' is neither true nor false", "write true or false",
    ),
    "a text that cannot lie in the future": (
        "record_types.yaml", "room:             {type: text,", "room:             {type: text, past: true,", 0,
        "'room' is a text and has 'past'", "only a day or instant",
    ),
    "a sealed date, which could be compared": (
        "record_types.yaml", "{type: date, past: true, en: Date of birth", "{type: date, past: true, sensitivity: sealed, en: Date of birth", 0,
        "'birth_date' is sealed and a date", "only a text can be sealed",
    ),
    "a category that is no DPV term": (
        "record_types.yaml", "pd: pd:BirthDate", "pd: BirthDate", 0, "'BirthDate' is not a DPV term", "begin it with one of",
    ),
    "a field whose name PostgreSQL would have to quote": (
        "record_types.yaml", "    given_names:\n", "    given-names:\n", 0, "'given-names' is not a name", "in the form",
    ),
    "a field with the name of the envelope's": (
        "record_types.yaml", "    reception_at: ", "    received_at: ", 0, "'received_at' is a column that every record may have", "another name",
    ),
    "a field with the name of a blind index": (
        "record_types.yaml", "    phone:\n", "    safe_contact_blind:\n", 0, "'safe_contact_blind' is a column", "another name",
    ),
    "a code that is not in lower case": (
        "code_lists.yaml", "    female:  ", "    Female:  ", 0, "'Female' is not a name", "in the form",
    ),
    "a purpose whose parent is unknown": (
        "purposes.yaml", "  parent: victim-safety", "  parent: victim-saftey", 0, "unknown parent 'victim-saftey'", "did you mean 'victim-safety'",
    ),
    "purposes that go round in a circle": (
        "purposes.yaml", "  parent: victim-services\n  en: Victim safety", "  parent: threat-to-life\n  en: Victim safety", 0,
        "go round in a circle: victim-safety → threat-to-life → victim-safety", "another parent",
    ),
    "a lawful basis of an unknown jurisdiction": (
        "lawful_bases.yaml", "uk/dpa2018-s35-2-b:", "gb/dpa2018-s35-2-b:", 0, "unknown jurisdiction 'gb'", "take one of",
    ),
    "a lawful basis without its article": (
        "lawful_bases.yaml", "article: Article 8, ", "", -1, "'eu/led-art8' has no 'article'", "add article",
    ),
    "a lawful basis that does not say what it covers": (
        "lawful_bases.yaml", "article: Article 8, covers: [processing],", "article: Article 8,", -1,
        "'eu/led-art8' does not say what it covers", "add covers",
    ),
    "a lawful basis that covers the unknown": (
        "lawful_bases.yaml", "article: Article 8, covers: [processing]", "article: Article 8, covers: [procesing]", 0,
        "unknown covers 'procesing'", "did you mean 'processing'",
    ),
    "an article that is a list": (
        "lawful_bases.yaml", "article: Article 8, ", "article: [Article 8], ", 0, "'article' is not a text", "write article: a text",
    ),
    "a term without a definition": (
        "terms.yaml", "nl: Toetsing, source: LED art. 19(1),\n     definition:", "nl: Toetsing, source: LED art. 19(1),\n     definitoin:", -1,
        "'review' has no 'definition'", "add definition",
    ),
    "a section that is unknown": (
        "terms.yaml", "\nchannels:", "\nchanels:", None, "'terms.yaml' has no 'channels'", "add channels",
    ),
    "a section too many": (
        "terms.yaml", "\nchannels:", "\nmoods: {}\nchannels:", 1, "'terms.yaml' has an unknown key 'moods'", "take one of",
    ),
    "a list with no codes": (
        "code_lists.yaml", "\nsex:\n", "\nempty:\n  en: Empty\n  nl: Leeg\n  codes: {}\nsex:\n", 1, "'empty' has no codes", "give it one",
    ),
    "a certainty that there is not": (
        "restrictions.yaml", "certainty: stated", "certainty: sure", 0, "the unknown certainty 'sure'", "take one of",
    ),
    "a restriction of no data": (
        "restrictions.yaml", "data: {sensitivity: [criminal]}, purposes: [knowledge]", "data: {}, purposes: [knowledge]", 0,
        "'eu/led-art9-1-knowledge' is about no data", "add sensitivity",
    ),
    "a restriction of a field that there is not": (
        "restrictions.yaml", "fields: [person.national_number]", "fields: [person.national_numbr]", 0,
        "names the unknown fields 'person.national_numbr'", "did you mean 'person.national_number'",
    ),
    "a restriction for a purpose that there is not": (
        "restrictions.yaml", "purposes: [disclosure-to-defence]", "purposes: [defence]", 0, "names the unknown purposes 'defence'", "",
    ),
    "a condition that is unknown": (
        "restrictions.yaml", "unless: {forms: [withheld, area]}", "unless: {form: [withheld, area]}", 0,
        "'unless' has an unknown key 'form'", "did you mean 'forms'",
    ),
    "a limit that is no length of time": (
        "retention.yaml", "longest: P6Y", "longest: 6 years", 0, "'6 years' is no length of time", "write e.g. P5Y",
    ),
    "a limit of a jurisdiction that there is not": (
        "retention.yaml", "\nuk/dpa2018-s39:", "\nux/dpa2018-s39:", 1, "the unknown jurisdiction 'ux'", "take one of",
    ),
    "a limit without words": (
        "retention.yaml", 'nl: "Gegevens worden niet langer bewaard dan nodig', 'xx: "Gegevens worden niet langer bewaard dan nodig', -3,
        "has no label in 'nl'", "add nl",
    ),
    "a schedule that runs from no day": (
        "retention_schedules.yaml", "runs_from: [supervision.ends_on,", "runs_from: [supervision.kind,", 0,
        "'uk/hmpps-probation' names the unknown runs_from 'supervision.kind'", "did you mean 'supervision.ends_on'",
    ),
    "a schedule of no code": (
        "retention_schedules.yaml", "{charge.severity: [lesser,", "{charge.severity: [lessor,", 0,
        "'when' names the unknown charge.severity 'lessor'", "did you mean 'lesser'",
    ),
    "a schedule that restricts for ever": (
        "retention_schedules.yaml", "keep: P5Y, then: restrict, afterwards: P5Y", "keep: P5Y, then: restrict", -2,
        "says not both that it restricts and for how long", "give restrict an afterwards",
    ),
    "a schedule whose time is none": (
        "retention_schedules.yaml", "keep: P30Y", "keep: 30", 0, "'30' is no length of time", "write e.g. P5Y",
    ),
    "a value that is empty": (
        "vocabulary.yaml", 'version: "2026.3"', "version:", 0, "'version' is not a text", "write version",
    ),
    "syntax": (
        "code_lists.yaml", "    female:  {en: Female", "    female:  en: Female", None, "this is not YAML", "mend the syntax",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_is_refused_for(folder: Path, name: str):
    file, old, new, further, cause, mend = FAULTS[name]
    line = break_(folder, file, old, new)

    with pytest.raises(VocabularyFileError) as refusal:
        load_from(folder)

    error = refusal.value
    assert error.file == file
    assert cause in error.cause
    assert mend in error.mend
    if further is not None:
        assert error.line == line + further
    assert str(error) == f"{file}, line {error.line}: {error.cause}; {error.mend}"


@pytest.mark.parametrize("file", sorted(path.name for path in DATA.iterdir()))
def test_a_file_that_is_missing(folder: Path, file: str):
    (folder / file).unlink()

    with pytest.raises(VocabularyFileError, match=f"{file}, line 1: the file is missing"):
        load_from(folder)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "the file is empty"),
        (b"# nothing\n", "the file is empty"),
        (b"- one\n- two\n", "'purposes.yaml' is not a mapping"),
        ("naïef: {}".encode("latin-1"), "the file is not UTF-8"),
        (b"a: {b: *c}", "this is not YAML"),
    ],
)
def test_a_file_that_is_not_what_it_should_be(folder: Path, content: bytes, cause: str):
    (folder / "purposes.yaml").write_bytes(content)

    with pytest.raises(VocabularyFileError, match=cause):
        load_from(folder)


def test_a_word_that_yaml_might_read_as_something_else_stays_a_word(folder: Path):
    """Norway's country code is the classic: ``no`` is a word here, never a falsehood."""
    break_(folder, "code_lists.yaml", "    female:  {en: Female", "    no: {en: no, nl: 1e3}\n    female:  {en: Female")

    code = load_from(folder).code_list("sex").code("no")

    assert (code.label.en, code.label.nl) == ("no", "1e3")


def test_the_error_is_one_of_ours():
    assert issubclass(VocabularyFileError, VocabularyError)
    assert issubclass(VocabularyError, ValueError)
