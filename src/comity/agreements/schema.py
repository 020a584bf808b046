"""The agreement file as JSON Schema, draft 2020-12: for editors, so that a mistake is seen while it is typed.

A schema says what JSON Schema can say: keys, words, forms and patterns. Whatever it refuses, ``parse_agreement``
refuses too; the other way about there are differences, which ``docs/reference/agreement.md`` lists. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from comity.agreements.canonical import FORMAT
from comity.agreements.minimisers import applicable
from comity.agreements.parse import (
    CONSENT,
    DELTA,
    EPSILON,
    MAX_DELTA,
    MAX_EPSILON,
    MAX_NAME,
    MAX_PER_PERSON,
    MAX_RELEASES,
    MAX_VERSION,
    MUST_STATE,
    NOTICE,
    ONWARD,
    OPTIONAL,
    OVERDUE,
    RECEIPT,
    REVIEWED,
    STATISTIC,
    THEN,
)
from comity.agreements.parse import holds_in as law_holds_in
from comity.agreements.reading import MAX_TEXT
from comity.vocabulary.models import Field, LawfulBasis, Purpose, RecordType, Term, Vocabulary

PATH: Final = "schema/agreement.json"  # under docs/reference

_NAME: Final = "[a-z0-9]+(?:-[a-z0-9]+)*"
_VERSION: Final = "[1-9][0-9]{0,9}"
_DATE: Final = "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"
_KEEP: Final = "^P(?=[0-9])(?:[1-9][0-9]{0,2}Y)?(?:[1-9][0-9]{0,2}M)?(?:[1-9][0-9]{0,2}W)?(?:[1-9][0-9]{0,3}D)?$"
_WITHIN: Final = "^P(?=[0-9T])(?:[1-9][0-9]?D)?(?:T[1-9][0-9]?H)?$"

Schema = dict[str, Any]


def agreement_schema(vocabulary: Vocabulary) -> Schema:
    """Return the JSON Schema of an agreement's file, ready for :func:`json.dumps`."""
    schema: Schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:comity:agreement",
        "title": "Agreement",
        "description": "Who may ask whom for which data, for which purpose, in what form, and for how long.",
    }
    schema |= _block(_keys(vocabulary), optional=OPTIONAL)
    schema["allOf"] = [*(_laws_of(each, vocabulary) for each in vocabulary.jurisdictions), _if_statistics()]
    schema["$defs"] = {f"fields-of-{each.name}": _fields(each) for each in vocabulary.record_types.values()}
    return schema


def schema_text(vocabulary: Vocabulary) -> str:
    """Return the schema as the text of its file."""
    return json.dumps(agreement_schema(vocabulary), ensure_ascii=False, indent=2) + "\n"


def _keys(known: Vocabulary) -> dict[str, Schema]:
    return {
        "format": {"const": FORMAT, "title": "Format", "description": "May be left out."},
        "agreement": _name("Name", "Small letters, digits and single hyphens."),
        "version": _version(),
        "title": _titled("Title", "What people call it.", _block({"en": _text("English"), "nl": _text("Dutch")})),
        "jurisdiction": _titled("Jurisdiction", "Whose law applies.", _terms(known.jurisdictions)),
        "between": _between(),
        "purpose": _titled("Purpose", "The one purpose for which data may be asked.", _terms(known.purposes)),
        "lawful_basis": _bases(known),
        "in_force": _in_force(),
        "requesters": _requesters(known),
        "about": _text("About whom", "A condition: of whom it must be true for anything to be released; or everyone."),
        "release": _releases(known),
        "channels": _titled("Channels", "How data leave; none implies another.", _some(_terms(known.channels))),
        "onward": _titled("Passing on", "Whether the recipient may pass data on.", _words(ONWARD)),
        "retention": _retention(),
        "consent": _titled("Consent", "Whether the people concerned are asked.", _words(CONSENT)),
        "assessment": _assessment(),
        "review": _review(known),
        "statistics": _statistics(),
        "confidential": _confidential(),
    }


def _between() -> Schema:
    agencies = _some({"type": "string", "pattern": f"^{_NAME}$"})
    parties = {
        "providers": _titled("Providers", "The agencies that give data.", agencies),
        "recipients": _titled("Recipients", "The agencies that get data.", agencies),
    }
    return _titled("Parties", "The agencies between which it is made; each of them must sign.", _block(parties))


