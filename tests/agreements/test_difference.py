"""What differs between two versions, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from comity.agreements import parse_agreement
from comity.agreements.difference import Change, differences
from comity.agreements.models import Agreement
from comity.vocabulary import Label, Vocabulary

CHANGES = [
    # what is changed in the file, and each difference that this makes
    ("version: 3", "version: 4", []),
    (
        "{name: as-is, birth_date: age-band, address: area}",
        "{name: as-is, address: as-is, phone: as-is}",
        [
            ("release", "added", "Newly released. People (of: suspect): telephone number."),
            ("release", "removed", "No longer released. People (of: suspect): date of birth (an age band only)."),
            ("release", "changed", "Released in another form. People (of: suspect): address."),
        ],
    ),
    (
        "birth_date: age-band",
        "birth_date: withheld",
        [("release", "removed", "No longer released. People (of: suspect): date of birth (an age band only).")],
    ),
    (
        ', where: "not charge.spent"',
        "",
        [
            ("release", "removed", "No longer released. Charges, if spent is no: offence, charged on (the month and year only) and status."),
            ("release", "added", "Newly released. Charges: offence, charged on (the month and year only) and status."),
        ],
    ),
    ("channels: [read, notify]", "channels: [read]", [("channels", "changed", "It said: Read or notification. It will say: Read.")]),
    ("onward: none", "onward: with-permission", [("onward", "changed", "It said: The recipient passes nothing on. It will say: The recipient passes data on only after the provider has agreed.")]),
    (
        ">= 14",
        ">= 10",
        [("about", "changed", "It said: The people of whom this is true: role (involvement) is victim and risk score (incident) is at least 14. It will say: The people of whom this is true: role (involvement) is victim and risk score (incident) is at least 10.")],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES, ids=[new or old for old, new, _ in CHANGES])
def test_differences(
    old: str, new: str, expected: list[tuple[str, str, str]], marac: Agreement, marac_text: str, vocabulary: Vocabulary
) -> None:
    later = parse_agreement(marac_text.replace(old, new), vocabulary)
    found = [(each.key, each.change.value, each.text.en) for each in differences(marac, later, vocabulary)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(True, False, Change.REMOVED), (False, True, Change.ADDED), (True, True, Change.CHANGED)],
)
def test_a_review_that_comes_goes_or_changes(
    before: bool, after: bool, change: Change, emergency_text: str, vocabulary: Vocabulary
) -> None:
    reviewed = parse_agreement(emergency_text, vocabulary)
    slower = parse_agreement(emergency_text.replace("P1D", "P2D"), vocabulary)
    without = replace(reviewed, review=None)
    (found,) = differences(reviewed if before else without, slower if after else without, vocabulary)
    assert (found.key, found.change) == ("review", change)
    assert ("within 2 days" in found.text.en) == after


def test_both_languages(marac: Agreement, vocabulary: Vocabulary) -> None:
    (found,) = differences(marac, replace(marac, onward="with-permission"), vocabulary)
    assert found.text.nl.startswith("Er stond: De ontvanger geeft niets door.")


def test_releases_in_another_order_are_the_same(marac: Agreement, vocabulary: Vocabulary) -> None:
    later = replace(marac, releases=tuple(reversed(marac.releases)))
    assert differences(marac, later, vocabulary) == ()


def test_a_basis_that_is_added(marac: Agreement, vocabulary: Vocabulary) -> None:
    basis = replace(marac.lawful_basis[0], because="For another reason.")
    (found,) = differences(marac, replace(marac, lawful_basis=(*marac.lawful_basis, basis)), vocabulary)
    assert (found.key, found.change) == ("lawful_basis 4", Change.ADDED)
    assert isinstance(found.text, Label)
