"""What can be wrong with a word, or with a file of words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class VocabularyError(ValueError):
    """A vocabulary file contradicts itself, or a word is not in it."""


class UnknownTermError(VocabularyError):
    """A word that the vocabulary does not have; the message names the nearest one it does have."""

    @classmethod
    def naming(cls, kind: str, name: str, known: Iterable[str]) -> UnknownTermError:
        """Build the error for ``name``, which should have been one of ``known``."""
        near = get_close_matches(name, list(known), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return cls(f"There is no {kind} named {name!r}.{hint}")


class VocabularyFileError(VocabularyError):
    """A data file of the vocabulary is wrong; the message says in which file and line, what, and how to mend it."""

    def __init__(self, file: str, line: int, cause: str, mend: str) -> None:
        super().__init__(f"{file}, line {line}: {cause}; {mend}")
        self.file = file
        self.line = line
        self.cause = cause
        self.mend = mend