def _bases(known: Vocabulary) -> Schema:
    because = _text("Because", "Why it holds here.")
    basis = _block(
        {"term": _titled("Provision", "A provision of law.", _terms(known.lawful_bases)), "because": because}
    )
    return _titled("Lawful basis", "What law permits it, and why.", {"type": "array", "minItems": 1, "items": basis})


def _laws_of(jurisdiction: str, known: Vocabulary) -> Schema:
    """Return the rule that an agreement rests on the law of its own jurisdiction."""
    laws = [term for term, basis in known.lawful_bases.items() if law_holds_in(basis.jurisdiction, jurisdiction)]
    of_them = {"lawful_basis": {"items": {"properties": {"term": {"enum": laws}}}}}
    return {
        "if": {"properties": {"jurisdiction": {"const": jurisdiction}}, "required": ["jurisdiction"]},
        "then": {"properties": of_them},
    }


def _in_force() -> Schema:
    def day(title: str) -> Schema:
        return {"title": title, "type": "string", "format": "date", "pattern": _DATE}

    days = {"from": day("First day"), "until": day("Last day"), "review_by": day("To be reviewed by")}
    return _titled("In force", "From and until, both included; reviewed between them.", _block(days))


def _requesters(known: Vocabulary) -> Schema:
    nothing: Schema = {"type": "array", "maxItems": 0}
    state = {"anyOf": [*_some(_words(MUST_STATE))["anyOf"], nothing]}
    keys = {
        "roles": _titled("Roles", "Who may ask.", _some(_terms(known.roles))),
        "must_state": _titled("Must state", "What each request states; [] for nothing.", state),
    }
    return _titled("Requesters", "Who may ask, and what each request must state.", _block(keys))


def _retention() -> Schema:
    keep = {"type": "string", "pattern": _KEEP, "examples": ["P2Y", "P6M", "P1Y6M"]}
    keys = {
        "keep": _titled("Keep", "How long: years, months, weeks, days (ISO 8601).", keep),
        "then": _titled("Then", "What happens at the end.", _words(THEN)),
        "receipt": _titled("Receipt", "Whether the recipient confirms it.", _words(RECEIPT)),
    }
    return _titled("Retention", "How long the recipient keeps the data.", _block(keys))


def _confidential() -> Schema:
    keys = {
        "for": _titled("For", "How long, at most a year (ISO 8601).", {"type": "string", "pattern": _KEEP}),
        "because": _text("Because", "Why they cannot be told at once."),
    }
    return _titled("Confidential", "The people concerned are told of each use only later.", _block(keys))


def _review(known: Vocabulary) -> Schema:
    agencies = _some({"type": "string", "pattern": f"^{_NAME}$"})
    by = {
        "roles": _titled("Roles", "Who reviews.", _some(_terms(known.roles))),
        "agencies": _titled("Agencies", "At which of the parties.", agencies),
    }
    within = {"type": "string", "pattern": _WITHIN, "examples": ["P1D", "PT4H", "P1DT12H"]}
    keys = {
        "each": _titled("Of each", "Of what was disclosed, or also of what was refused.", _words(REVIEWED)),
        "within": _titled("Within", "How soon: days, hours (ISO 8601).", within),
        "by": _titled("By", "Who reviews; never whoever asked.", _block(by)),
        "notice": _titled("Notice", "Whether they are told at once.", _words(NOTICE)),
        "overdue": _titled("Overdue", "What happens if nobody does it in time.", _words(OVERDUE)),
    }
    return _titled("Review", "That somebody looks at each use afterwards. May be left out.", _block(keys))


def _assessment() -> Schema:
    pattern = f"^(?=[^@]{{1,{MAX_NAME}}}@){_NAME}@{_VERSION}$"
    schema: Schema = {"type": "string", "pattern": pattern, "examples": ["marac-victim-safety@3"]}
    return _titled("Impact assessment", "The one that must be approved: name@version.", schema)


