"""What can be wrong with an agreement, its signatures, or an act upon it; each message says what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from comity.agreements.models import Fault
from comity.vocabulary.models import Label


class AgreementError(ValueError):
    """An agreement, or an act upon one, that cannot be taken as it is."""


class FaultyAgreementError(AgreementError):
    """An agreement's text has faults; all of them are in :attr:`faults`, in the order of the text."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ConditionError(AgreementError):
    """A condition cannot be read or makes no sense; :attr:`column` counts from 1 within the condition.

    :attr:`cause` and :attr:`mend` are in English and Dutch; the message is in English.
    """

    def __init__(self, column: int, cause: Label, mend: Label) -> None:
        self.column, self.cause, self.mend = column, cause, mend
        super().__init__(f"Column {column}: {cause.en} {mend.en}")

    def placed(self) -> tuple[str, str, str]:
        """Return cause and mend in English, and both in Dutch, with the place in the condition."""
        return (
            f"{self.cause.en} (Column {self.column} of the condition.)",
            self.mend.en,
            f"{self.cause.nl} (Teken {self.column} van de voorwaarde.) {self.mend.nl}",
        )


class UnknownAgreementError(LookupError):
    """No agreement, version, agency or assessment of that name is kept here; the message names what was looked for."""


class SignatureError(AgreementError):
    """A signature or a key is refused; nothing was written."""


class ImmutableError(AgreementError):
    """The version has been signed, so its text can no longer change. Propose the next version instead."""


class ActRefusedError(AgreementError):
    """The act makes no sense upon this version as it stands, or is not this agency's to do."""


class ContradictionError(AgreementError):
    """A version contradicts itself or the law, so it cannot be signed; each :attr:`findings` says where and how."""

    def __init__(self, agreement: str, findings: Sequence[tuple[str, Label]]) -> None:
        self.findings = tuple(findings)
        said = "\n".join(f"{clause}: {label.en}" for clause, label in self.findings)
        super().__init__(f"{agreement} cannot be signed. Mend this, and propose it anew:\n{said}")
