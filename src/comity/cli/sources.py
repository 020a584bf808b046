"""``comity source``: check and try a mapping, pull a system, look at what is held."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from comity import vocabulary
from comity.cli.failing import DATA, Failed
from comity.cli.opening import node
from comity.intake.check import check_mapping
from comity.intake.intake import Intake
from comity.intake.mapping import parse, read_text
from comity.intake.models import Mistake, Outcome
from comity.store import Role

app = App(name="source", help="Connect the systems that agencies have.")

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
    print(f"{read.name}: {in_words(outcome)}")


@app.command
def replay(mapping: Mapping) -> None:
    """Try everything that is held of a source again, with its mended mapping."""
    _refuse_mistakes(mapping)
    read = parse(read_text(mapping), mapping.name)
    with node() as opened, opened.store.connect(Role.INTAKE, autocommit=True) as conn:
        outcome = Intake.open(conn, opened.vocabulary, opened.keyring).replay(read)
    print(f"{read.name}: {in_words(outcome)}")


def in_words(outcome: Outcome) -> str:
    """Return what became of a delivery: the parts, which add up to what was delivered."""
    if not outcome.delivered:
        return "nothing new"
    names = ("admitted", "unchanged", "outdated", "quarantined", "retracted", "erased", "judged", "forgotten")
    parts = [f"{getattr(outcome, name):,} {name}" for name in names if getattr(outcome, name)]
    return f"{outcome.delivered:,} delivered = {' + '.join(parts)}"


def _refuse_mistakes(path: Path) -> None:
    _refuse(path, check_mapping(path, vocabulary.load()))


def _refuse(path: Path, mistakes: Sequence[Mistake]) -> None:
    if mistakes:
        print(f"{path.name}:", *mistakes, sep="\n")
        raise Failed(DATA)


def _tell_progress(so_far: Outcome, _: int | None) -> None:
    print(f"  {so_far.delivered:,} so far", end="\r", flush=True)
