"""Bring the database's schemas up to date: numbered SQL files, each applied once, each in a transaction.

1. A room's migrations are ``<room>/migrations/NNNN_name.sql``, applied in order of number, rooms in the order given.
2. What was applied is remembered with its SHA-256. A file that was edited or lost since is refused: the database
   would no longer be what the files say. A change of mind is a new file.
3. A file that sorts before one already applied is refused: it would run elsewhere in another order.
4. A file does not begin or end transactions: it and its remembrance are one.
5. All of a room's files are checked before the first is applied.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg

from comity.store.errors import EditedMigrationError, MigrationError
from comity.store.models import Role
from comity.store.queries import load_queries
from comity.store.store import Connection, Store

_QUERIES = load_queries("comity.store")
_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql\Z")
_TRANSACTION = re.compile(
    r"^\s*(begin|commit|rollback|abort|start\s+transaction)(\s+(work|transaction))?\s*;", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    room: str
    name: str
    text: str

    @property
    def sha256(self) -> str:
        """The digest of its text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"{self.room}/migrations/{self.name}"


def migrate(store: Store, rooms: Sequence[str]) -> list[str]:
    """Apply what is new of the rooms' migrations; return the titles of those applied now.

    ``rooms`` are package names, lowest first. A room without a folder of migrations has none; a room that is not
    there raises ``ModuleNotFoundError``. Raises :class:`MigrationError`, having applied nothing of that room.
    """
    with store.connect(Role.OWNER, autocommit=True) as connection:
        connection.execute(_QUERIES.lock_set_up)  # freed as the connection closes
        row = connection.execute(_QUERIES.schema_present).fetchone()
        if not (row and row[0]):
            connection.execute(_QUERIES.make_schema)
        return [migration.title for room in rooms for migration in _migrate_room(connection, room)]


def _migrate_room(connection: Connection, room: str) -> Iterator[Migration]:
    files = _files(room)
    applied = {str(name): str(digest) for name, digest in connection.execute(_QUERIES.applied, (room,))}
    _check(room, files, applied)
    for migration in files:
        if migration.name not in applied:
            _apply(connection, migration)
            yield migration


def _files(room: str) -> list[Migration]:
    folder = resources.files(room).joinpath("migrations")
    if not folder.is_dir():
        return []
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    migrations = [Migration(room, file.name, file.read_text(encoding="utf-8")) for file in files]
    return sorted(migrations, key=lambda migration: migration.name)


def _check(room: str, files: list[Migration], applied: dict[str, str]) -> None:
    numbers: set[str] = set()
    for migration in files:
        _check_file(migration, numbers)
        known = applied.get(migration.name)
        if known is None and applied and migration.name < max(applied):
            raise MigrationError(f"{migration.title} comes before {max(applied)}, which was applied. Renumber it.")
        if known not in (None, migration.sha256):
            raise EditedMigrationError(
                f"{migration.title} was applied and has been edited since. Restore it; put the change in a new file."
            )
    if lost := applied.keys() - {migration.name for migration in files}:
        raise EditedMigrationError(f"{room}/migrations lacks {min(lost)}, which was applied. Restore it.")


def _check_file(migration: Migration, numbers: set[str]) -> None:
    number = migration.name[:4]
    if not _NAME.match(migration.name):
        raise MigrationError(f"{migration.title} is misnamed. Call it NNNN_lower_case_words.sql.")
    if number in numbers:
        raise MigrationError(f"{migration.title} has the number of another. Renumber it.")
    if _TRANSACTION.search(migration.text):
        raise MigrationError(f"{migration.title} begins or ends a transaction. Leave that to the migration itself.")
    numbers.add(number)


def _apply(connection: Connection, migration: Migration) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.text)
            connection.execute(_QUERIES.record_migration, (migration.room, migration.name, migration.sha256))
    except psycopg.Error as error:
        raise MigrationError(f"{migration.title} was not applied: {error}") from error
