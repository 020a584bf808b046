"""A node's own PostgreSQL backed up while it runs, and restored to any moment since.

Rules:

1. A backup folder holds base backups, each whole or not there, and beside them the log (WAL) that PostgreSQL has
   written since the first of them: together every moment from the end of a base backup to the end of the log.
2. A base backup is PostgreSQL's own (``pg_basebackup``, with a manifest), and is checked (``pg_verifybackup``) before
   it is sealed and gets its name, the moment at which it ended; and again when it was restored.
3. From the first backup on the server copies each piece of its log into that folder, at the latest
   :data:`comity.store.postmaster.ARCHIVE_SECONDS` after something was written. A piece that cannot be copied is kept
   and tried again, so a full or lost folder shows as a growing log, never as a hole.
4. **All of it is sealed** (:mod:`comity.store.sealed`) under the node's current epoch, so that nobody opens it once
   that epoch's key is destroyed. **No key and no password is in it**: the cluster holds password verifiers alone.
   Backups are removed when they are older than they are kept, with the log that only they need; never the last one.
5. A restore goes into a home without a cluster, makes new passwords for every role, and touches no other file there.
   Until those are in place the server can be reached through its own private socket alone. It takes the node's keys.
6. A restore that fails leaves no cluster behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from comity.store import postmaster
from comity.store.account import Account, serving_account
from comity.store.backup_log import SEALED, drafted, open_log, remove_log, seal_log
from comity.store.binaries import Binaries, copy_for, find_binaries
from comity.store.cluster import SUPERUSER, Cluster, keeping
from comity.store.errors import BackupError
from comity.store.models import DATABASE, Settings
from comity.store.place import Place, make_home, prepare_place, recorded_place
from comity.store.private import write_private
from comity.store.provision import renew_passwords
from comity.store.queries import load_queries
from comity.store.sealed import PIECE, Keys, Opening, Sealing, said_of
from comity.store.store import Store

_QUERIES: Final = load_queries("comity.store")
_NAMED: Final = f"base-%Y%m%dT%H%M%S.%fZ{SEALED}"
_STARTS: Final = re.compile(r"^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)$", re.MULTILINE)
_DRAFT: Final = ".base-"
_RESTORE_SECONDS: Final = 6 * 3600.0  # a log of days is replayed in minutes to hours
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Backup:
    """One base backup: its file, and the moment from which on everything can be restored."""

    path: Path
    ended_at: datetime


def backups_in(folder: Path) -> list[Backup]:
    """Return the base backups of a backup folder, oldest first."""
    found = []
    for each in folder.glob("base-*"):
        with contextlib.suppress(ValueError):
            found.append(Backup(each, datetime.strptime(each.name, _NAMED).replace(tzinfo=UTC)))
    return sorted(found, key=lambda it: it.ended_at)


@dataclass(frozen=True, slots=True)
class Archiving:
    """Where the log is kept, and whether the last piece of it could be."""

    folder: Path
    well: bool


def archiving(store: Store) -> Archiving | None:
    """Return how the keeping of the log goes; ``None`` if it was never asked for, or is somebody else's."""
    wal = log_folder(store)
    if wal is None:
        return None
    with psycopg.connect(store.admin) as conn:
        row = conn.execute(_QUERIES.archived_well).fetchone()
    return Archiving(wal, bool(row and row[0]))


def log_folder(store: Store) -> Path | None:
    """Return the folder in which the log is kept; ``None`` if that was never asked for, or is somebody else's."""
    link = store.cluster.place.root / postmaster.ARCHIVE if store.cluster else None
    return link.readlink() if link is not None and link.is_symlink() else None


def all_under(store: Store, epoch: int) -> Path | None:
    """Return the folder of the node's backups if there are some, and none opens without the key of this epoch."""
    wal = log_folder(store)
    made = backups_in(wal.parent) if wal else []
    needed = made and all(said_of(it.path).get("epoch") == str(epoch) for it in made)
    return wal.parent if wal and needed else None


# ---- backing up -----------------------------------------------------------------------------------------------------


def back_up(store: Store, folder: Path, keys: Keys, kept: timedelta) -> Backup:
    """Take a base backup into ``folder``, have the log kept there from now on, and remove what is older than ``kept``.

    Raises :class:`BackupError`: for a server that is not ours, a folder that cannot be used, a tool that fails.
    """
    cluster = store.cluster
    if cluster is None:
        raise BackupError(
            "This node's PostgreSQL is that of COMITY_DSN. Back it up where it runs, by the means of whoever runs it: "
            "pg_basebackup with WAL archiving, or pgBackRest, Barman or the provider's own. Keep the node's home too."
        )
    account = serving_account()
    binaries = _binaries(account, cluster.place)
    _make_folder(folder, account)
    with _alone(cluster.place):
        _archive_into(cluster.place, folder / "wal")
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=cluster.place.root))
        try:
            _take(cluster, binaries, draft / "base")
            ended_at = _moment(cluster)
            named = folder / ended_at.strftime(_NAMED)
            _seal(draft / "base", named, keys)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        seal_log(folder / "wal", keys)
        prune(folder, ended_at - kept)
    return Backup(named, ended_at)


