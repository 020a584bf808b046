"""``comity status`` and ``comity doctor``: how the node is, and what is wrong with this machine or set-up."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from comity import ledger, vocabulary
from comity.agreements.register import register
from comity.cli.failing import UNAVAILABLE, Failed, told
from comity.cli.opening import node, now
from comity.cli.reviews import open_reviews, overdue_agreements
from comity.intake.glance import glance
from comity.ledger.store import ages, backlog
from comity.node import Node, open_node
from comity.store import Role, Settings
from comity.store.backup import archiving

LEAST_DISK: Final = 2 * 2**30
"""Bytes free below which a load may fill the disk: an empty cluster, its WAL and a small chain take half of it."""


def status() -> None:
    """Say how the node is: its sources, people, agreements and ledger."""
    with node() as opened:
        print(f"Node      {opened.name}, in {opened.settings.home}")
        for line in (*_sources(opened), *_agreements(opened), *_ledger(opened)):
            print(line)


def _sources(opened: Node) -> Iterator[str]:
    with opened.store.connect(Role.INTAKE) as conn:
        seen = glance(conn)
    for it in seen.sources:
        held = f", {it.held:,} held" if it.held else ""
        counts = f"{it.delivered:,} delivered, {it.admitted:,} admitted{held}"
        yield f"Source    {it.source}: {counts}, last {it.latest:%Y-%m-%d %H:%M}"
    yield f"People    {seen.records:,} records of people are {seen.persons:,} persons"


def _agreements(opened: Node) -> Iterator[str]:
    with opened.store.connect(Role.GOVERNANCE) as conn:
        entries = register(conn, opened.vocabulary, now())
    for entry in entries:
        yield f"Agreement {entry.name}@{entry.version}: {entry.status.en.lower()}"
    found = open_reviews(opened)
    if found:
        yield f"Reviews   {len(found):,} open, {sum(it.overdue for it in found):,} overdue"


def _ledger(opened: Node) -> Iterator[str]:
    with opened.store.connect(Role.GATE) as conn:
        newest = ledger.head(conn)
    if newest is None:
        yield "Ledger    nothing signed yet"
    else:
        yield f"Ledger    {newest.checkpoint.size:,} lines, signed {newest.signed_at:%Y-%m-%d %H:%M:%S}"
    with opened.store.connect(Role.LEDGER) as conn:
        behind, closed = backlog(conn), ages(conn).is_past()
    if closed:
        yield "          it is behind its limit, and nothing leaves until it has caught up: `comity ledger limits`"
    if behind.waiting:
        yield f"          {behind.waiting:,} lines wait to be numbered; `comity up` numbers them"
    if behind.refused:
        yield f"          {behind.refused:,} rows could not become lines; the table ledger.refused says why"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, what was found, and what to do if it is not."""

    well: bool
    what: str
    mend: str = ""


def doctor() -> None:
    """Say what is wrong with this machine or set-up, and what to do about it."""
    settings = Settings.from_environment(os.environ)
    findings = [*_machine(settings), *_secrets(settings.home), *_words(), *_store(settings)]
    for finding in findings:
        print(f"{'ok   ' if finding.well else 'WRONG'} {finding.what}")
        if not finding.well:
            print(f"      {finding.mend}")
    if not all(finding.well for finding in findings):
        raise Failed(UNAVAILABLE)


def _machine(settings: Settings) -> Iterator[Finding]:
    version = platform.python_version()
    yield Finding(sys.version_info >= (3, 11), f"Python {version}", "Install Python 3.11 or newer.")
    there = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(there).free
    yield Finding(
        free >= LEAST_DISK,
        f"{free / 2**30:.1f} GiB free where the node lives ({settings.home})",
        f"Free {LEAST_DISK / 2**30:.0f} GiB there, or set COMITY_HOME to a folder with more room.",
    )
    writable = os.access(there, os.W_OK)
    yield Finding(writable, f"{there} can be written to", "Set COMITY_HOME to a folder that you may write to.")


def _secrets(home: Path) -> Iterator[Finding]:
    for path in sorted((home / "keys").rglob("*")) if (home / "keys").is_dir() else []:
        if path.is_file():
            private = not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
            yield Finding(private, f"only you can read {path.name}", f"Run: chmod 600 {path}")


def _words() -> Iterator[Finding]:
    try:
        words = vocabulary.load()
    except vocabulary.errors.VocabularyError as error:
        yield Finding(well=False, what="the vocabulary", mend=str(error))
    else:
        yield Finding(well=True, what=f"the vocabulary, version {words.version}")


def _reviewed(opened: Node) -> Iterator[Finding]:
    """Yield whether anything that had to be looked at by now still waits; overdue is a failure, not a remark."""
    late = [it for it in open_reviews(opened) if it.overdue]
    yield Finding(
        not late,
        f"{len(late):,} reviews of uses are overdue" if late else "no review of a use is overdue",
        "Have them done on the page Reviews; `comity reviews --overdue` says which, and whose they are.",
    )
    for name, day in overdue_agreements(opened, now()):
        mend = "Propose the next version, or suspend this one: `comity agreement --help`."
        yield Finding(well=False, what=f"{name} was to be reviewed by {day}", mend=mend)


def _archived(opened: Node) -> Iterator[Finding]:
    """Yield whether what PostgreSQL writes is kept for a restore, where a backup was ever asked for."""
    kept = archiving(opened.store)
    if kept is not None:
        what = "what PostgreSQL writes is kept in the folder of the backup"
        log = opened.settings.home / "postgres.log"
        mend = f"See that {kept.folder} is there and has room; until then the log grows. {log} says why."
        yield Finding(kept.well, what, mend)


def _store(settings: Settings) -> Iterator[Finding]:
    try:
        with open_node(settings) as opened, opened.store.connect(Role.OWNER) as conn:
            row = conn.execute("show server_version").fetchone()
            yield Finding(well=True, what=f"PostgreSQL {row[0] if row else '?'} starts, and its tables are up to date")
            yield from _reviewed(opened)
            yield from _archived(opened)
    except Exception as error:
        words = told(error)
        if words is None:
            raise
        yield Finding(well=False, what="PostgreSQL", mend=words)
