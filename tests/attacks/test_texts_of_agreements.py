"""SQL in every text of an agreement: refused with its place, or a value that is bound like any other.

An agreement is attacked in each leaf and each key of its canonical form, and in each word of its conditions; that no
text of the model is left out is checked against the types of the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from tests.gate.world import NOW, agreement_text

from comity.agreements import models
from comity.agreements.canonical import canonical
from comity.agreements.conditions import parse_condition
from comity.agreements.consent import Answer, Recorded
from comity.agreements.errors import AgreementError, ConditionError, FaultyAgreementError, UnknownAgreementError
from comity.agreements.models import Act, Agreement, AssessmentReference, Event
from comity.agreements.parse import from_canonical, parse_agreement
from comity.agreements.store import (
    act_upon,
    add_agency,
    approve_assessment,
    propose,
    propose_assessment,
    record_consent,
)
from comity.agreements.tokens import Kind, tokenise
from comity.store import Role
from comity.vocabulary import Label

from .injections import INJECTIONS, MARK, held, outcome

#: Covers the accused whatever text stands in it, and holds each kind of condition in which a text can stand.
ABOUT = (
    "charge.severity = 'serious' and charge.offence != 'zq7x harmless' and not charge.offence in ('zq7x harmless', 'zq7x b')"
    " and not charge.offence = requester and not exists (custody where custody.facility = 'zq7x harmless')"
)
TEXT = agreement_text(
    about=ABOUT,
    release="  - {record: person, fields: {name: as-is, birth_date: year}}\n"
    "  - {record: charge, of: [suspect, convicted], where: \"offence != 'zq7x harmless'\", fields: {offence: as-is}}",
    channels="read, search, statistic",
)
TEXT += "statistics: {epsilon: 1.0, delta: 0, per: P1M, most_per_person: 3}\n"
TEXT += (
    "review: {each: disclosure, within: P1D, by: {roles: [auditor], agencies: [court]}, notice: none, overdue: shout}\n"
)
TEXT += "confidential: {for: P1M, because: it is measured}\n"
Path = tuple[Any, ...]


def places(tree: Any, path: Path = ()) -> Iterator[Path]:
    """Each text in a document: values, and keys (as the path that ends in ``("key", name)``)."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield (*path, ("key", name))
            yield from places(value, (*path, name))
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            yield from places(value, (*path, at))
    elif isinstance(tree, str):
        yield path


def put(document: Any, path: Path, text: str) -> Any:
    """The document with ``text`` in that place."""
    changed = deepcopy(document)
    at, last = changed, path[-1]
    for step in path[:-1]:
        at = at[step]
    if isinstance(last, tuple):
        at[text] = at.pop(last[1])
    else:
        at[last] = text
    return changed


def texts_of(kind: Any, at: str = "") -> Iterator[str]:
    """The path of each text in a value of this type, conditions aside."""
    if kind is str:
        yield at
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        for field in fields(kind):
            yield from texts_of(hints[field.name], f"{at}.{field.name}")
    elif kind is not models.Condition and not (set(get_args(kind)) & set(get_args(models.Condition))):
        for part in get_args(kind):
            yield from texts_of(part, at)


def values_at(value: Any, path: list[str]) -> list[str]:
    """The texts that a value of the model has at a path."""
    if isinstance(value, tuple):
        return [text for each in value for text in values_at(each, path)]
    return [value] if not path else values_at(getattr(value, path[0]), path[1:])


def words(condition: str) -> Iterator[tuple[str, str]]:
    """Each word of a condition that may be replaced: what stands before it and what after it."""
    for token in tokenise(condition):
        if token.kind in {Kind.NAME, Kind.KEYWORD, Kind.NUMBER, Kind.TEXT}:
            width = len(token.text.replace("'", "''")) + 2 if token.kind is Kind.TEXT else len(token.text)
            yield condition[: token.column - 1], condition[token.column - 1 + width :]


@pytest.fixture(scope="module")
def document(vocabulary) -> dict[str, Any]:
    return json.loads(canonical(parse_agreement(TEXT, vocabulary)))


