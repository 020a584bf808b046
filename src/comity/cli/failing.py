"""What can go wrong, in one table: whose fault it is, and the exit code (sysexits.h) that says so.

*Theirs* is expected and explained, and its message says what to do next. Anything else is *ours*, and is shown whole.
"""

from __future__ import annotations


class Misused(Exception):  # noqa: N818  (what the user did, not what failed)
    """The command was given something that it cannot work with; the message says what, and what to give instead."""


USAGE, DATA, NO_INPUT, UNAVAILABLE, IO_ERROR, REFUSED = 64, 65, 66, 69, 74, 77


def theirs() -> tuple[tuple[type[Exception], int], ...]:
    """Return what is theirs, each with its exit code; the first that fits counts.

    The rooms are imported here, and not by a command that goes well: importing them takes longer than most commands.
    """
    import psycopg

    from comity.agreements.errors import AgreementError, UnknownAgreementError
    from comity.demo.errors import ChainError
    from comity.gate.errors import GateError
    from comity.intake.epochs import EpochInUseError, RecordError
    from comity.intake.errors import IntakeError
    from comity.ledger.errors import LedgerError
    from comity.sources import SourcesError
    from comity.store import StoreError
    from comity.vocabulary.errors import VocabularyError

    return (
        (Misused, USAGE),
        (StoreError, UNAVAILABLE),
        (psycopg.OperationalError, UNAVAILABLE),
        (ChainError, NO_INPUT),
        (UnknownAgreementError, NO_INPUT),
        (AgreementError, DATA),
        (IntakeError, DATA),
        (SourcesError, DATA),
        (VocabularyError, DATA),
        (GateError, DATA),
        (EpochInUseError, REFUSED),
        (RecordError, UNAVAILABLE),  # its keys: missing, readable by others, in a token that cannot be reached
        (LedgerError, REFUSED),
        (psycopg.IntegrityError, DATA),
        (psycopg.DataError, DATA),
        (FileNotFoundError, NO_INPUT),
        (PermissionError, NO_INPUT),
        (IsADirectoryError, NO_INPUT),
        (NotADirectoryError, NO_INPUT),
        (FileExistsError, NO_INPUT),
        (OSError, IO_ERROR),  # a full disk, a folder that may only be read, a port that is taken
    )


class Failed(Exception):  # noqa: N818  (an outcome that was told already, not an error to tell)
    """The command has told what it found, and it is not good."""

    def __init__(self, code: int = 1) -> None:
        super().__init__(code)
        self.code = code


def told(error: Exception) -> str | None:
    """Return what to tell of an error that is theirs; ``None`` for one of ours."""
    if not isinstance(error, tuple(kind for kind, _ in theirs())):
        return None
    import psycopg

    if isinstance(error, (psycopg.IntegrityError, psycopg.DataError)):  # its detail repeats the row: data, digests
        return f"The database refused this: {error.diag.message_primary}. Look at the command's --help."
    if isinstance(error, OSError) and isinstance(error.filename, str):
        return f"{error.filename}: {error.strerror}."
    return str(error).strip() or type(error).__name__


def exit_code(error: Exception) -> int:
    """Return the exit code of an error's kind."""
    return next((code for kind, code in theirs() if isinstance(error, kind)), 70)
