"""The tables of the record, made from the vocabulary.

Column names and types come from nowhere else: ``python -m comity.record`` writes the migration, and a test holds the
database's catalogue against :func:`columns`.
"""

from __future__ import annotations

from collections.abc import Iterator

from comity.vocabulary.models import Field, FieldType, RecordType, Vocabulary

ENVELOPE: tuple[tuple[str, str, bool], ...] = (
    ("record_id", "uuid", True),
    ("statement_id", "uuid", True),
    ("source_person", "uuid", False),
    ("agency", "text", True),
    ("source", "text", True),
    ("source_key", "text", True),
    ("whose", "text", True),
    ("asserted", "text", True),
    ("received_at", "timestamp with time zone", True),
)
"""What every record carries: name, PostgreSQL type, whether it must be there."""

_TYPES = {
    FieldType.TEXT: "text",
    FieldType.CODE: "text",
    FieldType.DATE: "date",
    FieldType.TIMESTAMP: "timestamp with time zone",
    FieldType.INTEGER: "bigint",
    FieldType.BOOLEAN: "boolean",
    FieldType.REFERENCE: "uuid",
}

_VISIBLE = "agency = any ((select string_to_array(nullif(current_setting('comity.providers', true), ''), ','))::text[])"


def columns(record_type: RecordType) -> tuple[tuple[str, str, bool], ...]:
    """Return the columns of a record type's table: name, PostgreSQL type, not null."""
    return ENVELOPE + tuple(column for field in record_type.fields for column in _field_columns(field))


def migration(vocabulary: Vocabulary) -> str:
    """Return the SQL that makes all of the tables, with their indexes, row-level security and rights."""
    head = "-- Made from the vocabulary by `python -m comity.record`. Change the vocabulary, and make it again.\n"
    return head + "".join("\n" + _table(record_type) for record_type in vocabulary.record_types.values())


def _table(record_type: RecordType) -> str:
    name = f'record."{record_type.name}"'
    lines = [f'    "{column}" {kind}{" not null" if needed else ""}' for column, kind, needed in columns(record_type)]
    body = ",\n".join(
        [*lines, "    primary key (record_id)", f"    check (asserted in ({_quoted(('fact', 'opinion'))}))"]
    )
    statements = [f"create table {name} (\n{body}\n);", *_indexes(record_type), *_security(name)]
    return "\n".join(statements) + "\n"


def _field_columns(field: Field) -> Iterator[tuple[str, str, bool]]:
    if field.sealed:
        yield field.name, "bytea", False
        yield f"{field.name}_blind", "bytea", False
    else:
        # Required is for intake to say, with a fault that names the mend; a rectified source may lose a value.
        yield field.name, _TYPES[field.type], False


def _indexes(record_type: RecordType) -> Iterator[str]:
    indexed = ["source_person", "statement_id"]
    indexed += [field.name for field in record_type.fields if field.type is FieldType.REFERENCE]
    indexed += [name for name in ("case_number", "common_reference") if any(f.name == name for f in record_type.fields)]
    indexed += [f"{field.name}_blind" for field in record_type.fields if field.sealed]
    for column in indexed:
        yield f'create index on record."{record_type.name}" ("{column}");'


def _security(name: str) -> tuple[str, ...]:
    return (
        f"alter table {name} enable row level security;",
        f"alter table {name} force row level security;",
        f"create policy gate_reads_in_a_disclosure on {name} for select to comity_gate\n    using ({_VISIBLE});",
        f"create policy intake_keeps on {name} for all to comity_intake using (true) with check (true);",
        f"grant select on {name} to comity_gate;",
        f"grant select, insert, update, delete on {name} to comity_intake;",
    )


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
