"""What agencies have agreed: who may ask what of whom, why, in what form; signed, in force or not, and why not."""

from comity.agreements.conditions import parse_condition
from comity.agreements.meaning import covers, evaluate
from comity.agreements.models import Agreement, Release, Standing

__all__ = ["Agreement", "Release", "Standing", "covers", "evaluate", "parse_condition"]
