"""What can go wrong in this room and is *theirs*: expected, explained, and mendable by whoever asked.

Each message names the place, the cause and the mend. None holds a name, a birthday or a number: ids only.
"""

from __future__ import annotations


class UnknownSourcePersonError(LookupError):
    """A source person was named that was never placed, or has been removed."""


class UnknownPersonError(LookupError):
    """A person id was named that this node never gave out."""


class UnknownJudgementError(LookupError):
    """A judgement was to be undone that does not stand."""


class ContradictoryJudgementError(ValueError):
    """A judgement would say *same* and *different* of the same pair, directly or through others that stand."""


class UnknownModelError(LookupError):
    """A model was named that is not kept here, or is in force already."""


class UnknownSampleError(LookupError):
    """A sample was named that was never drawn, or a pair that is not in it."""


class NothingToLearnError(ValueError):
    """There are too few people to train a model on, or nothing that they share."""


class ModelError(ValueError):
    """A stored model cannot be read: written by another version, or damaged."""


class NoSuchQuestionError(LookupError):
    """An answer was given to a question that is not open."""


class UnknownProposalError(LookupError):
    """A proposal was to be ended that does not stand."""


class ProposalStandsError(ValueError):
    """Something would be decided about two persons of whom a merge is proposed already."""


class OwnProposalError(PermissionError):
    """Whoever proposed a merge would confirm or refuse it, or somebody else withdraw it."""
