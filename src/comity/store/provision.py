"""Make the roles and the database, with nothing granted to the public.

1. Every role logs in with a random password of its own, kept in ``roles.json`` (0600) of the home. The server gets
   only its SCRAM verifier, made here, so that no password stands in a statement or a log.
2. On a server of somebody else's, roles that are there already keep their passwords: they may serve another home.
3. ``PUBLIC`` may do nothing: not connect, not make temporary tables, not use the schema ``public``, and not call a
   function that a migration makes. Each is granted by name where it is needed.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from comity.store.binaries import OLDEST
from comity.store.errors import RightsError, ServerTooOldError
from comity.store.models import DATABASE, Role
from comity.store.private import read_private, write_private
from comity.store.queries import load_queries

Connection = psycopg.Connection[tuple[object, ...]]

_QUERIES = load_queries("comity.store")
_MAY_STAGE = (Role.INTAKE,)  # loads and linking in bulk stage their rows in temporary tables


def provision(admin: str, home: Path) -> Mapping[Role, str]:
    """Make what is missing of the roles and the database; return each role's password.

    ``admin`` is how to connect as somebody who may. Raises :class:`RightsError` if they may not after all.
    """
    with _connected(admin) as connection, _alone(connection):
        _check_version(connection)
        try:
            passwords = _passwords(connection, home)
            _make_roles(connection, passwords)
            if connection.execute(_QUERIES.database_present, (DATABASE,)).fetchone() is None:
                make_database(admin, DATABASE)
        except psycopg.errors.InsufficientPrivilege as refusal:
            raise RightsError(
                f"The account {connection.info.user!r} of COMITY_DSN may not set up the database "
                f"({refusal.diag.message_primary}). Let a superuser run: "
                f"ALTER ROLE {connection.info.user} CREATEROLE CREATEDB"
            ) from None
    return passwords


def renew_passwords(admin: str, superuser: str, home: Path) -> str:
    """Give every role a new password, kept in ``home``, and the superuser one, which is returned.

    For a cluster that was restored: its roles are there, and nobody knows their passwords.
    """
    passwords = {role: secrets.token_urlsafe(32) for role in Role}
    of_superuser = secrets.token_urlsafe(32)
    with _connected(admin) as connection, connection.transaction():
        for name, password in (*((role.value, passwords[role]) for role in Role), (superuser, of_superuser)):
            verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(verifier.decode()))
            )
    _keep(home, passwords)
    return of_superuser


def make_database(admin: str, name: str) -> None:
    """Make a database that only the roles may connect to.

    It gets its name once it is closed to the public, so that one left half made is never taken for whole.
    """
    draft = f"{name}_new"
    drop_database(admin, draft)
    with _connected(admin) as connection:
        _become_member(connection)
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(draft), _role(Role.OWNER)
            )
        )
        with _connected(admin, dbname=draft) as inside, inside.transaction():
            inside.execute(sql.SQL("SET LOCAL ROLE {}").format(_role(Role.OWNER)))
            for statement in (*_to_the_roles_alone(draft), *_closing()):
                inside.execute(statement)
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (draft, name))))


def copy_database(admin: str, name: str, template: str) -> None:
    """Make a copy of a database of ours that nobody is connected to, to which only the roles may connect.

    Its files are copied as they are: by way of the log, as is usual, a small one costs four times as much.
    """
    with _connected(admin) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), _role(Role.OWNER), sql.Identifier(template)
            )
        )
        connection.execute(sql.SQL("; ").join(_to_the_roles_alone(name)))


def drop_database(admin: str, name: str) -> None:
    """Drop a database, whoever is connected to it; nothing happens if it is not there."""
    with _connected(admin) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _check_version(connection: Connection) -> None:
    major = connection.info.server_version // 10_000
    if major < OLDEST:
        raise ServerTooOldError(
            f"The server of COMITY_DSN is PostgreSQL {major}; Comity needs {OLDEST} or newer. Use a newer server, or "
            "leave COMITY_DSN unset for one of Comity's own."
        )


def _to_the_roles_alone(name: str) -> Iterator[sql.Composed]:
    """Yield the statements that let the roles, and nobody else, connect; a copy has no grant of its original."""
    database = sql.Identifier(name)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)
    for role in Role:
        yield sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, _role(role))
    for role in _MAY_STAGE:
        yield sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, _role(role))


def _closing() -> Iterator[sql.Composed]:
    """Yield the statements that take from the public what is in a database; a copy has them from its original."""
    yield sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC").format()
    yield sql.SQL("ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC").format()


def _passwords(connection: Connection, home: Path) -> Mapping[Role, str]:
    """Return the passwords the home keeps, made now if it keeps none."""
    path = home / "roles.json"
    with contextlib.suppress(FileNotFoundError):
        return _kept(path)
    if present := _present(connection):
        raise RightsError(
            f"The server has the roles {', '.join(sorted(present))} already, but {path} with their passwords is not "
            "there. Copy that file from the home that made them, or drop the roles if nothing uses them."
        )
    made = {role: secrets.token_urlsafe(32) for role in Role}
    _keep(home, made)
    return made


def _keep(home: Path, passwords: Mapping[Role, str]) -> None:
    said = json.dumps({role.value: password for role, password in passwords.items()}, indent=1)
    write_private(home / "roles.json", said.encode(), replace=True)


def _kept(path: Path) -> Mapping[Role, str]:
    try:
        kept = json.loads(read_private(path))
        return {role: str(kept[role.value]) for role in Role}
    except (ValueError, KeyError, TypeError):
        raise RightsError(f"{path} does not hold the password of each role. Put it back from a copy.") from None


def _make_roles(connection: Connection, passwords: Mapping[Role, str]) -> None:
    present = _present(connection)
    for role in Role:
        if role not in present:
            verifier = connection.pgconn.encrypt_password(
                passwords[role].encode(), role.value.encode(), b"scram-sha-256"
            )
            with connection.transaction():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(_role(role), sql.Literal(verifier.decode()))
                )
                # Every name says its schema: nobody can put a table of theirs in front of ours.
                connection.execute(sql.SQL("ALTER ROLE {} SET search_path = pg_catalog").format(_role(role)))


def _become_member(connection: Connection) -> None:
    """Let an administrator who is no superuser make a database for the owner."""
    row = connection.execute(_QUERIES.is_superuser).fetchone()
    if row and not row[0]:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(_role(Role.OWNER)))


def _present(connection: Connection) -> set[str]:
    names = [role.value for role in Role]
    return {str(row[0]) for row in connection.execute(_QUERIES.roles_present, (names,))}


def _role(role: Role) -> sql.Identifier:
    return sql.Identifier(role.value)


def _connected(admin: str, dbname: str | None = None) -> Connection:
    return psycopg.connect(make_conninfo(admin, dbname=dbname) if dbname else admin, autocommit=True)


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold the set-up lock: two processes that start together make each role once."""
    connection.execute(_QUERIES.lock_set_up)
    try:
        yield
    finally:
        connection.execute(_QUERIES.unlock_set_up)
