"""The only way out: a request is decided, compiled, and carried out in one statement with its ledger entry."""

from comity.gate.disclose import disclose
from comity.gate.log import log_for_overseer, uses_of
from comity.gate.models import CaseRead, Disclosure, Read, Refusal, Request, Requester, Search

__all__ = [
    "CaseRead",
    "Disclosure",
    "Read",
    "Refusal",
    "Request",
    "Requester",
    "Search",
    "disclose",
    "log_for_overseer",
    "uses_of",
]
