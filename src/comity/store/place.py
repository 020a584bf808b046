"""Where a node's own cluster lives: a private folder that the account it runs as can reach.

That is a folder of the home where possible. A home below a folder which the account may not enter (a clone in
``/root``) has its cluster in :data:`ELSEWHERE`, under a random name that the home remembers.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from comity.store.account import Account, may_enter
from comity.store.errors import ClusterError
from comity.store.private import read_private, write_private

ELSEWHERE = Path("/var/lib/comity")
_LONGEST_SOCKET = 107  # bytes of sun_path in Linux's sockaddr_un, less the closing zero
_SOCKET_NAME = "/.s.PGSQL.5432"
_LISTED = re.compile(r'[,"]').search  # PostgreSQL and its clients read lists of such folders: these would end a name
_RECORD = "postgres.json"


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of a cluster; ``root`` and ``socket`` are 0700 and belong to the account it runs as."""

    root: Path
    socket: Path

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.root / "data"


def make_home(home: Path, account: Account | None = None) -> None:
    """Make the home; another account may pass through it (not list it) to reach the cluster inside.

    Raises :class:`ClusterError` where there can be none.
    """
    if any(letter < " " or "\ud800" <= letter <= "\udfff" for letter in str(home)):
        raise ClusterError(f"The name of the folder {str(home)!r} is no text. Set COMITY_HOME to another.")
    try:
        home.mkdir(mode=0o711 if account and account.is_other else 0o700, parents=True, exist_ok=True)
    except OSError as refusal:
        raise ClusterError(
            f"The folder {home} cannot be made: {refusal.strerror}. Set COMITY_HOME to one that can."
        ) from refusal


def prepare_place(home: Path, account: Account) -> Place:
    """Return the place of the cluster of ``home``, chosen and made ready; for one process at a time."""
    root = _recorded(home, "root")
    if root is None:
        root = _choose_root(home, account)
        _record(home, root=root)
    _make_private(root.resolve(), account)  # a person may have put it on another disk
    write_private(root / "home", f"{home}\n".encode(), replace=True)  # for who finds the folder and asks whose it is
    socket = _recorded(home, "socket")
    if socket is None or not _is_private(socket, account):
        socket = _choose_socket(root, account)
        _record(home, root=root, socket=socket)
    return Place(root, socket)


def recorded_place(home: Path) -> Place | None:
    """Return the place the home remembers, or ``None`` if it has no cluster."""
    root, socket = _recorded(home, "root"), _recorded(home, "socket")
    return Place(root, socket or root / "socket") if root else None


def _choose_root(home: Path, account: Account) -> Path:
    if may_enter(account, home):
        return home / "postgres"
    ELSEWHERE.mkdir(mode=0o711, parents=True, exist_ok=True)
    return ELSEWHERE / secrets.token_hex(8)


def _choose_socket(root: Path, account: Account) -> Path:
    folder = root / "socket"
    if len(os.fsencode(folder)) + len(_SOCKET_NAME) > _LONGEST_SOCKET or _LISTED(str(folder)):
        folder = Path(tempfile.mkdtemp(prefix="comity-", dir=_short_folder(account)))
    _make_private(folder, account)
    return folder


def _short_folder(account: Account) -> Path:
    run = Path("/run")
    return run if run.is_dir() and os.access(run, os.W_OK) and may_enter(account, run) else Path("/tmp")  # noqa: S108 - mkdtemp makes a private folder in it


def _make_private(folder: Path, account: Account) -> None:
    """Give the folder to the account and close it to others, unless something else has been put in its place.

    What lies inside the cluster's folder is the account's to change, and we may be root: a link is never followed.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (FileExistsError, NotADirectoryError):
        raise ClusterError(f"{folder} is not a folder. Find out who put it there, and remove it.") from None
    try:
        if account.is_other:
            os.fchown(descriptor, account.uid, account.gid)
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def _is_private(folder: Path, account: Account) -> bool:
    """Whether the folder is there, and nobody else can have put a socket of theirs into it."""
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return False
    return folder.is_dir() and not folder.is_symlink() and status.st_uid == account.uid and not status.st_mode & 0o077


def _recorded(home: Path, what: str) -> Path | None:
    try:
        value = json.loads(read_private(home / _RECORD)).get(what)
    except FileNotFoundError:
        return None
    return Path(value) if value else None


def _record(home: Path, **paths: Path) -> None:
    text = json.dumps({name: str(path) for name, path in paths.items()}, indent=1)
    write_private(home / _RECORD, text.encode(), replace=True)
