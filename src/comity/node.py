"""The composition of a node."""

ROOMS = (
    "comity.ledger",
    "comity.agreements",
    "comity.people",
    "comity.record",
    "comity.intake",
    "comity.gate",
    "comity.web",
)
