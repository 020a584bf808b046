"""The answers of an assessment as moments, data, risks and measures. Pure; what is not answered is empty."""

from __future__ import annotations

from typing import Final

from comity.agreements.assessment.models import Assessment, Level, Measure, Moment, Risk, Shared

_WEIGHT: Final = {"low": 1, "medium": 2, "high": 3}
_HIGH_FROM: Final = 5  # of likelihood and severity added up: both high, or one high and the other medium
_MEDIUM_FROM: Final = 4  # both medium, or one high though the other is low: severe harm is never a low risk


def level(likelihood: str, severity: str) -> Level | None:
    """Return how high a risk is; None where either is not answered."""
    if likelihood not in _WEIGHT or severity not in _WEIGHT:
        return None
    weight = _WEIGHT[likelihood] + _WEIGHT[severity]
    return Level.HIGH if weight >= _HIGH_FROM else Level.MEDIUM if weight >= _MEDIUM_FROM else Level.LOW


def moments(assessment: Assessment) -> tuple[Moment, ...]:
    """Return the moments of sharing."""
    keys = ("what", "provider", "recipient", "when", "why")
    return tuple(
        Moment(item, *(assessment.text(f"moments.{item}.{key}") for key in keys))
        for item in assessment.items("moments")
    )


def shared(assessment: Assessment) -> tuple[Shared, ...]:
    """Return the data that are shared."""
    return tuple(_shared(assessment, item) for item in assessment.items("data"))


def _shared(assessment: Assessment, item: str) -> Shared:
    at = f"data.{item}"
    forms = (each.partition(" ") for each in assessment.words(f"{at}.fields"))
    return Shared(
        id=item,
        moments=assessment.words(f"{at}.moments"),
        record=assessment.text(f"{at}.record"),
        of=assessment.words(f"{at}.of"),
        where=assessment.text(f"{at}.where"),
        fields=tuple((name, form) for name, _, form in forms),
        why=assessment.text(f"{at}.why"),
    )


def risks(assessment: Assessment) -> tuple[Risk, ...]:
    """Return the risks, each with its level before the measures and after."""
    return tuple(_risk(assessment, f"risks.{item}", item) for item in assessment.items("risks"))


def _risk(assessment: Assessment, at: str, item: str) -> Risk:
    text = assessment.text
    return Risk(
        id=item,
        what=text(f"{at}.what"),
        source=text(f"{at}.source"),
        harms=assessment.words(f"{at}.harms"),
        before=level(text(f"{at}.likelihood"), text(f"{at}.severity")),
        after=level(text(f"{at}.likelihood_after"), text(f"{at}.severity_after")),
        decision=text(f"{at}.decision"),
        decided_by=text(f"{at}.decided_by"),
    )


def measures(assessment: Assessment) -> tuple[Measure, ...]:
    """Return the measures."""
    return tuple(
        Measure(
            id=item,
            what=assessment.text(f"actions.{item}.what"),
            answers=assessment.words(f"actions.{item}.answers"),
            owner=assessment.text(f"actions.{item}.owner"),
            due=assessment.text(f"actions.{item}.due"),
            status=assessment.text(f"actions.{item}.status"),
        )
        for item in assessment.items("actions")
    )
