"""What can go wrong between Comity and its PostgreSQL, each with its place, its cause and its mend."""

from __future__ import annotations


class StoreError(Exception):
    """Something the person who runs Comity can mend; the message says how."""


class NoPostgresError(StoreError, LookupError):
    """No PostgreSQL of a version that serves was found on this machine."""


class NoAccountError(StoreError, LookupError):
    """We are root, and there is no unprivileged account for PostgreSQL to run as."""


class ClusterError(StoreError, RuntimeError):
    """PostgreSQL could not be set up, started or stopped."""


class PrivateFileError(StoreError, PermissionError):
    """A key or password file can be read by others, or is not a plain file."""


class RightsError(StoreError, PermissionError):
    """The account of ``COMITY_DSN`` may not do what setting up the database takes."""


class AddressError(StoreError, ValueError):
    """``COMITY_DSN`` is not the address of a server; it is not repeated, because it may hold a password."""


class ServerTooOldError(StoreError, RuntimeError):
    """The server of ``COMITY_DSN`` lacks what the schema needs."""


class BackupError(StoreError, RuntimeError):
    """A backup could not be taken or restored."""


class MigrationError(StoreError, ValueError):
    """A migration is misnamed, out of order, missing, edited or fails."""


class EditedMigrationError(MigrationError):
    """A migration that was applied has other contents now."""


class QueryFileError(StoreError, ValueError):
    """A file of queries does not have the shape ``-- name``, sentence, statement."""


class UnknownQueryError(StoreError, AttributeError):
    """A query that the file does not have."""
