"""How the bulk run grows: training and linking 10 thousand, 100 thousand and a million, beside plain Splink.

Each run is a process of its own, so that the most memory it held is its own too. Both read the same made-up people
from one Parquet file: ours as the node hands them over, one by one in Python; plain Splink (``plain_splink.py``)
straight into DuckDB. Plain Splink joins what is linked in connected components, from 5 bits.

``COMITY_BULK_SIZES`` names other sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.bulk_people import read, write
from bench.rows import Row
from comity.people.cluster import Bonds
from comity.people.standardise import standardise
from comity.store import Store

SIZES = (10_000, 100_000, 1_000_000)
LINKED_FROM = 5.0  # bits, for plain Splink
MEMORY = "2GB"  # what plain Splink's DuckDB may hold before it works on disk
Took = dict[str, float]


def run(_: Store) -> list[Row]:
    """Measure every size and print the growth."""
    sizes = [int(each) for each in os.environ.get("COMITY_BULK_SIZES", "").split()] or SIZES
    rows: list[Row] = []
    heads = ("records", "train s", "link s", "all s", "plain s", "cpu s", "plain cpu", "peak MB", "plain MB")
    print("\n" + " ".join(f"{each:>10}" for each in heads))
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.parquet"
            write(path, size)
            ours, theirs = _apart("ours", path), _apart("plain", path)
            whole = ours["train"] + ours["link"]
            spent = (each[what] for what in ("cpu", "megabytes") for each in (ours, theirs))
            said = (ours["train"], ours["link"], whole, theirs["all"], *spent)
            print(f"{size:10,} " + " ".join(f"{each:10.1f}" for each in said), flush=True)
            what = f"train and link {size:,} source persons, against plain Splink"
            rows.append(Row(f"bulk {size}", what, whole, theirs["all"], "s", whole / theirs["all"], "<= 1.1 at 1 M"))
            cpu, theirs_cpu = ours["cpu"], theirs["cpu"]
            rows.append(Row(f"bulk {size} cpu", "of all cores", cpu, theirs_cpu, "s", cpu / theirs_cpu, "none"))
            peak, plain = ours["megabytes"], theirs["megabytes"]
            rows.append(Row(f"bulk {size} memory", "at its most", peak, plain, "MB", peak / plain, "<= 3072 at 1 M"))
    return rows


def _apart(who: str, path: Path) -> Took:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "bench.bulk", who, str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    took: Took = json.loads(found.stdout.splitlines()[-1])
    return took


def ours(path: Path) -> Took:
    """Read, standardise, train and link."""
    from comity.people.link import link
    from comity.people.train import train

    started = time.perf_counter()
    standards = {each.source_person: standardise(each) for each in read(path)}
    model = train(list(standards.values()), "bench", datetime.now(UTC))
    trained = time.perf_counter()
    link(standards, model, Bonds())
    return {"train": trained - started, "link": time.perf_counter() - trained}


def plain(path: Path) -> Took:
    """Read, train, weigh and join, as Splink's documentation has it."""
    import duckdb

    from bench.plain_splink import weighed

    columns = ("given", "family", "birth", "sex", "postcode", "address", "police_number")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as spill:
        settings = {"threads": 2, "memory_limit": MEMORY, "temp_directory": spill}
        with duckdb.connect(config=settings) as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            chosen = ", ".join(f'lower("{name}"::varchar) as "{name}"' for name in columns)
            connection.execute(
                f"create table people as select row_number() over () - 1 as unique_id, {chosen} from read_parquet(?)",
                [str(path)],
            )
            linker, found = weighed(connection, columns, ["police_number"])
            linker.clustering.cluster_pairwise_predictions_at_threshold(found, threshold_match_weight=LINKED_FROM)
    return {"all": time.perf_counter() - started}


def main() -> None:
    """Measure one of the two and print what it took, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("who", choices=("ours", "plain"))
    parser.add_argument("path", type=Path)
    asked = parser.parse_args()
    measures: dict[str, Callable[[Path], Took]] = {"ours": ours, "plain": plain}
    took = measures[asked.who](asked.path)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(took | {"cpu": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
