"""Where the server of ``COMITY_DSN`` is, and how it may be spoken to.

1. An account shows itself by SCRAM (RFC 5802), and so does the server: one that asks for no password, or for it in
   plain, is not answered (``require_auth``). An administrator without a password may come in through a socket of this
   machine, as who they are there.
2. A server on another machine is reached over TLS 1.2 or newer whose certificate is checked for its very name
   (``sslmode=verify-full``), bound to the password's exchange (RFC 5929), so that nobody stands between. Only who says
   ``channel_binding=prefer`` does without the latter, for a pooler that cannot do it.
3. What libpq would take from its own environment (``PGHOST``, ``PGSSLMODE``, …) counts as if it were in the address.
4. A socket lies in a folder into which not everybody can put one.
5. An address is never repeated in an error: it may hold a password.
"""

from __future__ import annotations

import stat
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from comity.store.errors import AddressError

SCRAM: Final = "scram-sha-256"
_OLD_TLS: Final = ("TLSv1", "TLSv1.1")
_EXAMPLE: Final = "postgresql://account@host:5432/postgres?passfile=/path/of/a/private/file"


def refuse_password_in_the_open(dsn: str) -> None:
    """Raise :class:`AddressError` if an address that comes from the environment says a password."""
    try:
        said = conninfo_to_dict(dsn)
    except psycopg.Error:
        return  # told by who opens it
    if said.get("password") or said.get("sslpassword"):
        raise AddressError(
            "COMITY_DSN says a password, which everything that is started here inherits. Write the password into a "
            f"file of libpq's form (host:port:database:account:password, chmod 600), and name that: {_EXAMPLE}"
        )


def secured(dsn: str) -> str:
    """Return an address that is spoken to only as the rules say; :class:`AddressError` if it cannot be."""
    said = _effective(dsn)
    if said.get("service"):
        raise AddressError("COMITY_DSN names a service of libpq, whose address is elsewhere. Write the address out.")
    hosts = _hosts(said)
    sockets = [Path(host) for host in hosts if host.startswith(("/", "@")) or not host]
    for folder in sockets:
        _refuse_open_folder(folder)
    afar = [host for host in hosts if host and not host.startswith(("/", "@")) and not _is_here(host)]
    made: dict[str, str] = {}
    if said.get("password") or conninfo_to_dict(dsn).get("passfile") or len(sockets) < len(hosts):
        made["require_auth"] = SCRAM
    if afar:
        _refuse_unchecked(said)
        made |= {"sslmode": "verify-full", "gssencmode": "disable"}
        made["channel_binding"] = "prefer" if "channel_binding=prefer" in _spelled(dsn) else "require"
        made["ssl_min_protocol_version"] = said.get("ssl_min_protocol_version", "TLSv1.2")
    return make_conninfo(dsn, **made)


def _effective(dsn: str) -> dict[str, str]:
    """Return what libpq would go by: the address, and its environment where that says nothing."""
    defaults = {
        option.keyword.decode(): option.val.decode() for option in pq.Conninfo.get_defaults() if option.val is not None
    }
    try:
        return defaults | {name: str(value) for name, value in conninfo_to_dict(dsn).items() if value is not None}
    except psycopg.Error:
        raise AddressError(
            f"COMITY_DSN is not written as the address of a server: {_EXAMPLE}, with %40 and the like for signs such "
            "as @, / and # in a name."
        ) from None


def _spelled(dsn: str) -> set[str]:
    return {f"{name}={value}" for name, value in conninfo_to_dict(dsn).items()}


def _hosts(said: dict[str, str]) -> list[str]:
    """Return where the connection goes: a numeric address counts before the name it was given for."""
    names, numbers = said.get("host", "").split(","), said.get("hostaddr", "").split(",")
    if len(numbers) < len(names):
        numbers += [""] * (len(names) - len(numbers))
    names += [""] * (len(numbers) - len(names))
    return [number or name for name, number in zip(names, numbers, strict=True)]


def _is_here(host: str) -> bool:
    """Whether it is this machine, whose loopback nobody else hears."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _refuse_unchecked(said: dict[str, str]) -> None:
    if said.get("sslmode") != "verify-full":
        raise AddressError(
            "The server of COMITY_DSN is on another machine, and the address does not say that its certificate is to "
            "be checked. Add sslmode=verify-full and sslrootcert=/path/of/the/authority.pem (or sslrootcert=system)."
        )
    if said.get("ssl_min_protocol_version") in _OLD_TLS:
        raise AddressError("COMITY_DSN allows TLS older than 1.2. Leave ssl_min_protocol_version out.")


def _refuse_open_folder(folder: Path) -> None:
    """Refuse a socket where anybody could have put one of theirs; libpq's own folder is looked at too."""
    if str(folder).startswith("@"):
        raise AddressError("COMITY_DSN names an abstract socket, which anybody can open. Name a folder.")
    if folder.is_absolute() and folder.exists() and folder.stat().st_mode & stat.S_IWOTH:
        raise AddressError(
            f"Anybody can put a socket of theirs into {folder}, where COMITY_DSN looks for the server's. Let it have "
            "one in a folder that only its account writes (unix_socket_directories), and name that: host=/that/folder"
        )
