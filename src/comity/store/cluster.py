"""A PostgreSQL cluster of this node's own: made once, started by who comes first, stopped by who started it.

1. One process at a time is the keeper: it holds a lock on a file in the home, which the system takes back when the
   process ends, however it ends.
2. The keeper starts PostgreSQL, or takes over one that a killed keeper left running, and stops it when it is done.
3. Everybody else uses what the keeper started, and never stops it.
4. A cluster is made under another name and renamed once it is whole.
5. One that ended by itself (killed, or out of disk) is started again by its keeper, as often as that takes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from psycopg.conninfo import make_conninfo

from comity.store import postmaster
from comity.store.account import Account, serving_account
from comity.store.address import SCRAM
from comity.store.binaries import Binaries, copy_for, find_binaries
from comity.store.errors import ClusterError
from comity.store.models import Settings
from comity.store.place import Place, make_home, prepare_place, recorded_place
from comity.store.private import read_private, write_private

SUPERUSER = "comity_superuser"  # makes the roles and the database; nothing connects as it afterwards
_LOCALES = ("C.UTF-8", "C")  # the same order and case rules on every machine
_LARGEST_LOG = 5_000_000  # bytes; a longer one starts afresh with the next start
_POLL_SECONDS = 0.05


@dataclass(slots=True)
class Cluster:
    """A running cluster; ``lock`` is the open lock file if we are its keeper, and ``start`` then starts it again."""

    place: Place
    pid: int
    password: str = field(repr=False)
    lock: BinaryIO | None = field(default=None, repr=False)
    start: Callable[[], int] | None = field(default=None, repr=False)

    def conninfo(self) -> str:
        """Return how to connect as the superuser, to the database ``postgres``."""
        return make_conninfo(
            "",
            host=str(self.place.socket),
            hostaddr="",  # said as well, because PGHOSTADDR, PGOPTIONS or PGCHANNELBINDING might say otherwise
            options="",
            channel_binding="prefer",
            require_auth=SCRAM,
            port=postmaster.PORT,
            user=SUPERUSER,
            password=self.password,
            dbname="postgres",
        )

    def release(self) -> None:
        """Stop it if we are its keeper; a second time, nothing happens."""
        if self.lock is None or self.lock.closed:
            return
        with self.lock:
            postmaster.stop(self.place, self.pid)

    def revive(self) -> bool:
        """Start it again if we are its keeper and it has ended; return whether that was so.

        Raises :class:`ClusterError` if it does not start; asked again, it is tried again.
        """
        if self.lock is None or self.lock.closed or self.start is None or postmaster.running(self.place) is not None:
            return False
        self.pid = self.start()
        return True


def open_cluster(settings: Settings, tuning: Mapping[str, str]) -> Cluster:
    """Return the running cluster of this home, made and started if need be.

    Raises :class:`ClusterError`, :class:`NoPostgresError` or :class:`NoAccountError`.
    """
    account = serving_account()
    make_home(settings.home, account)
    deadline = time.monotonic() + postmaster.START_SECONDS
    while time.monotonic() < deadline:
        lock = _try_lock(settings.home)
        if lock is not None:
            return _keep(settings, account, tuning, lock)
        place = recorded_place(settings.home)
        pid = postmaster.running(place) if place else None
        if place and pid is not None and postmaster.is_ready(place):
            return Cluster(place, pid, _password(settings))
        time.sleep(_POLL_SECONDS)
    raise ClusterError(f"Another process has been starting PostgreSQL in {settings.home} for too long. End it.")


@contextlib.contextmanager
def keeping(settings: Settings) -> Iterator[None]:
    """Be the keeper of this home until the block is left; :class:`ClusterError` while somebody else is."""
    lock = _try_lock(settings.home)
    if lock is None:
        raise ClusterError(f"The PostgreSQL of {settings.home} is in use. Stop what uses it first.")
    with lock:
        yield


def discard_cluster(settings: Settings) -> None:
    """Delete the cluster of this home and all it holds; :class:`ClusterError` while somebody keeps it."""
    if recorded_place(settings.home) is None:
        return
    with keeping(settings):
        place = recorded_place(settings.home)
        if place is None:
            return
        pid = postmaster.running(place)
        if pid is not None:
            postmaster.stop(place, pid)
        for folder in (place.socket, place.root):
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("postgres.json", "superuser.password", "roles.json"):
            (settings.home / name).unlink(missing_ok=True)


def _keep(settings: Settings, account: Account, tuning: Mapping[str, str], lock: BinaryIO) -> Cluster:
    """Choose the place and start or take over what is there: only who holds the lock may."""
    try:
        place = prepare_place(settings.home, account)
        pid = postmaster.running(place)
        if pid is not None and not _becomes_ready(place, pid):
            postmaster.stop(place, pid)
            pid = None

        def start() -> int:
            return _start(settings, account, place, tuning)

        return Cluster(place, start() if pid is None else pid, _password(settings), lock, start)
    except BaseException:
        lock.close()
        raise


def _becomes_ready(place: Place, pid: int) -> bool:
    """Whether a postmaster that a killed keeper left behind takes connections, or soon does, at our socket."""
    if not postmaster.serves_socket(place):
        return False
    deadline = time.monotonic() + postmaster.START_SECONDS
    while time.monotonic() < deadline and postmaster.running(place) == pid:
        if postmaster.is_ready(place):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _start(settings: Settings, account: Account, place: Place, tuning: Mapping[str, str]) -> int:
    binaries = copy_for(account, find_binaries(account, _major_of(place)), place.root)
    if not place.data.exists():
        _make_cluster(settings, account, place, binaries, tuning)
    return postmaster.start(place, account, binaries, _log(settings.home), tuning)


def _make_cluster(
    settings: Settings, account: Account, place: Place, binaries: Binaries, tuning: Mapping[str, str]
) -> None:
    password_file = place.root / "superuser.password"
    with contextlib.suppress(FileExistsError):  # of an attempt that did not get as far as the data
        write_private(settings.home / "superuser.password", secrets.token_urlsafe(32).encode())
    write_private(password_file, _password(settings).encode(), replace=True)
    try:
        if account.is_other:
            os.chown(password_file, account.uid, account.gid, follow_symlinks=False)
        draft = _initialise(place, account, binaries, password_file, synchronous=tuning.get("fsync") != "off")
    finally:
        password_file.unlink()
    conf = os.open(draft / "postgresql.conf", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)  # it is not ours, as root
    with os.fdopen(conf, "a") as configuration:
        configuration.write("\nlisten_addresses = ''  # also when somebody starts it by hand\n")
    draft.rename(place.data)


def _initialise(place: Place, account: Account, binaries: Binaries, password_file: Path, *, synchronous: bool) -> Path:
    """Run initdb and return the new folder; the second locale is for systems that lack the first."""
    draft = place.root / "data.new"
    said = ""
    for locale in _LOCALES:
        shutil.rmtree(draft, ignore_errors=True)
        command = [
            *(binaries.program("initdb"), "-D", str(draft), "--username", SUPERUSER),
            *("--pwfile", str(password_file), "--auth=scram-sha-256", "--data-checksums"),
            *("--encoding=UTF8", f"--locale={locale}", "--no-instructions"),
            *(() if synchronous else ("--no-sync",)),
        ]
        result = subprocess.run(  # noqa: S603 - the command is ours
            command,
            cwd=place.root,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
            **account.process_options(),
        )
        if result.returncode == 0:
            return draft
        said = result.stderr.strip()
    raise ClusterError(f"PostgreSQL could not set up its folder {draft} as {account.name}: {said}")


def _major_of(place: Place) -> int | None:
    try:
        return int((place.data / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def _password(settings: Settings) -> str:
    return read_private(settings.home / "superuser.password").decode()


def _log(home: Path) -> Path:
    log = home / "postgres.log"
    if log.exists() and log.stat().st_size > _LARGEST_LOG:
        log.unlink()
    log.touch(mode=0o600)
    return log


def _try_lock(home: Path) -> BinaryIO | None:
    """Take the keeper's lock; ``None`` if somebody has it. The system frees it when the process ends."""
    file = os.fdopen(os.open(home / "keeper.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file
