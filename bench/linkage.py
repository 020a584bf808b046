"""Who is who: how right linking is on every labelled set, beside plain Splink at the threshold that suits it best.

Nothing of a set is known beforehand: weights and prior are learnt from the records alone, and the threshold is the one
in ``comity.people.score``. ``COMITY_SHARED_DATA`` names the folder of the sets.
"""

from __future__ import annotations

import os
import time
from collections.abc import Hashable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bench.linkage_figures import Errors, Figures, errors_by, figures
from bench.linkage_sets import LabelledSet, read
from bench.origins import origin
from bench.plain_splink import best
from bench.rows import Row
from comity.people.ask import taught, to_ask
from comity.people.block import candidates
from comity.people.bulk import weigh
from comity.people.cluster import Bonds
from comity.people.link import link
from comity.people.model import Model
from comity.people.models import Standard
from comity.people.standardise import standardise
from comity.people.train import train
from comity.people.unlike import unlike
from comity.store import Store

LABELS = 200
_SEED = 1
_FOLDER = Path(os.environ.get("COMITY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
_GOALS = {
    "broward": ">= 0.995, precision >= 0.9995",
    "pseudopeople": ">= 0.985",
    "RLdata10000": ">= 0.975",
    "febrl 3": ">= 0.9999",
    "febrl 4": ">= 0.9999",
}


def run(_: Store) -> list[Row]:
    """Measure every set; none, with the reason, where they are not there."""
    if not (_FOLDER / "linkage").is_dir():
        print(f"no labelled sets in {_FOLDER}: nothing is measured. Say where they are in COMITY_SHARED_DATA.")
        return []
    return [row for labelled in read(_FOLDER) for row in measure(labelled)]


def measure(labelled: LabelledSet) -> Iterator[Row]:
    """Yield what is reached on one set, and print the errors apart by agency and by the names' origin."""
    standards = {each.source_person: standardise(each) for each in labelled.features}
    started = time.perf_counter()
    model = train([standards[each] for each in sorted(standards)], "bench", datetime.now(UTC))
    trained = time.perf_counter()
    found = _persons(standards, model)
    linked = time.perf_counter()
    ours = figures(found, labelled.truth)
    plain, bar = best(labelled.features, labelled.truth)
    theirs = time.perf_counter() - linked
    name, goal = labelled.name, _GOALS.get(labelled.name, "above plain Splink")
    what = f"{len(standards):,} records: F1 of pairs, against plain Splink at its best threshold ({bar} bits)"
    yield _row(f"linkage {name}", what, ours.f1, plain.f1, goal)
    yield _row(f"linkage {name} precision", "of pairs", ours.precision, plain.precision, "see F1")
    yield _row(f"linkage {name} recall", "of pairs", ours.recall, plain.recall, "see F1")
    yield _row(f"linkage {name} B-cubed", _b_cubed(ours, plain), ours.b_cubed_f1, plain.b_cubed_f1, "none")
    asked = figures(_persons(standards, _asked(standards, labelled.truth, model)), labelled.truth)
    yield _row(f"linkage {name} asked", f"F1 with {LABELS} labels asked of a person", asked.f1, ours.f1, "none")
    yield _row(
        f"linkage {name} blocking", "recall of blocking by itself", _blocked(standards, labelled.truth), None, "none"
    )
    seconds = f"training {trained - started:.0f} s, linking {linked - trained:.0f} s, all of plain Splink"
    yield Row(f"linkage {name} time", seconds, linked - started, theirs, "s", (linked - started) / theirs, "none")
    print(_apart(labelled, found))


def _persons(standards: Mapping[UUID, Standard], model: Model) -> dict[UUID, Hashable]:
    clusters = link(standards, model, Bonds()).clusters
    return {each: number for number, cluster in enumerate(clusters) for each in cluster}


def _asked(standards: Mapping[UUID, Standard], truth: Mapping[UUID, str], model: Model) -> Model:
    """Return the model after a person, who does not see the weights, has said of some pairs whether they are one."""
    ids = sorted(standards)
    people = [standards[each] for each in ids]
    weights = {(ids[a], ids[b]): weight for a, b, weight in weigh(people, candidates(people), model)}
    ruled = unlike(weights, standards, model)  # a rule parts these, whatever they weigh
    asked = to_ask({pair: weight for pair, weight in weights.items() if pair not in ruled}, LABELS, _SEED)

    def together(by: Model) -> list[bool]:
        persons = _persons(standards, by)
        return [persons[a] == persons[b] for a, b in asked]

    return taught(model, [(weights[a, b], truth[a] == truth[b]) for a, b in asked], together)


def _blocked(standards: Mapping[UUID, Standard], truth: Mapping[UUID, str]) -> float:
    ids = sorted(standards)
    pairs = candidates([standards[each] for each in ids])
    there = sum(n * (n - 1) // 2 for n in _sizes(truth[each] for each in ids))
    return sum(truth[ids[a]] == truth[ids[b]] for a, b in pairs) / there


def _sizes(groups: Iterator[str]) -> Iterator[int]:
    sizes: dict[str, int] = {}
    for each in groups:
        sizes[each] = sizes.get(each, 0) + 1
    yield from sizes.values()


def _apart(labelled: LabelledSet, found: Mapping[UUID, Hashable]) -> str:
    of = {each.source_person: each for each in labelled.features}
    tables = {
        "agency": errors_by(lambda each: of[each].agency, found, labelled.truth),
        "origin of the name": errors_by(lambda each: origin(of[each].family_name), found, labelled.truth),
    }
    lines = [f"\n{labelled.name}, errors in ten thousand pairs:"]
    for heading, table in tables.items():
        lines.append(f"  by {heading:30} {'records':>9} {'wrongly linked':>15} {'missed':>9}")
        lines += [_line(name, errors) for name, errors in table.items()]
    return "\n".join(lines)


def _line(name: str, errors: Errors) -> str:
    return f"     {name:30} {errors.records:9,} {1e4 * errors.wrongly_linked:15.1f} {1e4 * errors.missed:9.1f}"


def _b_cubed(ours: Figures, plain: Figures) -> str:
    each = (f"{of.b_cubed_precision:.4f}/{of.b_cubed_recall:.4f}" for of in (ours, plain))
    return f"B-cubed F1 (precision/recall {' against '.join(each)})"


def _row(name: str, what: str, ours: float, theirs: float | None, goal: str) -> Row:
    return Row(name, what, ours, theirs, "", ours / theirs if theirs else None, goal)
