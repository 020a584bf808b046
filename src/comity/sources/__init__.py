"""Sources: what an existing system says, as it says it, with where it left off.

One adapter per kind of system, chosen by the ``source:`` block of a mapping file; the rooms above see only these names.
"""

from comity.sources.body import Body, check_path
from comity.sources.errors import SourcesError
from comity.sources.from_http import said_from_message
from comity.sources.models import Batch, Said, Source, Unreadable
from comity.sources.opening import open_source
from comity.sources.spec import check_spec

__all__ = [
    "Batch",
    "Body",
    "Said",
    "Source",
    "SourcesError",
    "Unreadable",
    "check_path",
    "check_spec",
    "open_source",
    "said_from_message",
]
