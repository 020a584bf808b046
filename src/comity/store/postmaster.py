"""Start PostgreSQL's postmaster, see whether one runs, and stop it: by its process id, never by a name.

1. What runs is found by ``postmaster.pid`` and believed only if that process works in our data folder, because the
   number may have passed to a stranger since a crash.
2. Nothing is started while any process still works in the data folder: two servers on one folder ruin it.
3. Stopping is a fast shutdown that is waited for; data are safe also if it is not (PostgreSQL recovers).
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from comity.store.account import Account
from comity.store.binaries import Binaries
from comity.store.errors import ClusterError
from comity.store.place import Place

START_SECONDS = 120.0  # recovery after a crash replays what was written since the last checkpoint
STOP_SECONDS = 60.0
LEFTOVER_SECONDS = 20.0  # a server process notices that its postmaster is gone within seconds
PORT = 5432  # only a part of the socket's name, but said, because PGPORT might say otherwise
_POLL_SECONDS = 0.02
_SOCKET_LINE, _STATUS_LINE = 4, 7  # of postmaster.pid, counted from 0
_PROCESSES = Path("/proc")

ARCHIVE = "archive"  # beside the data folder: a link to where the log is kept, once `comity backup` was asked for
ARCHIVE_SECONDS = 300  # of work are lost at most if the disk is: a piece of the log is 16 MB, however little is in it

# What the server runs for each piece of its log, in its data folder: nothing while no backup was asked for; else a copy
# that has its name once it is whole and on disk. One that is there already, the same, was copied before a crash.
_ARCHIVING = (
    f"test ! -L ../{ARCHIVE} || cmp -s %p ../{ARCHIVE}/%f || {{ test ! -e ../{ARCHIVE}/%f && "
    f"cp %p ../{ARCHIVE}/%f.part && sync ../{ARCHIVE}/%f.part && mv ../{ARCHIVE}/%f.part ../{ARCHIVE}/%f; }}"
)

# Said on the command line, so that a change of ours needs no editing of files in the data folder.
TUNING: Mapping[str, str] = {
    "listen_addresses": "",  # no TCP: nothing but the 0700 socket folder leads in
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "archive_mode": "on",
    "archive_command": _ARCHIVING,
    "archive_timeout": str(ARCHIVE_SECONDS),
    "wal_compression": "off",  # on would cost more than all else of a small write: each touches many pages
    "synchronous_commit": "on",  # a disclosure is on disk before it is released
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # costs more than it saves on short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",  # the log is no second copy of the record:
    "log_min_error_statement": "panic",  # not the statement of an error,
    "log_error_verbosity": "terse",  # nor its detail, which quotes the row,
    "log_parameter_max_length": "0",  # nor parameters
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}


def running(place: Place) -> int | None:
    """Return the process id of the postmaster that serves the data folder, or ``None``."""
    lines = _pid_file(place)
    if not lines or not lines[0].isdigit():
        return None
    pid = int(lines[0])
    _reap(pid)
    return pid if _works_in(pid, place.data) else None


def is_ready(place: Place) -> bool:
    """Whether the postmaster says it takes connections."""
    lines = _pid_file(place)
    return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"


def serves_socket(place: Place) -> bool:
    """Whether the postmaster's socket is in the place's folder, and not in one given up or tidied away since."""
    lines = _pid_file(place)
    there = (place.socket / f".s.PGSQL.{PORT}").is_socket()
    return there and len(lines) > _SOCKET_LINE and lines[_SOCKET_LINE] == str(place.socket)


def start(place: Place, account: Account, binaries: Binaries, log: Path, tuning: Mapping[str, str]) -> int:
    """Start PostgreSQL and wait until it takes connections; return its process id."""
    _wait_until_deserted(place)
    settings = {**TUNING, **tuning, "unix_socket_directories": str(place.socket)}
    command = [binaries.program("postgres"), "-D", str(place.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=place.root,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            start_new_session=True,  # Ctrl-C is for us; we stop it in order
            umask=0o077,
            **account.process_options(),
        )
    try:
        _wait_until_ready(place, process, log)
    except BaseException:  # Ctrl-C included: nobody else knows that it was started
        _give_up(process)
        raise
    return process.pid


def stop(place: Place, pid: int) -> None:
    """Stop the postmaster and wait until it is gone; :class:`ClusterError` if it will not go."""
    for sent, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS / 4)):
        if running(place) != pid:
            return
        os.kill(pid, sent)
        if _gone(place, pid, seconds):
            return
    raise ClusterError(f"PostgreSQL (process {pid}) does not stop. Look at what it does before ending it by hand.")


def _wait_until_ready(place: Place, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ClusterError(f"PostgreSQL did not start. The end of {log} says:\n{_tail(log)}")
        lines = _pid_file(place)
        if lines and lines[0] == str(process.pid) and is_ready(place):
            return
        time.sleep(_POLL_SECONDS)
    raise ClusterError(f"PostgreSQL was not ready within {START_SECONDS:.0f} s. See {log}.")


def _give_up(process: subprocess.Popen[bytes]) -> None:
    """Stop a server that never took connections."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()


def _wait_until_deserted(place: Place) -> None:
    """Wait for the server processes of a killed postmaster to leave, then clear away its pid file."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while left := list(_working_in(place.data)):
        if time.monotonic() > deadline:
            numbers = ", ".join(map(str, left))
            raise ClusterError(f"Processes still work in {place.data}: {numbers}. End them, or let them leave it.")
        time.sleep(_POLL_SECONDS)
    if _PROCESSES.is_dir():  # elsewhere we cannot see who works there, and leave it to PostgreSQL's own check
        (place.data / "postmaster.pid").unlink(missing_ok=True)


def _gone(place: Place, pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _works_in(pid, place.data):  # it deletes its pid file a moment before it is gone
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
        _reap(pid)
    return True


def _reap(pid: int) -> None:
    """Take leave of an ended child: a zombie still answers to its number."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _pid_file(place: Place) -> list[str]:
    try:
        return (place.data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []


def _working_in(folder: Path) -> Iterator[int]:
    if not _PROCESSES.is_dir():
        return
    for entry in _PROCESSES.iterdir():
        if entry.name.isdigit() and _works_in(int(entry.name), folder):
            _reap(int(entry.name))
            yield int(entry.name)


def _works_in(pid: int, folder: Path) -> bool:
    """Whether the process's current folder is ``folder``; PostgreSQL's processes stay in their data folder."""
    if not _PROCESSES.is_dir():
        return _exists(pid)
    try:
        return (_PROCESSES / str(pid) / "cwd").readlink() == folder.resolve()
    except OSError:  # it is gone, a zombie, or another user's
        return False


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _tail(log: Path, lines: int = 12) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
