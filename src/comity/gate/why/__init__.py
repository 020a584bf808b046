"""Why: of any request, past or supposed, what is permitted, by which clause, and what would have to change."""

from comity.gate.why.asking import Node, why, why_if, why_own
from comity.gate.why.data import as_data
from comity.gate.why.models import Explanation, Onlooker, OwnExplanation

__all__ = ["Explanation", "Node", "Onlooker", "OwnExplanation", "as_data", "why", "why_if", "why_own"]
