"""What can go wrong with a record, its keys or its seals."""

from __future__ import annotations


class RecordError(ValueError):
    """A record could not be kept or read as it was handed in."""


class SealBrokenError(RecordError):
    """A sealed value does not open: the wrong key, another place than it was sealed for, or changed bytes."""


class KeyDestroyedError(RecordError):
    """The data key of this source person is gone; what it sealed can no longer be read by anybody."""


class KeyFileError(RecordError):
    """The key file is missing, readable by others, or not a key file; the message says which, and the mend."""


class EpochInUseError(RecordError):
    """The key of this epoch is not to be destroyed now; the message says why, and what to do first."""