@pytest.fixture(scope="module")
def accepted(document, vocabulary) -> list[dict[str, Any]]:
    """For each injection an agreement with it in every place that takes it; every other place says what is wrong."""
    found = []
    for text in INJECTIONS:
        tried = (path for path in places(document) if not isinstance(path[-1], tuple) or text in INJECTIONS[::8])
        taking = [path for path in tried if acceptable(put(document, path, text), vocabulary)]
        changed = document
        for path in taking:
            changed = put(changed, path, text)
        found += [changed] if taking else []
    return found


def acceptable(changed: dict[str, Any], vocabulary) -> bool:
    try:
        parse_agreement(json.dumps(changed), vocabulary, agencies=["police", "court", "prosecution"])
    except FaultyAgreementError as error:
        faults = error.faults
    else:
        return True
    assert faults
    assert all(fault.cause and fault.mend for fault in faults)
    return False


def test_no_text_of_an_agreement_is_left_out(document, vocabulary):
    """Every text that the model can hold stands in the document that is attacked."""
    agreement = parse_agreement(TEXT, vocabulary)
    attacked = {text if isinstance(text, str) else text[1] for text in leaves(document)}
    for path in texts_of(Agreement):
        values = values_at(agreement, path.split(".")[1:])
        assert values, f"the attacked agreement has no {path}"
        assert all(any(value in text for text in attacked) for value in values), path


def leaves(document: Any) -> Iterator[Any]:
    for path in places(document):
        if isinstance(path[-1], tuple):
            yield path[-1]
        else:
            at = document
            for step in path:
                at = at[step]
            yield at


def test_every_kind_of_condition_that_holds_a_text_is_attacked():
    """A kind of condition that is added tomorrow with a text in it fails here until it is attacked too."""
    holding = {
        kind.__name__
        for kind in get_args(models.Condition)
        if is_dataclass(kind) and ("Literal" in str(get_type_hints(kind)) or "Column" in str(get_type_hints(kind)))
    }
    assert holding == {"Compare", "BooleanField", "IsNull", "In", "Between", "Within"}


def test_sql_in_every_text_of_an_agreement_is_refused_or_bound(world, accused, accepted, sent, vocabulary):
    """What is no fault is words for people or a value: it changes no answer and stands in no statement."""
    harmless = None
    for number, changed in enumerate([json.loads(canonical(parse_agreement(TEXT, vocabulary))), *accepted]):
        world.agree_to(renamed(changed, f"text-{number}"))
        answer = outcome(world.ask(accused, agreement=f"text-{number}"))
        harmless = harmless or answer
        assert answer == harmless, changed
    assert isinstance(harmless, dict)
    assert len(accepted) > 10  # titles and reasons do take them
    assert sent
    assert not any(MARK in statement for statement in sent)
    assert world.run(Role.GATE, "select count(*) from gate.disclosure") == [(len(accepted) + 1,)]


