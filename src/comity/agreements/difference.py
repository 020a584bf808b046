"""What differs between two versions of an agreement, in words. Pure.

What is released is compared field by field, because that is what changes for the people concerned: newly released, no
longer released, or released in another form. Two releases are the same clause if they are of the same record type, of
the same categories of people, under the same condition. Everything else is compared clause by clause.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from comity.agreements.models import Agreement, FieldRelease, Release
from comity.agreements.phrases import phrase
from comity.agreements.printing import print_condition
from comity.agreements.words import ClauseWords, agreement_words, release_words
from comity.vocabulary.models import Label, Vocabulary


class Change(StrEnum):
    """How a clause differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: in which clause (the file's key), how, and what it says before and after."""

    key: str
    change: Change
    text: Label


_Scope: TypeAlias = tuple[str, tuple[str, ...], str]  # record type, categories of people, condition


def differences(old: Agreement, new: Agreement, vocabulary: Vocabulary) -> tuple[Difference, ...]:
    """Return what differs from ``old`` to ``new``, releases first; nothing but the version's number gives nothing."""
    return (*_releases(old, new, vocabulary), *_clauses(old, new, vocabulary))


def _releases(old: Agreement, new: Agreement, vocabulary: Vocabulary) -> Iterator[Difference]:
    before, after = _by_scope(old), _by_scope(new)
    for scope in dict.fromkeys([*before, *after]):
        was, will = _forms(before.get(scope)), _forms(after.get(scope))
        release = after.get(scope) or before[scope]
        for change, fields in (
            (Change.ADDED, will.keys() - was.keys()),
            (Change.REMOVED, was.keys() - will.keys()),
            (Change.CHANGED, {name for name in was.keys() & will.keys() if was[name] != will[name]}),
        ):
            if fields:
                yield _released(
                    release,
                    change,
                    {name: (was if change is Change.REMOVED else will)[name] for name in fields},
                    vocabulary,
                )


def _released(release: Release, change: Change, forms: Mapping[str, str], vocabulary: Vocabulary) -> Difference:
    order = [field.name for field in vocabulary.record_type(release.record).fields if field.name in forms]
    part = replace(release, fields=tuple(FieldRelease(name, forms[name]) for name in order))
    words = {
        Change.ADDED: ("Newly released. {0}", "Nieuw verstrekt. {0}"),
        Change.REMOVED: ("No longer released. {0}", "Niet langer verstrekt. {0}"),
        Change.CHANGED: ("Released in another form. {0}", "In een andere vorm verstrekt. {0}"),
    }[change]
    return Difference("release", change, phrase(*words, release_words(part, vocabulary)))


def _by_scope(agreement: Agreement) -> dict[_Scope, Release]:
    """Return the releases by what they are of; two of the same are one, the later form counting last."""
    scopes: dict[_Scope, Release] = {}
    for release in agreement.releases:
        where = "" if release.where is None else print_condition(release.where)
        scope = (release.record, tuple(sorted(release.of)), where)
        known = scopes.get(scope)
        scopes[scope] = replace(release, fields=(*known.fields, *release.fields)) if known else release
    return scopes


def _forms(release: Release | None) -> dict[str, str]:
    """Return the form of each field that leaves; one that is withheld does not."""
    fields = release.fields if release else ()
    return {each.field: each.minimiser for each in fields if each.minimiser != "withheld"}


def _clauses(old: Agreement, new: Agreement, vocabulary: Vocabulary) -> Iterator[Difference]:
    before, after = _texts(old, vocabulary), _texts(new, vocabulary)
    for key in dict.fromkeys([*before, *after]):
        was, will = before.get(key), after.get(key)
        if was is None and will is not None:
            yield Difference(key, Change.ADDED, will.text)
        elif will is None and was is not None:
            yield Difference(key, Change.REMOVED, was.text)
        elif was is not None and will is not None and was.text != will.text:
            text = phrase("It said: {0} It will say: {1}", "Er stond: {0} Er komt te staan: {1}", was.text, will.text)
            yield Difference(key, Change.CHANGED, text)


def _texts(agreement: Agreement, vocabulary: Vocabulary) -> dict[str, ClauseWords]:
    """Return each clause but the releases by its key; several of one key (the bases) by their numbers too."""
    texts: dict[str, ClauseWords] = {}
    for clause in agreement_words(agreement, vocabulary):
        if not clause.key.startswith("release "):
            count = sum(key.partition(" ")[0] == clause.key for key in texts)
            texts[f"{clause.key} {count + 1}" if count else clause.key] = clause
    return texts
