"""The words of the mapping language, enumerated once. ``docs/reference/mapping.md`` explains each of them.

A key that is not here is a mistake: a misspelt ``defualt:`` must not be passed over in silence.
"""

from __future__ import annotations

FILE = (
    "mapping", "version", "title", "agency", "zone", "source", "key", "message", "order_by", "pair", "whose",
    "asserted", "records",
)  # fmt: skip
TITLE = ("en", "nl")
BLOCK = ("record", "id", "key", "about", "whose", "asserted", "for_each", "when", "fields", "records")
VALUE = (
    "from", "join", "with", "value", "trim", "absent", "extract", "split", "part", "case", "codes", "otherwise",
    "date", "timestamp", "zone", "pivot", "true", "false", "default",
)  # fmt: skip
FIELD = (*VALUE, "reference")
POINTER = ("record", "key", "source")
CONDITION = (*VALUE, "in", "not_in", "present")

EVERY = tuple(dict.fromkeys((*FILE, *TITLE, *BLOCK, *FIELD, *POINTER, *CONDITION)))

CONCERNS_MANY = frozenset({"incident", "case", "hearing", "document"})
"""Record types that may concern several people or none: for these, ``about:`` may be left out."""

MAX_FILE_BYTES = 1_048_576  # a mapping is written by hand; the largest real ones have some 30 kB of codes
MAX_DEPTH = 6  # blocks within blocks: hearing, defendant, offence, result leave two to spare
MAX_KEY = 200  # characters; keys are indexed, and a page of PostgreSQL's index holds a third of 8 kB at most
MAX_EXTRACT_INPUT = 256  # characters; with at most three open repetitions an expression stays below a second
MAX_OPEN_REPETITIONS = 3
