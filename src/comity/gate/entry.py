"""The ledger's entry of a request, made before it is known what leaves. Pure: id, time and salt are handed in.

An entry commits to ``SHA-256(salt || asked || digest)``: to the question and to what left. The digest exists only
inside the statement, so the entry's bytes are handed in as what stands before the commitment and what stands after it,
once for a disclosure and once for a refusal; the statement joins them. Nothing of the question itself
stands in an entry, and of its circumstances only terms of the vocabulary and the name of an agreement kept here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from comity.agreements import Agreement, Considered
from comity.gate.decide import MAX_JUSTIFICATION
from comity.gate.models import MAX_QUERY_LENGTH, Asking, CaseRead, Notice, Read, Request, Search, Statistic
from comity.ledger.entry import COMMITMENT_SIZE, Entry, commitment
from comity.vocabulary.models import Vocabulary

NOTHING: Final = hashlib.sha256(b"").digest()
"""The digest of an answer without rows."""

_AGENCY: Final = re.compile(r"[a-z0-9-]{1,64}").fullmatch
_in_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry's bytes on either side of its commitment, for each of the two things it may turn out to be."""

    disclosure: tuple[bytes, bytes]
    refusal: tuple[bytes, bytes]

    def parameters(self) -> dict[str, str]:
        """Return them, which are UTF-8, as text by the names that the statement knows them by."""
        return {
            "entry_of_disclosure": self.disclosure[0].decode(),
            "rest_of_disclosure": self.disclosure[1].decode(),
            "entry_of_refusal": self.refusal[0].decode(),
            "rest_of_refusal": self.refusal[1].decode(),
        }


def draft(asking: Asking, agreement: Agreement) -> Draft:
    """Return the entry of a request that was permitted and is about to be carried out."""
    context = {
        "act": asking.request.asks.act.value,
        "agency": asking.request.requester.agency,
        "agreement": str(agreement),
        "purpose": agreement.purpose,
    }
    entries = (Entry(asking.id, asking.at, kind, context, _UNKNOWN) for kind in ("disclosure", "refusal"))
    return Draft(*(_around_commitment(entry) for entry in entries))


def sealed_refusal(asking: Asking, considered: Considered | None, vocabulary: Vocabulary) -> dict[str, bytes]:
    """Return what the log keeps of a refusal that was decided beforehand: its entry, question and empty digest."""
    asked = question(asking.request)
    context = _circumstances(asking.request, considered, vocabulary)
    entry = Entry(asking.id, asking.at, "refusal", context, commitment(asking.salt, asked + NOTHING))
    return {"body": entry.encode(), "asked": asked, "digest": NOTHING}


def question(request: Request) -> bytes:
    """Return SHA-256 of the question: canonical JSON of everything in it."""
    document = {
        "agreement": request.agreement,
        "asks": _asks(request.asks),
        "case_reference": request.case_reference,
        "justification": request.justification,
        "purpose": request.purpose,
        "requester": [request.requester.agency, request.requester.person, request.requester.role],
    }
    return hashlib.sha256(_in_json(document).encode("utf-8", "backslashreplace")).digest()


def plain(text: str, *, lines: bool = False) -> str:
    """Return ``text`` as the log can keep it whatever was typed: bounded, without control characters."""
    kept = text[: MAX_JUSTIFICATION if lines else MAX_QUERY_LENGTH]
    if kept.isprintable():
        return kept
    return "".join(letter if letter.isprintable() or (lines and letter in "\n\t") else "�" for letter in kept)


_UNKNOWN: Final = bytes(COMMITMENT_SIZE)
_FIELD: Final = b'"commitment":"'


def _around_commitment(entry: Entry) -> tuple[bytes, bytes]:
    before, field, rest = entry.encode().partition(_FIELD)
    return before + field, rest.removeprefix(_UNKNOWN.hex().encode())


def _asks(asks: object) -> Mapping[str, Any]:
    if isinstance(asks, Read):
        return {"person": str(asks.person)}
    if isinstance(asks, Notice):
        return {"person": str(asks.person), "since": asks.since.isoformat(), "subscription": str(asks.subscription)}
    if isinstance(asks, CaseRead):
        return {"case": asks.reference}
    if isinstance(asks, Search):
        born = asks.birth_date
        return {
            "birth_date": born.isoformat() if isinstance(born, date) else None,
            "name": asks.name,
            "number": asks.number,
        }
    return statistic_asked(asks) if isinstance(asks, Statistic) else {}


def statistic_asked(asks: Statistic) -> dict[str, Any]:
    """Return a statistic as plain values; ``anew`` is how it is asked, not what."""
    quantity = asks.quantity
    return {
        "by": [[it.record, it.field, it.form, *it.values] for it in asks.by],
        "epsilon": None if asks.epsilon is None else f"{asks.epsilon.normalize():f}",
        "measure": asks.measure.value,
        "only": [[it.record, it.field, it.form, *it.values] for it in asks.only],
        "quantity": [quantity.field, quantity.since, quantity.low, quantity.high] if quantity else None,
        "record": asks.record,
    }


def _circumstances(request: Request, considered: Considered | None, vocabulary: Vocabulary) -> dict[str, str]:
    """Return only words that are ours: whatever else was typed could be about somebody."""
    context = {"agency": request.requester.agency if _AGENCY(request.requester.agency) else ""}
    if considered is not None:
        context["agreement"] = f"{considered.name}@{considered.version}"
    if request.purpose in vocabulary.purposes:
        context["purpose"] = request.purpose
    return context
