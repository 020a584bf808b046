"""``comity backup`` and ``comity restore``: a node's database kept elsewhere, and put back as it was at any moment."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from comity.cli.failing import Misused
from comity.cli.opening import node
from comity.gate.keys import load_or_create
from comity.intake.epochs import BACKUPS_KEPT
from comity.store import Settings
from comity.store.backup import back_up
from comity.store.backup import restore as put_back


def backup(folder: Path) -> None:
    """Back the node's database up into FOLDER while it runs, and keep its log there from now on, for any later moment.

    All of it is sealed under the node's keys. Backups are kept for 35 days and then removed, the last one excepted.
    Take one each night; FOLDER is best on another disk, and copied to another place.
    """
    with node() as opened:
        made = back_up(opened.store, folder.absolute(), load_or_create(opened.keyring), BACKUPS_KEPT)
        home, name, head, number = opened.settings.home, opened.name, opened.ledger_head, opened.ledger_number
    (folder / "name").write_text(f"{name}\n", encoding="utf-8")
    print(
        f"The database of {name} as of {made.ended_at:%Y-%m-%d %H:%M:%S} UTC is in {made.path}, sealed; it was checked."
    )
    print(f"What is written from now on is kept in {folder / 'wal'}, within five minutes, whenever the node runs.")
    print(f"Both are removed when {BACKUPS_KEPT.days} days have passed: let copies that you make last no longer.")
    print("\n".join([
        "", "NOT in it, so that who finds the backup reads nothing:",
        f"  {home / 'keys'}         without these keys THE BACKUP DOES NOT OPEN, and the ledger cannot be signed",
        f"  {head}  what was signed last: the newest copy tells a restored ledger that it is behind",
        *([f"  {home / 'ledger.number'}  which ledger is in use, since one was renewed"] if number > 1 else []),
        f"Keep a copy of each apart from the backup, encrypted, and of {head.name} a new one as often as you can.",
    ]))  # fmt: skip


def restore(folder: Path, *, to: str | None = None) -> None:
    """Restore the database from FOLDER into a COMITY_HOME that has keys alone, as of a moment or the end of the log.

    Parameters
    ----------
    to
        The moment, like 2026-11-27T14:05:00+01:00; without a zone it is in UTC.
    """
    settings, moment = Settings.from_environment(os.environ), _moment(to)
    keyring = settings.key_file("record.keys")
    if not keyring.exists():
        raise Misused(f"The backup is sealed. Put your copy of the folder keys into {settings.home} first.")
    made = put_back(settings, folder.absolute(), load_or_create(keyring), moment)
    name = folder / "name"
    if name.is_file() and not (settings.home / "name").exists():
        descriptor = os.open(settings.home / "name", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(name.read_text(encoding="utf-8").strip())
    print(f"The database is in {settings.home}, from the backup of {made.ended_at:%Y-%m-%d %H:%M:%S} UTC"
          f"{f' and its log up to {to}' if to else ' and all of its log'}.")  # fmt: skip
    missing = _missing(settings.home)
    if missing:
        print(f"Before you start it, put {' and '.join(missing)} back into {settings.home} from your copies.")
    print("If the ledger has signed more than this database holds, it does not sign until that is settled, and nothing"
          " leaves: see docs/how-to/back-up-and-restore.md.")  # fmt: skip


def _missing(home: Path) -> list[str]:
    """Return what else a node needs, and does not have yet; a renewed ledger's files bear its number."""
    heads = {it.name for it in home.glob("ledger*.head")}
    wanted = ["keys", *([] if heads else ["ledger.head"]), *(["ledger.number"] if heads - {"ledger.head"} else [])]
    return [each for each in wanted if not (home / each).exists()]


def _moment(said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Misused(f"{said!r} is no moment. Write one like 2026-11-27T14:05:00+01:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
