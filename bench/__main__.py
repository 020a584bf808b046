"""``make bench``: run every measurement, print the ratios, and save them as JSON in ``bench/results``."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bench.rows import Row
from comity.store import Settings, open_store

MEASUREMENTS = (
    "verdict",
    "agreements",
    "point",
    "gate",
    "load",
    "ledger",
    "prove",
    "extract",
    "impact",
    "linkage",
    "bulk",
    "spark_link",
    "live",
)
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the measurements named on the command line, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", default=MEASUREMENTS, help=f"of {', '.join(MEASUREMENTS)}")
    names = parser.parse_args().names
    unknown = sorted(set(names) - set(MEASUREMENTS))
    if unknown:
        parser.error(f"There is no measurement {unknown[0]!r}. There are {', '.join(MEASUREMENTS)}.")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as home, open_store(Settings(home=Path(home))) as store:
        for name in names:
            print(f"measuring {name} ...", flush=True)
            rows += importlib.import_module(f"bench.{name}").run(store)
    print(table(rows))
    print(f"\nsaved as {_save(rows)}")


def table(rows: list[Row]) -> str:
    """Return the rows for people to read."""
    lines = []
    for row in rows:
        digits = 5 if row.unit == "" else 1  # a share is told to a hundred-thousandth
        theirs = "" if row.theirs is None else f" against {row.theirs:,.{digits}f}"
        ratio = "" if row.ratio is None else f"  = {row.ratio:.2f}"
        lines += [f"\n{row.name}: {row.what}", f"  {row.ours:,.{digits}f}{theirs} {row.unit}{ratio}   goal: {row.goal}"]
    return "\n".join(lines)


def _save(rows: list[Row]) -> Path:
    RESULTS.mkdir(exist_ok=True)
    at = datetime.now(UTC)
    said = {
        "at": at.isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "rows": [asdict(row) for row in rows],
    }
    path = RESULTS / f"{at:%Y-%m-%dT%H%M%S}.json"
    path.write_text(json.dumps(said, indent=1) + "\n")
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
