"""The joined-up record: every source's statement side by side, and the view over what was released.

Imported by ``intake`` and ``gate`` alone (DESIGN, one way in, one way out).
"""

from comity.record.ids import record_id
from comity.record.keys import Keyring, load_or_create
from comity.record.models import JoinedView, Part, Record, ReleasedRow, Sealed, Statement
from comity.record.view import join

__all__ = [
    "JoinedView",
    "Keyring",
    "Part",
    "Record",
    "ReleasedRow",
    "Sealed",
    "Statement",
    "join",
    "load_or_create",
    "record_id",
]
