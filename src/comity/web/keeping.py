"""What the person concerned keeps of a use of their data: a statement that the ledger's key signed. Pure.

Rules:

1. The receipt (C2SP tlog-proof) proves that a line stands in the ledger, and says of nobody whom it is about. The
   statement says that this line is a use of this person's data: by which agency, for what, under what, of which fields.
   Whoever keeps both can hold them against us, and needs nothing of ours to check them (C2SP signed-note, Ed25519).
2. It repeats what the page shows of the use, and no more: no colleague, no reason that they typed, nobody else.
3. It opens no commitment. An entry commits to the question, with who asked and why in it; its digest has no salt of its
   own, so that whoever had it could try names of colleagues against it. The overseer and a court can open it.
4. It can be taken for no head of the ledger: where a head has its size and root, it has words.
"""

from __future__ import annotations

from datetime import UTC
from typing import Final
from uuid import UUID

from comity.gate.models import Use
from comity.ledger.note import Signer, sign_note

FORM: Final = "use of personal data, version 1"


def statement(use: Use, person: UUID, signer: Signer) -> str:
    """Return the signed statement that a line of the ledger is a use of this person's data."""
    lines = [
        signer.name,
        FORM,
        f"person {person}",
        f"entry {use.id}",
        f"at {use.at.astimezone(UTC).isoformat()}",
        f"agency {use.agency}",
        f"role {use.role}",
        f"act {use.act}",
        f"purpose {use.purpose}",
        f"agreement {use.agreement}@{use.version}",
        *(f"{record} {' '.join(fields) or '-'}" for record, fields in use.fields),
    ]
    return sign_note("".join(f"{line}\n" for line in lines), [signer])
