"""Let the agencies of a chain agree: their keys are made and pinned, the agreements proposed, assessed and signed.

On a real node each agency keeps its own private key. Here one machine plays them all, so their keys lie in its home.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comity.agreements import Agreement
from comity.agreements.errors import SignatureError, UnknownAgreementError
from comity.agreements.keys import load_key, make_key, public_bytes
from comity.agreements.models import Considered, Why
from comity.agreements.sign import sign
from comity.agreements.store import (
    add_agency,
    add_signature,
    approve_assessment,
    load_standing,
    pin_key,
    propose,
    propose_assessment,
)
from comity.demo.chain import Chain, agreement_text
from comity.node import Node
from comity.store import Role
from comity.vocabulary import Vocabulary

Connection = psycopg.Connection[tuple[Any, ...]]
ASSESSOR = "demonstration-assessor"  # an opaque id of staff, as everywhere


def let_agree(node: Node, chain: Chain, now: datetime) -> int:
    """Make the chain's agencies known, and bring each of its agreements into force; return how many were brought.

    Repeats safely: what stands is left as it is, and what was begun is finished.
    """
    with node.store.connect(Role.GOVERNANCE) as conn:
        for agency in chain.agencies:
            add_agency(conn, agency.id, agency.kind, agency.label, node.vocabulary)
            pin_key(conn, agency.id, public_bytes(_key(node.agency_keys, agency.id)), now)
        table = _Table(conn, node.vocabulary, node.agency_keys, now)
        return sum(table.bring_into_force(path) for path in chain.agreements)


@dataclass(frozen=True, slots=True)
class _Table:
    """The table at which the agencies sit."""

    conn: Connection
    vocabulary: Vocabulary
    keys: Path
    now: datetime

    def bring_into_force(self, path: Path) -> bool:
        kept = self._kept(path.stem)
        if kept is not None and kept.standing.in_force:
            return False
        agreement = kept.agreement if kept else None
        if agreement is None:
            agreement = propose(self.conn, agreement_text(path, self.now.date()), self.vocabulary, self.now)
        missing = load_standing(self.conn, agreement.name, self.vocabulary, self.now).standing.reasons
        if any(reason.code is Why.NOT_ASSESSED for reason in missing):
            propose_assessment(self.conn, agreement.assessment, _document(agreement))
            approve_assessment(
                self.conn, agreement.assessment, agency=agreement.recipients[0], by=ASSESSOR, at=self.now
            )
        for agency in agreement.parties:
            self._have_signed(agreement, agency)
        return True

    def _kept(self, name: str) -> Considered | None:
        try:
            return load_standing(self.conn, name, self.vocabulary, self.now)
        except UnknownAgreementError:
            return None

    def _have_signed(self, agreement: Agreement, agency: str) -> None:
        signature = sign(agreement, agency, _key(self.keys, agency))
        with suppress(SignatureError):  # it has signed already
            add_signature(self.conn, agreement.name, agreement.version, agency, signature, self.vocabulary, self.now)


def _document(agreement: Agreement) -> dict[str, str]:
    """Return the assessment that the demonstration approves: what the agreement itself says, and no more."""
    basis = " ".join(basis.because for basis in agreement.lawful_basis)
    return {
        "title": agreement.title.en,
        "lawfulness": basis,
        "risks": "Made for a demonstration: the people in it do not exist, or cannot be known from it.",
        "measures": "Only the named fields leave, under the named conditions; each look is in the ledger.",
    }


def _key(folder: Path, agency: str) -> Ed25519PrivateKey:
    path = folder / f"{agency}.pem"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return make_key(path)
    return load_key(path)
