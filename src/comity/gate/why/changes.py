"""For each reason for which a request as a whole is refused, the nearest change that would let it pass. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from comity.agreements import Agreement, Standing
from comity.gate import reasons
from comity.gate.decide import CHANNELS, is_bounded
from comity.gate.models import Reason, Request
from comity.gate.why import words
from comity.gate.why.models import Change, Kind
from comity.vocabulary.models import Vocabulary


def changes_of(
    reason: Reason, request: Request, agreement: Agreement, standing: Standing, vocabulary: Vocabulary
) -> tuple[Change, ...]:
    """Return what would have to change for the check that gave ``reason`` to pass, each of which is needed."""
    code = reason.code.partition(":")[0]
    if reason in _STATED:
        return tuple(_unstated(request, agreement))
    if reason == reasons.NO_REQUESTER and request.requester.agency not in agreement.recipients:
        return (Change(Kind.STAFF, words.STAFF_WOULD), _agency(agreement, vocabulary))
    if code == reasons.NOT_IN_FORCE.code:
        return tuple(
            Change(Kind.IN_FORCE, words.STANDING[each.code][1], to=each.code.value) for each in standing.reasons
        )
    made = _BY_CODE.get(code)
    return (made(agreement, vocabulary),) if made else ()


_Make = Callable[[Agreement, Vocabulary], Change]


_STATED: Final = frozenset({reasons.NO_CASE_REFERENCE, reasons.NO_JUSTIFICATION, reasons.UNUSABLE_TEXT})


def _unstated(request: Request, agreement: Agreement) -> Iterator[Change]:
    """Yield all that is not stated as it should be: the check stops at the first."""
    stated = {"case_reference": request.case_reference, "justification": request.justification}
    lacking = [demand for demand in agreement.requesters.must_state if not stated.get(demand, "-").strip()]
    for each in lacking or [""]:
        yield Change(Kind.STATE, words.STATE[each], to=each)
    if lacking and not is_bounded(request):
        yield Change(Kind.STATE, words.STATE[""])


def _opening(channel: str) -> _Make:
    return lambda _, vocabulary: Change(Kind.CHANNEL, words.channel_would(channel, vocabulary), to=channel)


def _purpose(agreement: Agreement, vocabulary: Vocabulary) -> Change:
    return Change(Kind.PURPOSE, words.purpose_would(agreement, vocabulary), to=agreement.purpose)


def _agency(agreement: Agreement, _: Vocabulary) -> Change:
    return Change(Kind.AGENCY, words.agency_would(agreement), to=agreement.recipients[0])


def _role(agreement: Agreement, vocabulary: Vocabulary) -> Change:
    return Change(Kind.ROLE, words.role_would(agreement, vocabulary), to=agreement.requesters.roles[0])


_BY_CODE: Final[Mapping[str, _Make]] = MappingProxyType(
    {
        reasons.UNKNOWN_ACT.code: lambda *_: Change(Kind.ASK, words.ACT_WOULD),
        reasons.NO_PURPOSE.code: _purpose,
        reasons.OTHER_PURPOSE.code: _purpose,
        reasons.NOT_A_RECIPIENT.code: _agency,
        reasons.NO_REQUESTER.code: lambda *_: Change(Kind.STAFF, words.STAFF_WOULD),
        reasons.ROLE_NOT_LISTED.code: _role,
        reasons.UNKNOWN_STATEMENT.code: lambda *_: Change(Kind.CLAUSE, words.STATEMENT_WOULD),
        **{closed.code: _opening(channel) for channel, closed in CHANNELS.values()},
        reasons.NO_REVIEW_WRITTEN.code: lambda *_: Change(Kind.ASK, words.REVIEW_WOULD),
        reasons.UNKNOWN_CONSENT.code: lambda *_: Change(Kind.CLAUSE, words.CONSENT_WOULD),
        reasons.CRITERION_NOT_RELEASED.code: lambda *_: Change(Kind.CRITERION, words.CRITERION_WOULD),
        reasons.NOTHING_RELEASED.code: lambda *_: Change(Kind.CLAUSE, words.SOMETHING_WOULD),
    }
)
