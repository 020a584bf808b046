"""Which versions of which agreements are laid side by side, and as which recipient each is read. Pure.

Rules:

1. **New** is the version proposed, as if it were in force; **old** the version that it is held against.
2. Beside them stand the other agreements in force by which a recipient sees something: what they let out is not new to
   that recipient.
3. A condition may name who asks. ``recipient`` is answered for each recipient apart. ``requester`` cannot be: nobody
   has asked yet. It is answered so that as much leaves as could for anybody, and the impact says *at most*.
4. A version that opens no way by which rows leave (a statistic is a number with noise) lets no row out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from comity.agreements import Agreement
from comity.agreements.consent import LETS_LEAVE
from comity.agreements.models import And, Asker, Compare, Condition, Exists, IsNull, Literal, Not, Or
from comity.gate.decide import terms
from comity.gate.models import Clause
from comity.vocabulary.models import Vocabulary

#: The channels by which rows leave.
BY_ROWS: Final = frozenset({"read", "search", "notify", "subscribe", "extract"})


@dataclass(frozen=True, slots=True)
class View:
    """One agreement as some recipients are let see by it; its conditions no longer ask who asks."""

    agreement: Agreement
    recipients: tuple[str, ...]
    clauses: tuple[Clause, ...]
    new: bool = False
    old: bool = False
    in_force: bool = False


def views_of(
    new: Agreement, old: Agreement | None, in_force: Iterable[Agreement], vocabulary: Vocabulary
) -> tuple[View, ...]:
    """Return the views of the version proposed, of the one before, and of every other agreement ``in_force``."""
    recipients = recipients_of(new, old)
    standing = [each for each in in_force if each != new]
    found = [*_views(View(new, recipients, (), new=True), vocabulary)]
    if old is not None:
        found += _views(View(old, recipients, (), old=True, in_force=old in standing), vocabulary)
    for each in standing:
        if each != old:
            found += _views(View(each, recipients, (), in_force=True), vocabulary)
    return tuple(found)


def recipients_of(new: Agreement, old: Agreement | None) -> tuple[str, ...]:
    """Return every agency that sees something by either version, each once."""
    return tuple(dict.fromkeys((*new.recipients, *(old.recipients if old else ()))))


def at_most(agreement: Agreement) -> tuple[int, ...]:
    """Return the clauses of which it depends on the colleague who asks what leaves; 0 stands for ``about``."""
    conditions = [(0, agreement.about), *((each.number, each.where) for each in agreement.releases)]
    return tuple(number for number, condition in conditions if condition and Asker.REQUESTER in _askers(condition))


def _views(view: View, vocabulary: Vocabulary) -> Iterator[View]:
    agreement = view.agreement
    allowed = tuple(each for each in view.recipients if each in agreement.recipients)
    if not allowed or not BY_ROWS.intersection(agreement.channels) or agreement.consent not in LETS_LEAVE:
        return
    conditions = [agreement.about, *(each.where for each in agreement.releases if each.where is not None)]
    apart = any(Asker.RECIPIENT in _askers(each) for each in conditions)
    for group in ((each,) for each in allowed) if apart else (allowed,):
        answered = _answered(agreement, group[0])
        clauses = terms(answered, vocabulary).clauses
        if clauses:
            yield replace(view, agreement=answered, recipients=group, clauses=clauses)


def _answered(agreement: Agreement, recipient: str) -> Agreement:
    releases = tuple(
        each if each.where is None else replace(each, where=answered(each.where, recipient))
        for each in agreement.releases
    )
    return replace(agreement, about=answered(agreement.about, recipient), releases=releases)


def answered(node: Condition, recipient: str, *, most: bool = True) -> Condition:
    """Return a condition as ``recipient`` asks it, true of no fewer rows than for any of its colleagues.

    ``most`` is turned by each *not*: what is denied must be true of as few as it could.
    """
    if isinstance(node, And | Or):
        return type(node)(tuple(answered(each, recipient, most=most) for each in node.operands))
    if isinstance(node, Not):
        return Not(answered(node.operand, recipient, most=not most))
    if isinstance(node, Exists) and node.where is not None:
        return replace(node, where=answered(node.where, recipient, most=most))
    if isinstance(node, Compare) and node.right is Asker.RECIPIENT:
        return replace(node, right=Literal(recipient))
    if isinstance(node, Compare) and node.right is Asker.REQUESTER:
        either = (IsNull(node.left), Not(IsNull(node.left)))
        return Or(either) if most else And(either)
    return node


def _askers(node: Condition) -> set[Asker]:
    if isinstance(node, And | Or):
        return set().union(*map(_askers, node.operands))
    if isinstance(node, Not):
        return _askers(node.operand)
    if isinstance(node, Exists):
        return _askers(node.where) if node.where is not None else set()
    return {node.right} if isinstance(node, Compare) and isinstance(node.right, Asker) else set()
