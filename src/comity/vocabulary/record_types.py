"""Build the record types from their file, each refused where it contradicts itself or the code lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from comity.vocabulary.files import Block, nearest
from comity.vocabulary.models import (
    CodeList,
    Field,
    FieldType,
    Identifiability,
    Label,
    RecordType,
    Rule,
    Sensitivity,
)
from comity.vocabulary.names import FIELD_NAME, check_field_name, check_name, iri

_DAYS = frozenset({FieldType.DATE, FieldType.TIMESTAMP})
_ORDERED = _DAYS | {FieldType.INTEGER}
_OPERATORS = ("<=", "<", ">=", ">")


def record_types(file: Block, code_lists: Mapping[str, CodeList]) -> dict[str, RecordType]:
    """Return the record types of ``file`` by name.

    :raises VocabularyFileError: an unknown key, a missing label, a reference to an unknown type, an unknown code list,
        or a rule that compares what cannot be compared.
    """
    blocks = tuple(file.blocks())
    known = frozenset(block.name for block in blocks)
    return {block.name: _record_type(block, known, code_lists) for block in blocks}


def _record_type(block: Block, known: Collection[str], code_lists: Mapping[str, CodeList]) -> RecordType:
    check_name(block, FIELD_NAME)
    fields = tuple(_field(each, known, code_lists) for each in block.block("fields").blocks())
    by_name = {field.name: field for field in fields}
    record_type = RecordType(
        name=block.name,
        label=block.label(),
        plural=block.label_under("plural"),
        niem=block.text("niem"),
        fields=fields,
        rules=_rules(block, by_name),
        happened=_happened(block, by_name),
        definition=block.label_under("definition"),
    )
    block.finish()
    return record_type


def _field(block: Block, known: Collection[str], code_lists: Mapping[str, CodeList]) -> Field:
    check_field_name(block)
    kind = block.choice("type", FieldType)
    code_list = _code_list(block, kind, code_lists)
    field = Field(
        name=block.name,
        type=kind,
        label=block.label(),
        category=block.text("pd"),
        sensitivity=block.choice("sensitivity", Sensitivity, "ordinary"),
        identifiability=block.choice("identifiability", Identifiability, "none"),
        niem=block.text("niem", ""),
        dpv=iri(block, "pd"),
        code_list=code_list.name if code_list else None,
        references=_referred(block, kind, known),
        required=block.flag("required"),
        minimum=block.number("min"),
        maximum=block.number("max"),
        codes=code_list.names() if code_list else (),
        past=block.flag("past"),
        definition=_optional_label(block, "definition"),
    )
    _check_field(block, field)
    block.finish()
    return field


def _code_list(block: Block, kind: FieldType, code_lists: Mapping[str, CodeList]) -> CodeList | None:
    _check_goes_with(block, "list", kind, FieldType.CODE)
    if kind is not FieldType.CODE:
        return None
    name = block.text("list")
    if name not in code_lists:
        block.place_of("list").refuse(f"{block.name!r} names the unknown code list {name!r}", nearest(name, code_lists))
    return code_lists[name]


def _referred(block: Block, kind: FieldType, known: Collection[str]) -> str | None:
    _check_goes_with(block, "of", kind, FieldType.REFERENCE)
    if kind is not FieldType.REFERENCE:
        return None
    name = block.text("of")
    if name not in known:
        block.place_of("of").refuse(f"{block.name!r} refers to the unknown type {name!r}", nearest(name, known))
    return name


def _check_goes_with(block: Block, key: str, kind: FieldType, wanted: FieldType) -> None:
    if key in block and kind is not wanted:
        block.place_of(key).refuse(f"{block.name!r} is a {kind} and has {key!r}", f"only a {wanted} has {key!r}")


def _check_field(block: Block, field: Field) -> None:
    bounded = field.minimum is not None or field.maximum is not None
    if bounded and field.type is not FieldType.INTEGER:
        block.place.refuse(f"{field.name!r} is a {field.type} and has min or max", "only an integer has them")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        block.place_of("min").refuse(f"{field.name!r} has a min above its max", "exchange the two")
    if field.past and field.type not in _DAYS:
        block.place_of("past").refuse(
            f"{field.name!r} is a {field.type} and has 'past'", "only a day or instant has it"
        )
    if field.sealed and field.type is not FieldType.TEXT:
        block.place_of("sensitivity").refuse(
            f"{field.name!r} is sealed and a {field.type}", "only a text can be sealed: it is stored encrypted"
        )


def _rules(block: Block, fields: Mapping[str, Field]) -> tuple[Rule, ...]:
    rules: dict[str, Rule] = {}
    for each in block.listed("rules"):
        rule = _rule(each, fields)
        if rule.name in rules:
            each.place.refuse(f"{block.name!r} has two rules named {rule.name!r}", "give one of them another name")
        rules[rule.name] = rule
    return tuple(rules.values())


def _rule(block: Block, fields: Mapping[str, Field]) -> Rule:
    left, right = _compared(block, "left", fields), _compared(block, "right", fields)
    if left.type is not right.type:
        block.place.refuse(f"a {left.type} is compared with a {right.type}", "compare fields of one type")
    operator = block.text("operator")
    if operator not in _OPERATORS:
        block.place_of("operator").refuse(f"{operator!r} is not an operator", f"take one of: {' '.join(_OPERATORS)}")
    rule = Rule(block.text("name"), left.name, operator, right.name, block.label())
    block.finish()
    return rule


def _compared(block: Block, key: str, fields: Mapping[str, Field]) -> Field:
    name = block.text(key)
    if name not in fields:
        block.place_of(key).refuse(f"a rule names the unknown field {name!r}", nearest(name, fields))
    if fields[name].type not in _ORDERED:
        block.place_of(key).refuse(f"{name!r} has no order", "compare days, instants or whole numbers")
    return fields[name]


def _happened(block: Block, fields: Mapping[str, Field]) -> tuple[str, ...]:
    names = block.words("happened")
    for name in names:
        if name not in fields or fields[name].type not in _DAYS:
            days = [field.name for field in fields.values() if field.type in _DAYS]
            block.place_of("happened").refuse(f"{name!r} is no day or instant of {block.name!r}", nearest(name, days))
    return names


def _optional_label(block: Block, key: str) -> Label | None:
    return block.label_under(key) if key in block else None