def prune(folder: Path, before: datetime) -> list[Backup]:
    """Remove the base backups that ended before a moment, but never the last, and the log that only they need."""
    found = backups_in(folder)
    old = [it for it in found[:-1] if it.ended_at < before]
    for it in old:
        it.path.unlink()
    left = backups_in(folder)
    start = said_of(left[0].path).get("starts") if left else None
    if start:
        remove_log(folder / "wal", start)
    return old


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """Be the only one who takes a backup of this node; what one that was killed left in plain is removed."""
    with (place.root / "backup.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupError("A backup of this node is being taken already. Wait until it is done.") from None
        for left in place.root.glob(f"{_DRAFT}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _seal(base: Path, named: Path, keys: Keys) -> None:
    """Seal a base backup into one file, which says in plain with which piece of the log it begins."""
    said = {"starts": _start(base)}
    with drafted(named) as file:
        sealing = Sealing(file, keys, said)
        with tarfile.open(mode="w|", fileobj=cast("IO[bytes]", sealing), bufsize=PIECE) as tar:
            tar.add(base, arcname=".")
        sealing.close()


def _start(base: Path) -> str:
    found = _STARTS.search((base / "backup_label").read_text())
    if found is None:
        raise BackupError("The base backup does not say where in the log it begins. Take it again.")
    return found[1]


def _make_folder(folder: Path, account: Account) -> None:
    """Make the folder, closed to others, with one for the log in it that PostgreSQL's account writes to."""
    try:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        wal = folder / "wal"
        wal.mkdir(mode=0o700, exist_ok=True)
        if account.is_other:
            os.chown(wal, account.uid, account.gid, follow_symlinks=False)
    except OSError as refusal:
        raise BackupError(f"{folder} cannot be used: {refusal.strerror}. Name a folder on another disk.") from refusal


def _archive_into(place: Place, wal: Path) -> None:
    """Point the server's link to where its log is kept at ``wal``: it is looked at for each piece (rule 3)."""
    link, wal = place.root / postmaster.ARCHIVE, wal.resolve()
    if link.is_symlink() and link.readlink() != wal:
        raise BackupError(
            f"The log of this node is kept in {link.readlink()}. Back up into the folder above that, or, to begin "
            f"anew elsewhere, remove the link {link} first."
        )
    with contextlib.suppress(FileExistsError):
        link.symlink_to(wal)


def _take(cluster: Cluster, binaries: Binaries, into: Path) -> None:
    parts = conninfo_to_dict(cluster.conninfo())
    with _password_file(str(parts["password"])) as passwords:
        command = [
            *(binaries.program("pg_basebackup"), "--pgdata", str(into), "--checkpoint=fast", "--wal-method=stream"),
            *("--host", str(parts["host"]), "--port", str(parts["port"]), "--username", SUPERUSER),
            *("--no-password", "--manifest-checksums=SHA256"),
        ]
        _run(command, {"PGPASSFILE": str(passwords)}, "The base backup was not taken")
    _run([binaries.program("pg_verifybackup"), "--quiet", str(into)], {}, "The base backup is not as its manifest says")


@contextmanager
def _password_file(password: str) -> Iterator[Path]:
    """Lend a file that holds the password, for its owner alone: no argument and no environment shows it."""
    with tempfile.TemporaryDirectory(prefix="comity-") as folder:
        path = Path(folder) / "pgpass"
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        write_private(path, f"*:*:*:*:{escaped}\n".encode())
        yield path


def _run(command: list[str], environment: Mapping[str, str], failed: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the command is ours
            command,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath, **environment},
            capture_output=True,
            text=True,
            check=False,
            umask=0o077,
        )
    except FileNotFoundError:
        raise BackupError(
            f"{command[0]} is not there. Install PostgreSQL's client programs of the server's version."
        ) from None
    if done.returncode != 0:
        raise BackupError(f"{failed}: {done.stderr.strip() or done.stdout.strip()}")


def _moment(cluster: Cluster) -> datetime:
    """Return the moment on the server's clock, by which its log's commits are timed."""
    with psycopg.connect(cluster.conninfo()) as conn:
        row = conn.execute(_QUERIES.moment).fetchone()
    if row is None:
        raise RuntimeError("the server has no clock")
    moment: datetime = row[0]
    return moment.astimezone(UTC)


def _binaries(account: Account, place: Place) -> Binaries:
    major = int((place.data / "PG_VERSION").read_text())
    return copy_for(account, find_binaries(account, major), place.root)


# ---- restoring ------------------------------------------------------------------------------------------------------


def restore(settings: Settings, folder: Path, keys: Keys, to: datetime | None = None) -> Backup:
    """Restore the cluster into a home that has none, as it was at the moment ``to`` or at the end of the log.

    Returns the base backup that it started from. Raises :class:`BackupError`.
    """
    if settings.dsn:
        raise BackupError("COMITY_DSN names a server: restore it where it runs, with the means it is backed up with.")
    if recorded_place(settings.home) is not None:
        raise BackupError(f"{settings.home} has a cluster already. Set COMITY_HOME to an empty folder.")
    chosen = _choose(folder, to)
    account = serving_account()
    make_home(settings.home, account)
    with keeping(settings):
        place = prepare_place(settings.home, account)
        try:
            start = _open(chosen, account, place, keys)
            open_log(folder / "wal", keys, start, place.root / "wal")
            _restore(settings, account, place, to)
        except BaseException:
            for each in (place.socket, place.root):
                shutil.rmtree(each, ignore_errors=True)
            (settings.home / "postgres.json").unlink(missing_ok=True)
            raise
    return chosen


def _choose(folder: Path, to: datetime | None) -> Backup:
    """Return the last base backup that ended by then."""
    found = backups_in(folder)
    if not found:
        raise BackupError(f"{folder} holds no backup. Name the folder that was given to `comity backup`.")
    fit = [it for it in found if to is None or it.ended_at <= to]
    if not fit:
        raise BackupError(f"The oldest backup in {folder} is of {found[0].ended_at.isoformat()}. Name a later moment.")
    return fit[-1]


def _open(chosen: Backup, account: Account, place: Place, keys: Keys) -> str:
    """Open a base backup into the data folder, check it, and return with which piece of the log it begins."""
    with chosen.path.open("rb") as file:
        opening = Opening(file, keys, chosen.path.name)
        with tarfile.open(mode="r|", fileobj=cast("IO[bytes]", opening), bufsize=PIECE) as tar:
            tar.extractall(place.data, filter="data")
        while opening.read(PIECE):  # whoever cuts the end off is seen there
            pass
    checking = [_binaries(account, place).program("pg_verifybackup"), "--quiet", str(place.data)]
    _run(checking, {}, "The base backup is not as its manifest says")
    return _start(place.data)


def _restore(settings: Settings, account: Account, place: Place, to: datetime | None) -> None:
    (place.root / "recovery.hba").write_text(f"local all {SUPERUSER} trust\n")  # the socket's folder is private
    (place.data / "recovery.signal").touch()
    _give_to(account, place.root)
    until = {"recovery_target_time": to.isoformat()} if to else {}
    recovering = {
        "restore_command": "cp ../wal/%f %p",
        "recovery_target_action": "promote",
        "recovery_target_timeline": "latest",
        "hba_file": str(place.root / "recovery.hba"),
        **until,
    }
    log = settings.home / "postgres.log"
    log.touch(mode=0o600)
    pid = postmaster.start(place, account, _binaries(account, place), log, recovering)
    try:
        _wait_until_recovered(place, log)
        passwords = renew_passwords(make_conninfo(_trusted(place), dbname=DATABASE), SUPERUSER, settings.home)
        write_private(settings.home / "superuser.password", passwords.encode(), replace=True)
    finally:
        postmaster.stop(place, pid)
    shutil.rmtree(place.root / "wal")
    (place.root / "recovery.hba").unlink()


def _give_to(account: Account, folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o700 if path.is_dir() else 0o600)
        if account.is_other:
            os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _trusted(place: Place) -> str:
    return make_conninfo("", host=str(place.socket), port=postmaster.PORT, user=SUPERUSER, dbname="postgres")


def _wait_until_recovered(place: Place, log: Path) -> None:
    """Wait until the log is replayed and the server takes writes; it ends by itself if it cannot get that far."""
    deadline = time.monotonic() + _RESTORE_SECONDS
    while time.monotonic() < deadline:
        if postmaster.running(place) is None:
            break
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(_trusted(place)) as conn:
            if conn.execute(_QUERIES.is_recovering).fetchone() == (False,):
                return
        time.sleep(_POLL_SECONDS)
    raise BackupError(
        f"The log does not reach the moment asked for, or cannot be read. Name an earlier one. See the end of {log}."
    )
