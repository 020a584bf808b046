"""What words mean: the frozen values every other room speaks in.

Nothing here reads a file or a clock. :func:`comity.vocabulary.load` builds one :class:`Vocabulary` from the
data files beside it and refuses a file that contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from comity.vocabulary.errors import UnknownTermError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Label:
    """The words a person reads for a term, in each language of the interface."""

    en: str
    nl: str

    def in_language(self, language: str) -> str:
        """Return the text in ``language`` (``"en"`` or ``"nl"``); English where the language is another."""
        return self.nl if language == "nl" else self.en


class FieldType(StrEnum):
    """The type of a field's value, the same in PostgreSQL, DuckDB, JSON and Python."""

    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"  # an instant, with its zone
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CODE = "code"  # one code of the field's code list
    REFERENCE = "reference"  # the record id of another record


class Sensitivity(StrEnum):
    """How much harm a disclosure of the field could do, from least to most."""

    ORDINARY = "ordinary"
    CONFIDENTIAL = "confidential"
    CRIMINAL = "criminal"  # GDPR art. 10: criminal convictions and offences
    SPECIAL = "special"  # LED art. 10, GDPR art. 9: special categories
    SEALED = "sealed"  # could endanger somebody; stored encrypted, opened only by the gate


class Identifiability(StrEnum):
    """Whether the field points at a human being."""

    DIRECT = "direct"  # by itself (a name, a number)
    QUASI = "quasi"  # together with others (a birth date, a postcode)
    NONE = "none"


class Assertion(StrEnum):
    """LED art. 7(1): what is fact is told apart from what is somebody's assessment."""

    FACT = "fact"
    OPINION = "opinion"


@dataclass(frozen=True, slots=True)
class Code:
    """One permitted value of a code list."""

    name: str
    label: Label
    definition: Label | None = None


