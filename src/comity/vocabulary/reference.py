"""The reference page of the documentation, written from the vocabulary so that it cannot differ from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from comity.vocabulary.models import (
    CodeList,
    Field,
    FieldType,
    Label,
    LawfulBasis,
    Purpose,
    RecordType,
    Restriction,
    RetentionLimit,
    Schedule,
    Term,
    Vocabulary,
)

_OPENING: Final = """\
# Vocabulary

<!-- Written by `python -m comity.vocabulary` from src/comity/vocabulary/data. Change the data, and write it again. -->

Version {version}. Every word that Comity uses for data, with its label in English and Dutch. The tables of the record,
the [JSON Schemas](schema/) and the labels on the pages are made from the same files.

Categories of personal data and purposes are terms of the
[W3C Data Privacy Vocabulary](https://w3id.org/dpv) 2.3, cited by name under the
[W3C Software and Document License](https://www.w3.org/copyright/software-license-2023/); elements are those of
NIEM 6.0.
"""

_SENSITIVITIES: Final = """\
Sensitivity, from least to most: *ordinary*; *confidential*; *criminal* (GDPR art. 10); *special* (LED art. 10, GDPR
art. 9); *sealed* (could endanger somebody: stored encrypted). A field identifies a person *directly*, *together with
others* (quasi) or not. A required field is marked with *; a day or instant that cannot lie in the future with †.
"""

_SECTIONS: Final[Sequence[tuple[str, str, str]]] = (
    ("Operations", "operations", "What the ledger says was done."),
    ("Kinds of agency", "agency_kinds", "What an agency is in the chain."),
    ("Roles", "roles", "What a person is who asks for data."),
    ("Whose data they are", "subject_categories", "Every record says so, as article 6 of the directive requires."),
    ("Minimisers", "minimisers", "In what form a value leaves."),
    ("Channels", "channels", "By which way it leaves."),
    ("Jurisdictions", "jurisdictions", "Whose law an agreement stands on."),
)


def reference_page(vocabulary: Vocabulary) -> str:
    """Return the whole page as Markdown."""
    parts = (
        _OPENING.format(version=vocabulary.version),
        *_record_types(vocabulary.record_types.values()),
        *_code_lists(vocabulary.code_lists.values()),
        *_purposes(vocabulary),
        *_lawful_bases(vocabulary),
        *_restrictions(vocabulary),
        *_retention_limits(vocabulary),
        *_schedules(vocabulary),
        *_terms(vocabulary),
    )
    return "\n".join(parts)


def _record_types(record_types: Iterable[RecordType]) -> Iterator[str]:
    yield f"## Record types\n\n{_SENSITIVITIES}"
    for record_type in record_types:
        yield f"### {record_type.name}: {_both(record_type.label)}\n"
        if record_type.definition:
            yield f"{record_type.definition.en} NIEM: `{record_type.niem}`.\n"
        yield _table(
            ("field", "English", "Nederlands", "type", "category", "sensitivity", "identifies", "NIEM"),
            (_field_row(field) for field in record_type.fields),
        )
        yield from _rules(record_type)


def _field_row(field: Field) -> tuple[str, ...]:
    marks = ("*" if field.required else "") + ("†" if field.past else "")
    return (
        f"`{field.name}`{marks}",
        _with_definition(field.label.en, field.definition.en if field.definition else ""),
        _with_definition(field.label.nl, field.definition.nl if field.definition else ""),
        _type(field),
        f"[{field.category}]({field.dpv})",
        field.sensitivity.value,
        field.identifiability.value,
        f"`{field.niem}`" if field.niem else "",
    )


def _type(field: Field) -> str:
    if field.type is FieldType.CODE:
        return f"[{field.code_list}](#{field.code_list})"
    if field.type is FieldType.REFERENCE:
        return f"reference to {field.references}"
    least = "" if field.minimum is None else f" from {field.minimum}"
    most = "" if field.maximum is None else f" to {field.maximum}"
    return f"{field.type.value}{least}{most}"


def _rules(record_type: RecordType) -> Iterator[str]:
    if record_type.rules:
        yield "It must hold that:\n"
        for rule in record_type.rules:
            yield f"- `{rule.left} {rule.operator} {rule.right}`; otherwise: {_both(rule.label)}"
        yield ""


def _code_lists(code_lists: Iterable[CodeList]) -> Iterator[str]:
    yield "## Code lists\n"
    for code_list in code_lists:
        yield f"### {code_list.name}\n\n{_both(code_list.label)}\n"
        yield _table(
            ("code", "English", "Nederlands"), (_coded(c.name, c.label, c.definition) for c in code_list.codes)
        )


def _purposes(vocabulary: Vocabulary) -> Iterator[str]:
    yield "## Purposes\n\nEach is part of the purpose it stands under.\n"
    children: dict[str | None, list[Purpose]] = {}
    for purpose in vocabulary.purposes.values():
        children.setdefault(purpose.parent, []).append(purpose)
    yield from _branch(children, None, 0)
    yield ""


def _branch(children: Mapping[str | None, list[Purpose]], parent: str | None, depth: int) -> Iterator[str]:
    for purpose in children.get(parent, []):
        link = f"[{purpose.dpv.rpartition('#')[2]}]({purpose.dpv})"
        yield f"{'  ' * depth}- **{purpose.name}**: {_both(purpose.label)}. {purpose.definition.en} {link}"
        yield from _branch(children, purpose.name, depth + 1)


def _lawful_bases(vocabulary: Vocabulary) -> Iterator[str]:
    yield (
        "## Lawful bases\n\nProvisions that an agreement may rest on, and what each can carry. Comity holds no view on"
        " whether one fits: a lawyer does, and signs.\n"
    )
    for name, jurisdiction in vocabulary.jurisdictions.items():
        bases = [basis for basis in vocabulary.lawful_bases.values() if basis.jurisdiction == name]
        if bases:
            yield f"### {_both(jurisdiction.label)}\n"
            yield _table(("term", "provision", "covers", "English", "Nederlands"), (_basis_row(b) for b in bases))


def _basis_row(basis: LawfulBasis) -> tuple[str, ...]:
    covers = ", ".join(basis.covers)
    return f"`{basis.term}`", f"{basis.act}, {basis.article}", covers, basis.label.en, basis.label.nl


_CERTAINTIES: Final = """\
What is *stated* stands in the text of the provision, and an agreement against it cannot be signed. What is *guidance*,
or a *reading* of ours, is warned of: a lawyer says whether it holds.
"""


def _restrictions(vocabulary: Vocabulary) -> Iterator[str]:
    yield f"## What may leave only under conditions\n\n{_CERTAINTIES}"
    heads = ("provision", "English", "Nederlands", "data", "for", "may leave all the same", "certainty")
    yield _table(heads, (_restriction_row(each) for each in vocabulary.restrictions.values()))


def _restriction_row(law: Restriction) -> tuple[str, ...]:
    data = _listed(*law.sensitivities, *(f"identifying: {each}" for each in law.identifiabilities), *law.fields)
    of = f" of a {' or '.join(law.subjects)}" if law.subjects else ""
    grounds = f"; on a ground of {_listed(*law.grounds)} alone" if law.grounds else ""
    unless = (
        ("on a basis for", law.covers),
        ("on", law.bases),
        ("as", tuple(form for form in law.forms if form != "withheld")),
        ("consent", law.consents),
    )
    may = "; ".join(f"{word} {_listed(*each)}" for word, each in unless if each)
    return (
        f"{law.act}, {law.article}", law.label.en, law.label.nl, data + of,
        (_listed(*law.purposes) or "any purpose") + grounds, may or "never", law.certainty.value,
    )  # fmt: skip


def _retention_limits(vocabulary: Vocabulary) -> Iterator[str]:
    yield (
        "## How long it may be kept\n\nBy whoever receives it. Where no row names a time, nobody has said what"
        " the limit is, and the agreement is warned of that.\n"
    )
    heads = ("provision", "English", "Nederlands", "where", "at most", "certainty")
    yield _table(heads, (_limit_row(each) for each in vocabulary.retention_limits.values()))


def _limit_row(law: RetentionLimit) -> tuple[str, ...]:
    where = (("for", law.purposes), ("on", law.bases), ("of", law.records))
    scope = "; ".join(f"{word} {_listed(*each)}" for word, each in where if each)
    longest = law.longest or "a time has to be set"
    return (
        f"{law.act}, {law.article}", law.label.en, law.label.nl, scope or f"`{law.jurisdiction}`", longest,
        law.certainty.value,
    )  # fmt: skip


_SCHEDULES: Final = """\
## When it has to go

What is held here, once an agency has adopted the schedules of its jurisdiction. Of several rows that fit a record, the
one that names most counts, and of those the one that is due last. A row that is a *reading* erases nothing: it comes up
for review. **A lawyer must verify each of these before an agency adopts them**: the data file says what in particular.
"""


def _schedules(vocabulary: Vocabulary) -> Iterator[str]:
    yield _SCHEDULES
    heads = ("provision", "English", "Nederlands", "of", "kept", "from the latest of", "then", "certainty")
    yield _table(heads, (_schedule_row(each) for each in vocabulary.schedules.values()))
    kept = "; ".join(f"`{name}` {length}" for name, length in vocabulary.verbatim.items())
    yield f"A message is kept word for word for 90 days, unless the jurisdiction says otherwise: {kept}.\n"


def _schedule_row(law: Schedule) -> tuple[str, ...]:
    codes = "; ".join(f"`{name}` is {_listed(*each)}" for name, each in law.when.items())
    of = "; ".join(
        part for part in (_listed(*law.agencies), _listed(*law.records), _listed(*law.subjects), codes) if part
    )
    then = f"{law.then}, {law.afterwards} later delete" if law.afterwards else law.then.value
    whole = ", with all else of that person" if law.whole else ""
    return (
        f"`{law.term}`: {law.act}, {law.article}", law.label.en, law.label.nl, of or "anything", law.keep + whole,
        _listed(*law.runs_from), then, law.certainty.value,
    )  # fmt: skip


def _listed(*words: str) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _terms(vocabulary: Vocabulary) -> Iterator[str]:
    for title, section, sentence in _SECTIONS:
        terms: Mapping[str, Term] = getattr(vocabulary, section)
        yield f"## {title}\n\n{sentence}\n"
        yield _table(
            ("term", "English", "Nederlands", "source"),
            ((*_coded(term.name, term.label, term.definition), term.source) for term in terms.values()),
        )


def _coded(name: str, label: Label, definition: Label | None) -> tuple[str, str, str]:
    return (
        f"`{name}`",
        _with_definition(label.en, definition.en if definition else ""),
        _with_definition(label.nl, definition.nl if definition else ""),
    )


def _with_definition(label: str, definition: str) -> str:
    return f"**{label}.** {definition}" if definition else label


def _both(label: Label) -> str:
    return label.en if label.en == label.nl else f"{label.en} ({label.nl})"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(heads), _row(["---"] * len(heads)), *(_row(row) for row in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
