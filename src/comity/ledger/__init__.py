"""The ledger: what was done, in one line each, numbered, hashed into a tree and signed, so that anyone can check it.

Ten names for the other rooms; the errors are in :mod:`comity.ledger.errors`, and the offline check, which stands alone
so that an auditor can take it away, is :func:`comity.ledger.verify.verify_export`.
"""

from comity.ledger.entry import Entry, commitment
from comity.ledger.export import export
from comity.ledger.keys import load_or_create_signer
from comity.ledger.sequencer import Sequencer
from comity.ledger.store import append, find, head, latest, prove

__all__ = [
    "Entry",
    "Sequencer",
    "append",
    "commitment",
    "export",
    "find",
    "head",
    "latest",
    "load_or_create_signer",
    "prove",
]