@dataclass(frozen=True, slots=True)
class CodeList:
    """A closed list of values a field may take."""

    name: str
    label: Label
    codes: tuple[Code, ...]

    def names(self) -> tuple[str, ...]:
        """Return the codes, in the order of the file."""
        return tuple(code.name for code in self.codes)

    def code(self, name: str) -> Code:
        """Return one code; :class:`UnknownTermError` with the nearest right word if there is none."""
        return _pick({code.name: code for code in self.codes}, name, f"code of {self.name}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type: its type, and what the law and the standards call it."""

    name: str
    type: FieldType
    label: Label
    category: str  # DPV personal-data term, e.g. pd:Name, or a core term, e.g. dpv:PersonalData
    sensitivity: Sensitivity
    identifiability: Identifiability
    niem: str  # NIEM element, e.g. nc:PersonGivenName; empty where NIEM has none
    dpv: str  # the IRI of the category
    code_list: str | None = None
    references: str | None = None  # the record type a reference points at
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    codes: tuple[str, ...] = ()  # the codes of the code list, in its order
    past: bool = False  # a day or instant that cannot lie in the future
    definition: Label | None = None

    @property
    def sealed(self) -> bool:
        """Whether the value is stored encrypted and may stand in a condition only as equality."""
        return self.sensitivity is Sensitivity.SEALED


@dataclass(frozen=True, slots=True)
class Rule:
    """A check across fields of one record, e.g. ``released_on >= received_on``.

    A null on either side passes.
    """

    name: str
    left: str
    operator: str  # one of <= < >= >
    right: str
    label: Label  # what is wrong when it fails, in words


@dataclass(frozen=True, slots=True)
class RecordType:
    """One of the twelve kinds of record."""

    name: str
    label: Label
    plural: Label
    niem: str
    fields: tuple[Field, ...]
    rules: tuple[Rule, ...] = ()
    happened: tuple[str, ...] = ()  # the date fields that place it on a timeline, best first
    definition: Label | None = None

    def field(self, name: str) -> Field:
        """Return one field; :class:`UnknownTermError` with the nearest right word if there is none."""
        return _pick({field.name: field for field in self.fields}, name, f"field of {self.name}")


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why data may be asked for; purposes form a tree on DPV's ``sector/law``."""

    name: str
    parent: str | None
    label: Label
    definition: Label
    dpv: str  # the IRI of the nearest DPV purpose, the same or broader


class Cover(StrEnum):
    """What a provision of law can carry; an agreement needs one for each kind of thing that it does."""

    PROCESSING = "processing"  # for the agencies' own task
    SENSITIVE = "sensitive"  # special categories: LED art. 10, GDPR art. 9
    CRIMINAL = "criminal"  # convictions and offences outside law enforcement: GDPR art. 10
    FURTHER_USE = "further-use"  # for another purpose than that of the collection
    DISCLOSURE = "disclosure"  # giving data to another
    RIGHTS = "rights"  # what the person concerned may ask
    RESEARCH = "research"  # archiving, research and statistics


@dataclass(frozen=True, slots=True)
class LawfulBasis:
    """A provision that permits processing, with the article that says so."""

    term: str  # e.g. uk/dpa2018-s35-2-b
    jurisdiction: str  # one of Vocabulary.jurisdictions, e.g. uk
    act: str
    article: str
    label: Label
    covers: tuple[Cover, ...] = ()


class Certainty(StrEnum):
    """How sure it is that the law says what a row of the vocabulary says."""

    STATED = "stated"  # the text of the provision says so
    GUIDANCE = "guidance"  # whoever supervises or advises says so
    READING = "reading"  # it is how the provision is read here, or it has exceptions that no agreement shows


@dataclass(frozen=True, slots=True)
class Restriction:
    """Data that may leave for some purposes only under conditions, and the provision that says so.

    It is about a field of one of ``sensitivities`` or ``identifiabilities``, or that is among ``fields``
    (``person.address``). Of ``subjects``, ``purposes`` and ``grounds``, none means any. It may leave all the same if a
    basis of the agreement carries one of ``covers`` or is among ``bases``, in one of ``forms``, or if consent is dealt
    with in one of the ways of ``consents``.
    """

    term: str  # e.g. uk/dpa2018-s36-4-knowledge
    jurisdiction: str
    act: str
    article: str
    certainty: Certainty
    label: Label
    sensitivities: tuple[Sensitivity, ...] = ()
    identifiabilities: tuple[Identifiability, ...] = ()
    fields: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    covers: tuple[Cover, ...] = ()
    bases: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RetentionLimit:
    """How long a recipient may keep what it got, and the provision that says so.

    Of ``purposes``, ``bases`` and ``records``, none means any. ``longest`` is an ISO 8601 length of time; None where
    the provision asks that somebody set a time and names none.
    """

    term: str  # e.g. nl/wpg-art8-6
    jurisdiction: str
    act: str
    article: str
    certainty: Certainty
    label: Label
    purposes: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    longest: str | None = None


class Disposal(StrEnum):
    """What happens when a time is over."""

    DELETE = "delete"  # it is erased
    REVIEW = "review"  # a person decides whether it is still needed
    RESTRICT = "restrict"  # it is shown to nobody any more, and kept sealed for a while (LED art. 16(3))


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long what is held is kept, from which event, what happens then, and the provision that says so.

    Of ``agencies``, ``records`` and ``subjects``, none means any; ``when`` names codes (``charge.severity``) of the
    record or of what it stands with. The time runs from the latest of ``runs_from`` that has happened: ``received``, or
    a day (``case.closed_on``). ``whole``: all else that the source holds of that person is kept as long.
    """

    term: str  # e.g. nl/wpg-art8-6-14
    jurisdiction: str
    act: str
    article: str
    certainty: Certainty
    label: Label
    runs_from: tuple[str, ...]
    keep: str
    then: Disposal
    agencies: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    afterwards: str | None = None
    whole: bool = False

    @property
    def named(self) -> int:
        """How much it names: of two that fit, the one that names more counts."""
        return bool(self.records) + bool(self.subjects) + len(self.when)


@dataclass(frozen=True, slots=True)
class Term:
    """A named term with a definition: an operation, a kind of agency, a role, a category of data subject."""

    name: str
    label: Label
    definition: Label
    source: str = ""  # the article or standard it comes from


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All of the words, of one version."""

    version: str
    record_types: Mapping[str, RecordType]
    code_lists: Mapping[str, CodeList]
    purposes: Mapping[str, Purpose]
    lawful_bases: Mapping[str, LawfulBasis]
    operations: Mapping[str, Term]
    agency_kinds: Mapping[str, Term]
    roles: Mapping[str, Term]
    subject_categories: Mapping[str, Term]
    minimisers: Mapping[str, Term]
    channels: Mapping[str, Term]
    jurisdictions: Mapping[str, Term]
    restrictions: Mapping[str, Restriction]
    retention_limits: Mapping[str, RetentionLimit]
    schedules: Mapping[str, Schedule]
    verbatim: Mapping[str, str]  # by jurisdiction, how long a message is kept word for word

    def record_type(self, name: str) -> RecordType:
        """Return a record type; :class:`UnknownTermError` with the nearest right word if there is none."""
        return _pick(self.record_types, name, "record type")

    def code_list(self, name: str) -> CodeList:
        """Return a code list; :class:`UnknownTermError` with the nearest right word if there is none."""
        return _pick(self.code_lists, name, "code list")

    def purpose(self, name: str) -> Purpose:
        """Return a purpose; :class:`UnknownTermError` with the nearest right word if there is none."""
        return _pick(self.purposes, name, "purpose")

    def lawful_basis(self, term: str) -> LawfulBasis:
        """Return a lawful basis; :class:`UnknownTermError` with the nearest right word if there is none."""
        return _pick(self.lawful_bases, term, "lawful basis")

    def purpose_line(self, name: str) -> Iterator[Purpose]:
        """Yield the purpose and then each broader one, up to the root."""
        purpose: Purpose | None = self.purpose(name)
        while purpose is not None:
            yield purpose
            purpose = self.purposes[purpose.parent] if purpose.parent else None


def _pick(terms: Mapping[str, _T], name: str, kind: str) -> _T:
    try:
        return terms[name]
    except KeyError:
        raise UnknownTermError.naming(kind, name, terms) from None