@pytest.mark.parametrize("key", ["about", "where"])
def test_sql_in_every_word_of_a_condition(world, accused, document, sent, vocabulary, key):
    """A condition is read word by word: what is no word of the language or the vocabulary is a fault with its column."""
    path, record = (("about",), None) if key == "about" else (("release", 1, "where"), "charge")
    condition = document["about"] if key == "about" else document["release"][1]["where"]
    taken = [
        (before + word + after)
        for before, after in words(condition)
        for text in INJECTIONS
        for word in (text, "'" + text.replace("'", "''") + "'")
        if is_condition(before + word + after, vocabulary, record)
    ]
    assert len(taken) > 10  # literals do take them
    for number, written in enumerate(taken[:: len(taken) // 8]):
        world.agree_to(renamed(put(document, path, written), f"word-{number}"))
        world.ask(accused, agreement=f"word-{number}")
    assert sent
    assert not any(MARK in statement for statement in sent)


def is_condition(text: str, vocabulary, record: str | None) -> bool:
    try:
        parse_condition(text, vocabulary, record=record)
    except ConditionError as error:
        fault = error
    else:
        return True
    assert fault.column
    assert fault.cause
    return False


def renamed(document: dict[str, Any], name: str) -> str:
    return json.dumps({**document, "agreement": name, "assessment": f"{name}@1", "version": 1})


def test_canonical_bytes_that_say_what_no_file_may(document, vocabulary):
    """Whoever can write to the database brings in nothing by the canonical form that the file would refuse."""
    taken = []
    for path in places(document):
        for text in INJECTIONS[::3]:
            changed = put(document, path, text)
            data = json.dumps(changed, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            with suppress(AgreementError):
                from_canonical(data.encode("utf-8", "surrogatepass"), vocabulary)
                taken.append(changed)
    assert len(taken) > 10
    assert all(acceptable({**changed, "between": document["between"]}, vocabulary) for changed in taken)


def test_a_comma_in_the_name_of_an_agency(world, accused):
    """The wall in the database is told the providers' names joined by commas: no name can hold a second one."""
    world.agree()
    before = held(world)
    document = json.loads(canonical_of(world))
    for agency in (*INJECTIONS, "police,probation", "police probation", "*", ""):
        with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(AgreementError):
            add_agency(conn, agency, "police", Label("x", "x"), world.vocabulary)
        with world.store.connect(Role.GOVERNANCE) as conn, pytest.raises(FaultyAgreementError):
            propose(conn, json.dumps(put(document, ("between", "providers", 0), agency)), world.vocabulary, NOW)
    assert held(world) == before


def canonical_of(world) -> bytes:
    return bytes(world.run(Role.GATE, "select canonical from agreements.agreement")[0][0])


#: each act of governance that keeps a text, with that text
WRITTEN = {
    "what an agency is called": lambda conn, text, world: add_agency(conn, "police", "police", Label(text, text), world.vocabulary),
    "the reason of an act": lambda conn, text, world: act_upon(conn, "charging", 1, STOP, by="dpo", reason=text),
    "who acts": lambda conn, text, world: act_upon(conn, "charging", 1, STOP, by=text, reason="misuse"),
    "the reason of an answer": lambda conn, text, world: answered(conn, world, reason=text),
    "who asked for consent": lambda conn, text, world: answered(conn, world, by=text),
    "who approves": lambda conn, text, world: approve_assessment(conn, UNDER_WAY, agency="police", by=text, at=NOW),
    "for whom an assessment is approved": lambda conn, text, world: approve_assessment(conn, UNDER_WAY, agency=text, by="dpo", at=NOW),
}  # fmt: skip
STOP = Event(Act.SUSPEND, "police", NOW)
UNDER_WAY = AssessmentReference("under-way", 1)


def refusal(act) -> str | None:
    try:
        act()
    except (AgreementError, UnknownAgreementError) as error:
        return str(error)
    return None


def answered(conn, world, by: str = "dpo", reason: str = "") -> None:
    record_consent(conn, "asking", UUID(int=7), Recorded(Answer.GIVEN, "police", by, NOW, reason), world.vocabulary)


@pytest.mark.parametrize("what", WRITTEN)
def test_sql_in_what_governance_writes(world, accused, what):
    """What is written about an act is kept to the letter, or refused in words; nothing else changes."""
    world.agree()
    world.agree(name="asking", consent="asked")
    with world.store.connect(Role.GOVERNANCE, autocommit=True) as conn:
        propose_assessment(conn, UNDER_WAY, {"risks": []})
        before = held(world)
        for text in INJECTIONS:
            with conn.transaction(force_rollback=True):
                said = refusal(lambda text=text: WRITTEN[what](conn, text, world))
                if said is not None:
                    assert MARK not in said
                    continue
                rows = conn.execute(
                    "select label_en from agreements.agency union all select by || reason from agreements.event"
                    " union all select by || reason from agreements.consent union all select approved_by from agreements.assessment"
                )
                assert any(text in (row[0] or "") for row in rows)
    assert held(world) == before
