"""What an agreement would do to today's records, before anybody signs it: counted by the gate, told in words."""

from comity.gate.impact.models import Covered, Impact, Line, Tally
from comity.gate.impact.take import Weigh, take_impact
from comity.gate.impact.words import impact_words

__all__ = ["Covered", "Impact", "Line", "Tally", "Weigh", "impact_words", "take_impact"]
