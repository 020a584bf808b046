"""Whoever decides who is who reads words: every comparison and every level that linking knows has its own."""

from __future__ import annotations

from comity.people.comparisons import comparisons
from comity.web.likeness import _FIELDS, _LEVELS


def test_every_comparison_and_every_level_has_its_words():
    compared = comparisons(("police_number",), ("court",))
    fields = {each.name for each in compared if not each.name.startswith("identifier ")}
    levels = {level.name for each in compared for level in each.levels if not level.name.startswith("both ")}
    assert fields - _FIELDS.keys() == set()
    assert levels - _LEVELS.keys() == set()
