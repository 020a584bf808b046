"""Write a world down as six agencies' systems, each in its own shape, with the truth beside them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random

from comity.demo.world import courts, guarded, police
from comity.demo.world.models import World
from comity.demo.world.truth import Truth

Progress = Callable[[str], None]

SYSTEMS = (
    ("police", police.write),
    ("prosecution", courts.write_prosecution),
    ("court", courts.write_court),
    ("prison", guarded.write_prison),
    ("probation", guarded.write_probation),
    ("victim services", guarded.write_victim_services),
)


def write(world: World, folder: Path, progress: Progress = lambda _: None) -> Truth:
    """Write every system's files and ``truth.csv`` into ``folder``; the same world gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = Truth()
    for name, write_system in SYSTEMS:
        progress(name)
        # Each system has a luck of its own, so that a change to one leaves the others' files as they were.
        write_system(world, folder, Random(f"{world.seed}/{name}"), truth)
    _write_truth(truth, folder / "truth.csv")
    return truth


def _write_truth(truth: Truth, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "source_key", "person"))
        writer.writerows(truth.rows)
