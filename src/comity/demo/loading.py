"""Load a chain: its systems are pulled one after the other, then people are linked. What was done is not done again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from comity.demo.chain import Chain
from comity.demo.world import build, write
from comity.intake.check import load_mapping
from comity.intake.intake import Intake
from comity.intake.models import Outcome
from comity.node import Node
from comity.store import Role

SEED = 20261122
Say = Callable[[str], None]


def make_up(home: Path, people: int, say: Say) -> Path:
    """Return the folder of a made-up chain's files, written now unless they are there already."""
    folder = home / "madeup" / f"{people}"
    if not (folder / "truth.csv").is_file():  # written last
        say(f"Making up {people:,} people and what happens to them")
        write(build(SEED, people), folder, lambda system: say(f"  writing the system of {system}"))
    return folder


def load(node: Node, chain: Chain, data: Path, say: Say) -> dict[str, Outcome]:
    """Pull every system of the chain; return what became of each delivery, and raise if one does not add up."""
    outcomes: dict[str, Outcome] = {}
    with node.store.connect(Role.INTAKE, autocommit=True) as conn:
        intake = Intake.open(conn, node.vocabulary, node.keyring)
        for path in chain.mappings:
            mapping = load_mapping(path, node.vocabulary)
            outcomes[mapping.name] = intake.pull(mapping, data, progress=_progress(mapping.name, say))
            say(f"  {mapping.name}: {outcomes[mapping.name]}")
    return outcomes


def _progress(name: str, say: Say) -> Callable[[Outcome, int | None], None]:
    def tell(so_far: Outcome, _: int | None) -> None:
        say(f"\r  {name}: {so_far.delivered:,} so far")

    return tell
