"""The unprivileged account PostgreSQL runs as: it refuses root, and root is what many a container is."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from comity.store.errors import NoAccountError

# initdb looks its user up in the password file, so a bare number will not do. The first that exists is taken.
CANDIDATES = ("postgres", "nobody", "daemon")


class ProcessOptions(TypedDict, total=False):
    """What :class:`subprocess.Popen` needs to start a program as somebody else."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether it is not the one we run as."""
        return self.uid != os.geteuid()

    def process_options(self) -> ProcessOptions:
        """Return the options that start a program as this account, without our groups."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def serving_account() -> Account:
    """Return the account PostgreSQL is to run as: ours, unless we are root. Raises :class:`NoAccountError`."""
    uid = os.geteuid()
    if uid != 0:
        try:
            return _account(pwd.getpwuid(uid))
        except KeyError:
            raise NoAccountError(
                f"PostgreSQL asks for the name of who runs it, and this machine has no account of number {uid}. "
                f"Make one (useradd --uid {uid} comity), run Comity as a user that has a name, or set COMITY_DSN."
            ) from None
    for name in CANDIDATES:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise NoAccountError(
        f"PostgreSQL does not run as root, and this machine has none of the accounts {', '.join(CANDIDATES)}. "
        "Create one (useradd --system postgres), or run Comity as another user."
    )


def may_enter(account: Account, folder: Path) -> bool:
    """Whether the account may pass through ``folder`` and each folder above it, going by their modes."""
    real = folder.resolve()
    return all(_may_pass(account, step.stat()) for step in (real, *real.parents))


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _may_pass(account: Account, status: os.stat_result) -> bool:
    if account.uid == 0:
        return True
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
