"""What a compiled statement binds: what is the same for all that it answers, and what each request has alone. Pure.

Rules:

1. A statement answers every request of one list at once, most often a list of one. What a request has of its own goes
   in that list, and nowhere else: its id, moment and salt, whom it asks for, who asks and why, its entry's bytes.
2. Every other value is bound once, so it must be the same for all of them; whoever lists them looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from comity.agreements import Agreement
from comity.agreements.consent import LETS_LEAVE
from comity.gate.compile import Compiled
from comity.gate.conditions import Blind
from comity.gate.due import due_parameters
from comity.gate.entry import draft, plain, question
from comity.gate.find import MOST_FOUND, search_parameters
from comity.gate.models import Asking, CaseRead, Notice, Request, Search
from comity.record import Keyring
from comity.record.seal import blind


def parameters(asking: Asking, agreement: Agreement, compiled: Compiled, keyring: Keyring | None) -> dict[str, Any]:
    """Return every value that the compiled statement binds for one request."""
    return {**shared(asking, agreement, compiled, keyring), "requests": listed([own(asking, agreement)])}


def shared(asking: Asking, agreement: Agreement, compiled: Compiled, keyring: Keyring | None) -> dict[str, Any]:
    """Return what the statement binds once for every request that it answers (rule 2).

    ``RuntimeError`` if a value leaves sealed or as a pseudonym and there are no keys.
    """
    if keyring is None and (compiled.opens or compiled.codes):
        raise RuntimeError("the agreement releases a sealed field or a pseudonym, and no keys were handed in")
    today = asking.at.date()
    return {
        **_common(asking.request),
        **_asked(asking.request),
        **due_parameters(agreement),
        **compiled.bind(today, asking.request.requester, lambda slot: _blind(slot, keyring)),
        "providers": list(agreement.providers),
        "consents": list(LETS_LEAVE[agreement.consent] or ()),
        "today": today,
        "version": agreement.version,
    }


def own(asking: Asking, agreement: Agreement) -> dict[str, Any]:
    """Return what the list of requests says of this one, as plain JSON (rule 1)."""
    return {
        **_logged_of(asking),
        "id": str(asking.id),
        "at": asking.at.isoformat(),
        "salt": _bytes(asking.salt),
        "person": _text(getattr(asking.request.asks, "person", None)),
        "asked": _bytes(question(asking.request)),
        **draft(asking, agreement).parameters(),
    }


def listed(requests: Iterable[Mapping[str, Any]]) -> str:
    """Return the list of requests as the statement binds it."""
    return json.dumps(list(requests))


def logged(asking: Asking) -> dict[str, Any]:
    """Return the columns of the log that both a disclosure and a refusal fill, bounded and plain."""
    return {
        **_common(asking.request),
        **_logged_of(asking),
        "id": asking.id,
        "at": asking.at,
        "salt": asking.salt,
        "person": getattr(asking.request.asks, "person", None),
    }


def _common(request: Request) -> dict[str, Any]:
    asks = request.asks
    return {
        "act": plain(str(getattr(asks, "act", "unknown"))),
        "agreement": plain(request.agreement),
        "purpose": plain(request.purpose),
        "criteria": list(asks.criteria) if isinstance(asks, Search) else [],
    }


def _logged_of(asking: Asking) -> dict[str, str]:
    request = asking.request
    return {
        "agency": plain(request.requester.agency),
        "requester": plain(request.requester.person),
        "role": plain(request.requester.role),
        "case_reference": plain(request.case_reference),
        "justification": plain(request.justification, lines=True),
    }


def _asked(request: Request) -> dict[str, Any]:
    if isinstance(request.asks, Notice):
        asks = request.asks
        return {"subscription": asks.subscription, "since": asks.since, "first": asks.first}
    if isinstance(request.asks, CaseRead):
        return {"reference": request.asks.reference.strip()}
    return {**search_parameters(request.asks), "most": MOST_FOUND} if isinstance(request.asks, Search) else {}


def _blind(slot: Blind, keyring: Keyring | None) -> bytes:
    if keyring is None:
        raise RuntimeError("the agreement has a condition on a sealed field, and no keys were handed in")
    return blind(keyring.blind_index, slot.column, slot.text)


def _bytes(value: bytes) -> str:
    return "\\x" + value.hex()


def _text(value: object) -> str | None:
    return None if value is None else str(value)
