"""What agencies have agreed: who may ask what of whom, why, in what form; signed, in force or not, and why not.

Beside this face: :mod:`~comity.agreements.models` (the values), :mod:`~comity.agreements.meaning` (what conditions
mean), :mod:`~comity.agreements.store` (acts of governance), :mod:`~comity.agreements.keys` and
:mod:`~comity.agreements.sign`, :mod:`~comity.agreements.words`, :mod:`~comity.agreements.difference` and
:mod:`~comity.agreements.register` (for people to read).
"""

from comity.agreements.conditions import parse_condition
from comity.agreements.meaning import covers, evaluate
from comity.agreements.models import Agreement, Considered, Release, Standing
from comity.agreements.parse import parse_agreement
from comity.agreements.rows import standing_from_rows, standing_query

__all__ = [
    "Agreement",
    "Considered",
    "Release",
    "Standing",
    "covers",
    "evaluate",
    "parse_agreement",
    "parse_condition",
    "standing_from_rows",
    "standing_query",
]
