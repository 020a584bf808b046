"""SQL in every text of a request: whatever is typed is bound to a statement that was written without it.

The texts are found in the types of the request themselves, so that one that is added tomorrow is attacked tomorrow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import get_args, get_type_hints
from uuid import uuid4

import pytest
from tests.gate.world import request

from comity.gate import CaseRead, Disclosure, Read, Refusal, Request, Requester, Search, reasons
from comity.gate.errors import GateError
from comity.gate.models import Category, Quantity, Statistic

from .injections import INJECTIONS, MARK, held, outcome


def texts_of(kind: type) -> Iterator[tuple[type, str]]:
    """Each text in a value of this type, and in the values within it."""
    hints = get_type_hints(kind)
    for field in fields(kind):
        for part in (hints[field.name], *get_args(hints[field.name])):
            if part is str and field.init:
                yield kind, field.name
            elif is_dataclass(part):
                yield from texts_of(part)


#: The texts of a statistic, which is not asked of the same statement; tests/gate/test_statistics_attacks.py attacks them.
OF_STATISTICS = {
    (Statistic, "record"),
    *((Quantity, name) for name in ("field", "since")),
    *((Category, name) for name in ("record", "field", "form", "values")),
}
ALL_TEXTS = list(dict.fromkeys(texts_of(Request)))
TEXTS = [text for text in ALL_TEXTS if text not in OF_STATISTICS]
#: what may be refused of a text, besides that nothing has that name
UNUSABLE = {reasons.UNUSABLE_TEXT, reasons.NO_REQUESTER}


def asking(kind: type, name: str, text: str, person) -> Request:
    """A request that is as it should be, but for one text."""
    if kind is Request:
        return replace(request(person), **{name: text})
    if kind is Requester:
        asked = request(person)
        return replace(asked, requester=replace(asked.requester, **{name: text}))
    return request(kind(**{name: text}))


@pytest.fixture
def agreed(world, accused):
    world.agree(
        release="  - {record: person, fields: {name: as-is, police_number: as-is, birth_date: as-is}}\n"
        "  - {record: charge, fields: {offence: as-is}}"
    )
    return accused


def test_the_texts_of_a_request_are_all_here():
    """A text that a request gains tomorrow is attacked below, and has to be named here too."""
    assert set(ALL_TEXTS) == OF_STATISTICS | {
        *((Request, name) for name in ("agreement", "purpose", "case_reference", "justification")),
        *((Requester, name) for name in ("agency", "person", "role")),
        *((Search, name) for name in ("name", "number")),
        (CaseRead, "reference"),
    }


@pytest.mark.parametrize(("kind", "name"), TEXTS, ids=[f"{kind.__name__}-{name}" for kind, name in TEXTS])
def test_sql_in_a_text_of_a_request(world, agreed, sent, kind, name):
    """A text is bound, never read as SQL: the answer is a fault in words, or that of a harmless text."""
    harmless = outcome(asyncio.run(world.asked(asking(kind, name, f"{MARK} harmless", agreed))))
    before, asked, faults = held(world), 1, []
    for text in INJECTIONS:
        try:
            wanted = asking(kind, name, text, agreed)
        except GateError as error:
            faults.append(str(error))
            continue
        answer = asyncio.run(world.asked(wanted))
        asked += 1
        refused_as_unusable = isinstance(answer, Refusal) and answer.reason in UNUSABLE
        assert refused_as_unusable or outcome(answer) == harmless, repr(text[:80])
    assert held(world) == before
    assert sent
    assert not any(MARK in told for told in (*sent, *faults))
    assert len(world.log()) == len(world.entries()) == asked


def test_sql_in_who_asks_where_the_agreement_compares_with_it(world, sent):
    """The requester's id may decide whom an agreement covers: as a value, whatever it says."""
    world.person(police_number="P-1")
    person = world.person(police_number="staff-7")
    world.agree(about="person.police_number = requester")
    assert isinstance(world.ask(person), Disclosure)
    for text in INJECTIONS:
        answer = world.ask(person, staff=text)
        assert isinstance(answer, Refusal)
        assert answer.reason in {*UNUSABLE, reasons.NOTHING_TO_SHOW}
    assert not any(MARK in statement for statement in sent)


@pytest.mark.parametrize("wild", ["%%", "A%", "A__", "P%", "_-1", ".*", "Q|P-1", "[A-Z]-1", "\\x50-1"])
def test_wildcards_in_what_is_searched(world, agreed, wild):
    """A search is by words and whole numbers: no sign in it stands for another."""
    world.person(name="Bob Other", police_number="Q-9")
    for asks in (lambda: Search(name=wild), lambda: Search(number=wild)):
        try:
            answer = world.ask(asks())
        except GateError:
            continue
        assert isinstance(answer, Disclosure)
        assert answer.found == ()


def test_a_search_by_everything_at_once_still_binds_each(world, agreed, sent):
    """Criteria meet in one statement; each keeps to its own parameter."""
    answer = world.ask(Search(name=f"ann {MARK}", birth_date=date(1987, 3, 2), number=f"{MARK}' or true --"))
    assert answer.found == ()
    assert isinstance(world.ask(Read(uuid4())), Refusal)
    assert not any(MARK in statement for statement in sent)
