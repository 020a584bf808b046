"""The open store: connections to the database, per role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType, TracebackType
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

from comity.store.address import SCRAM, secured
from comity.store.cluster import Cluster, open_cluster
from comity.store.models import DATABASE, Role, Settings
from comity.store.place import make_home
from comity.store.provision import provision

Connection = psycopg.Connection[tuple[Any, ...]]
Pool = AsyncConnectionPool[psycopg.AsyncConnection[tuple[Any, ...]]]

POOL_SIZE = 16  # connections per role and process; two roles' pools in two processes leave room below 100
POOL_SECONDS = 10.0  # that anybody waits for one of them; then they are told that there is none


@dataclass(frozen=True, slots=True)
class Store:
    """A database that takes connections, as a context manager that closes it.

    ``admin`` connects as who may make databases, ``passwords`` has each role's, and ``cluster`` is the cluster of
    our own if there is one.
    """

    settings: Settings
    admin: str = field(repr=False)  # a traceback that shows a store shows no password
    passwords: Mapping[Role, str] = field(repr=False)
    cluster: Cluster | None = None
    database: str = DATABASE

    def conninfo(self, role: Role, dbname: str | None = None) -> str:
        """Return how to connect as ``role``; it holds the password, so it is never shown or logged."""
        named = {"user": role.value, "password": self.passwords[role], "dbname": dbname or self.database}
        return make_conninfo(self.admin, **named, require_auth=SCRAM)

    def connect(self, role: Role, *, autocommit: bool = False) -> Connection:
        """Return a new connection as ``role``; rows are tuples."""
        return psycopg.connect(self.conninfo(role), autocommit=autocommit)

    def pool(self, role: Role, *, min_size: int = 1, max_size: int = POOL_SIZE) -> Pool:
        """Return a pool of connections as ``role``, to be opened by who uses it, in its event loop."""
        return AsyncConnectionPool(
            self.conninfo(role),
            min_size=min_size,
            max_size=max_size,
            open=False,
            name=role.value,
            timeout=POOL_SECONDS,
            reconnect_timeout=POOL_SECONDS,  # then whoever asks next has it tried; the pauses between would double on
        )

    def of(self, database: str) -> Store:
        """Return a view of another database on the same server; closing it stops nothing."""
        return replace(self, database=database, cluster=None)

    @property
    def postmaster_pid(self) -> int | None:
        """The process id of our own PostgreSQL; ``None`` on somebody else's server."""
        return self.cluster.pid if self.cluster else None

    def revive(self) -> bool:
        """Start our own PostgreSQL again if it has ended; return whether it had. :class:`ClusterError` if it cannot."""
        return self.cluster is not None and self.cluster.revive()

    def close(self) -> None:
        """Stop PostgreSQL if we started it, and wait until it is gone."""
        if self.cluster:
            self.cluster.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(settings: Settings, tuning: Mapping[str, str] = MappingProxyType({})) -> Store:
    """Return the open store: at ``settings.dsn``, or on a PostgreSQL of our own in ``settings.home``.

    ``tuning`` overrides settings of our own PostgreSQL. Raises a :class:`StoreError` that says what to do.
    """
    if settings.dsn:
        admin = secured(settings.dsn)
        make_home(settings.home)
        return Store(settings, admin, provision(admin, settings.home))
    cluster = open_cluster(settings, tuning)
    try:
        admin = cluster.conninfo()
        return Store(settings, admin, provision(admin, settings.home), cluster)
    except BaseException:
        cluster.release()
        raise