def _statistics() -> Schema:
    per_person = {"type": "integer", "minimum": 1, "maximum": MAX_PER_PERSON}
    epsilon = {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": MAX_EPSILON}, _quoted(EPSILON)]}
    delta = {"anyOf": [{"type": "number", "minimum": 0, "maximum": float(MAX_DELTA)}, _quoted(DELTA)]}
    keys = {
        "epsilon": _titled("Epsilon", "How much the answers of one period may tell of anybody.", epsilon),
        "delta": _titled("Delta", "With which chance more; 0 for never.", delta),
        "per": _titled("Period", "Years, months, weeks, days (ISO 8601).", {"type": "string", "pattern": _KEEP}),
        "most_per_person": _titled("Most per person", "Rows of one person that count in one answer.", per_person),
    }
    return _titled("Statistics", "The privacy budget; there exactly if statistics may be made.", _block(keys))


def _quoted(form: str) -> Schema:
    return {"type": "string", "pattern": f"^{form}$"}


def _if_statistics() -> Schema:
    """Return the rule that a budget is there exactly if the channel is open."""
    word = {"const": STATISTIC}
    is_open = {"anyOf": [word, {"type": "array", "contains": word}]}
    return {
        "if": {"properties": {"channels": is_open}, "required": ["channels"]},
        "then": {"required": ["statistics"]},
        "else": {"properties": {"statistics": False}},
    }


# --- releases --------------------------------------------------------------------------------------------------------


def _releases(known: Vocabulary) -> Schema:
    keys = {
        "record": _titled("Record type", "One record type.", _records(known)),
        "of": _titled("Of whom", "Only rows about these people (LED art. 6).", _some(_terms(known.subject_categories))),
        "where": _text("Where", "A condition: only rows of which it is true."),
        "fields": {"title": "Fields", "description": "Each field that leaves, with its form.", "type": "object"},
    }
    release = _block(keys, optional=("of", "where"))
    release["allOf"] = [_if_record(name) for name in known.record_types]
    listed = {"type": "array", "minItems": 1, "maxItems": MAX_RELEASES, "items": release}
    return _titled("Releases", "What leaves; a field that no release names does not.", listed)


def _records(known: Vocabulary) -> Schema:
    records = known.record_types.values()
    return {"enum": [each.name for each in records], "markdownEnumDescriptions": [each.label.en for each in records]}


def _if_record(name: str) -> Schema:
    return {
        "if": {"properties": {"record": {"const": name}}, "required": ["record"]},
        "then": {"properties": {"fields": {"$ref": f"#/$defs/fields-of-{name}"}}},
    }


def _fields(record: RecordType) -> Schema:
    return {
        "title": f"Fields of {record.name}",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {field.name: _field(field) for field in record.fields},
    }


def _field(field: Field) -> Schema:
    said = field.definition.en if field.definition else f"{field.type.value}, {field.sensitivity.value}"
    return _titled(field.label.en, said, _words(applicable(field)))


# --- shapes ----------------------------------------------------------------------------------------------------------


def _block(keys: Mapping[str, Schema], optional: Iterable[str] = ()) -> Schema:
    left_out = set(optional)
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [key for key in keys if key not in left_out],
        "properties": dict(keys),
    }


def _titled(title: str, description: str, schema: Schema) -> Schema:
    return {"title": title, "description": description} | schema


def _some(word: Schema) -> Schema:
    """Return a list of words, each once, or the one word."""
    return {"anyOf": [word, {"type": "array", "minItems": 1, "uniqueItems": True, "items": word}]}


def _words(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


def _terms(terms: Mapping[str, Term] | Mapping[str, Purpose] | Mapping[str, LawfulBasis]) -> Schema:
    labels = [each.label.en for each in terms.values()]
    return {"enum": list(terms), "markdownEnumDescriptions": labels}


def _text(title: str, description: str = "") -> Schema:
    schema: Schema = {"title": title, "type": "string", "pattern": r"\S", "maxLength": MAX_TEXT}
    return schema | ({"description": description} if description else {})


def _name(title: str, description: str) -> Schema:
    return _titled(title, description, {"type": "string", "pattern": f"^{_NAME}$", "maxLength": MAX_NAME})


def _version() -> Schema:
    number = {"type": "integer", "minimum": 1, "maximum": MAX_VERSION}
    quoted = {"type": "string", "pattern": f"^{_VERSION}$"}
    return {"title": "Version", "description": "A whole number from 1.", "anyOf": [number, quoted]}
