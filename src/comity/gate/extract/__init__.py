"""Extracts: everything that an agreement lets out, about everyone whom it covers, as files with a signed manifest."""

from comity.gate.extract.make import begin, drop, go_on, underway
from comity.gate.extract.models import Format, Made, Order
from comity.gate.extract.verify import Checked, verify

__all__ = ["Checked", "Format", "Made", "Order", "begin", "drop", "go_on", "underway", "verify"]
