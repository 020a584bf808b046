"""``comity source``: check and try a mapping, pull a system, look at what is held."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from comity import vocabulary
from comity.cli.failing import DATA, NO_INPUT, Failed
from comity.cli.opening import node, now
from comity.intake.check import check_mapping
from comity.intake.glance import glance
from comity.intake.intake import Intake
from comity.intake.mapping import parse, read_text
from comity.intake.models import Fault, Mistake, Outcome
from comity.intake.steward import quarantine
from comity.intake.trial import try_mapping
from comity.store import Role

app = App(name="source", help="Connect the systems that agencies have.")

MOST_FAULTS = 20  # told of a trial: what a screen holds

Mapping = Annotated[Path, Parameter(help="The mapping's file.")]


@app.command
def check(mapping: Mapping) -> None:
    """Say what is wrong with a mapping file, line by line; nothing, if nothing is."""
    mistakes = check_mapping(mapping, vocabulary.load())
    _refuse(mapping, mistakes)
    print(f"{mapping.name} is right.")


@app.command
def pull(mapping: Mapping, *, base: Path | None = None) -> None:
    """Take in what is new or changed at a source.

    Parameters
    ----------
    base
        The folder from which the source's paths are meant; the working folder, if not given.
    """
    _refuse_mistakes(mapping)
    read = parse(read_text(mapping), mapping.name)
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        intake = Intake.open(conn, opened.vocabulary, opened.keyring)
        outcome = intake.pull(read, base or Path.cwd(), progress=_tell_progress)
    print(f"{read.name}: {outcome}")


@app.command
def replay(mapping: Mapping) -> None:
    """Try everything that is held of a source again, with its mended mapping."""
    _refuse_mistakes(mapping)
    read = parse(read_text(mapping), mapping.name)
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        outcome = Intake.open(conn, opened.vocabulary, opened.keyring).replay(read)
    print(f"{read.name}: {outcome}")


def _refuse_mistakes(path: Path) -> None:
    _refuse(path, check_mapping(path, vocabulary.load()))


def _refuse(path: Path, mistakes: Sequence[Mistake]) -> None:
    if mistakes:
        print(f"{path.name}:", *mistakes, sep="\n")
        raise Failed(DATA)


def _tell_progress(so_far: Outcome, _: int | None) -> None:
    print(f"  {so_far.delivered:,} so far", end="\r", flush=True, file=sys.stderr)


@app.command(name="try")
def try_(mapping: Mapping, file: Path, *, records: bool = False) -> None:
    """Show what a mapping would do with a file. Nothing is written, and no database is needed.

    Parameters
    ----------
    file
        The file to read in the place of the mapping's own, or the folder that holds it.
    records
        Show the records of the first messages too. They are personal data: mind who reads your screen.
    """
    _refuse_mistakes(mapping)
    report = try_mapping(mapping, file, vocabulary.load(), now())
    print(f"{report.mapping}: {report.outcome}")
    for block, count in report.records.items():
        print(f"  {count:,} of {block}")
        for (owner, name), filled in report.filled.items():
            if owner == block:
                print(f"    {name}: {100 * filled / count:.0f} % filled")
    if report.repeated_keys:
        print(f"  {report.repeated_keys:,} messages have the key of another: the later one takes its place")
    _tell_faults(report.faults)
    for example in report.examples if records else ():
        print(f"\n{example.place}")
        for record in example.mapped.records:
            values = ", ".join(f"{name}: {value}" for name, value in record.values.items())
            print(f"  {record.block}: {values}")


@app.command
def held(source: str | None = None, *, page: int = 1) -> None:
    """List what is held, with every fault, its place and how to mend it."""
    with node() as opened, opened.store.connect(Role.INTAKE) as conn:
        known = [it.source for it in glance(conn).sources]
        found = quarantine(conn, source, page)
    if source is not None and source not in known:
        print(f"Nothing has come from a source named {source!r}. Known are: {', '.join(known) or 'none yet'}.")
        raise Failed(NO_INPUT)
    print(f"{found.total:,} messages are held.")
    for message in found.messages:
        print(f"{message.source}, {message.place}")
        for fault in message.faults:
            print(f"    {_fault_words(fault)}")
    if found.pages > 1:
        print(f"Page {found.page} of {found.pages}: --page {found.page % found.pages + 1} shows the next.")


def _tell_faults(faults: Sequence[Fault]) -> None:
    for fault in faults[:MOST_FAULTS]:
        print(f"  {fault.place}: {_fault_words(fault)}")
    if len(faults) > MOST_FAULTS:
        print(f"  ... and {len(faults) - MOST_FAULTS:,} more")


def _fault_words(fault: Fault) -> str:
    where = ".".join(part for part in (fault.record, fault.field) if part)
    path = f" (from {fault.path})" if fault.path else ""
    words = " ".join(f"{text.en.rstrip('.')}." for text in (fault.text, fault.mend))
    return f"{where}{path}: {words}".removeprefix(": ")
