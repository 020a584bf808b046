"""What linking on Spark costs: processor seconds at three sizes, and from these those of ten million source persons.

Each size is a process of its own, with Spark on two cores of this machine. Counted is every processor second of Python,
of Java and of Spark's workers while everybody is handed over, linked and read back; beside it stands the same by
DuckDB. What does not grow is left out: the start of Spark, and a first run over a thousand that makes Java compile what
it needs.

From the three sizes follow a start, what each person costs and what each pair costs: ``seconds = start + a * persons +
b * pairs``, exactly. Pairs grow faster than people: ``pairs = c * persons ** d``, by least squares of the logarithms.
Both are carried on to ten million.

Reading and writing the database, and training (which does not grow beyond a hundred thousand), are not in it.
``COMITY_SPARK_SIZES`` names three other sizes.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from bench.bulk_people import read, write
from bench.rows import Row
from comity.gate.on_spark import session
from comity.people.cluster import Bonds
from comity.people.link import Linked, link
from comity.people.on_spark import link_on
from comity.people.standardise import standardise
from comity.people.train import train
from comity.store import Store

SIZES = (10_000, 50_000, 200_000)
WARMING = 1_000
TRAINED_ON = 10_000
IN_A_PARTITION = 10_000  # people, as the guide advises
AT = 10_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
Took = dict[str, float]


def run(_: Store) -> list[Row]:
    """Measure every size, and say what ten million cost."""
    sizes = [int(each) for each in os.environ.get("COMITY_SPARK_SIZES", "").split()] or SIZES
    found: list[Took] = []
    columns = ("pairs", "cpu", "driver", "java", "workers", "wall", "duckdb", "megabytes")
    print(f"\n{'records':>10} " + " ".join(f"{name:>10}" for name in columns))
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            path = Path(folder) / f"{size}.parquet"
            write(path, size)
            found.append(_apart(path))
            print(f"{size:10,} " + " ".join(f"{found[-1][name]:10,.1f}" for name in columns), flush=True)
    rows = [
        Row(f"spark {size}", f"processor seconds to link {size:,} source persons, against DuckDB", took["cpu"],
            took["duckdb"], "s", took["cpu"] / took["duckdb"], "none: what it costs")
        for size, took in zip(sizes, found, strict=True)
    ]  # fmt: skip
    return [*rows, extrapolated(sizes, [each["pairs"] for each in found], [each["cpu"] for each in found])]


def extrapolated(sizes: Sequence[int], pairs: Sequence[float], cpu: Sequence[float]) -> Row:
    """Return what ten million cost, and print how that was found."""
    start, person, pair = solved([(1.0, size, number) for size, number in zip(sizes, pairs, strict=True)], cpu)
    factor, power = fitted(sizes, pairs)
    many = factor * AT**power
    said = f"{start:.1f} s + {1e6 * person:.0f} us a person + {1e6 * pair:.1f} us a pair"
    print(f"\n{said}; pairs = {factor:.3g} * persons ** {power:.3f}: {many:,.0f} of {AT:,}")
    hours = (start + person * AT + pair * many) / 3600
    return Row("spark 10 M", f"core-hours to link {AT:,}: {said}", hours, None, "h", None, "none: what it costs")


def solved(rows: Sequence[tuple[float, float, float]], values: Sequence[float]) -> tuple[float, float, float]:
    """Return ``x`` for which each row times ``x`` is its value: three of each, by Cramer's rule."""

    def determinant(m: Sequence[Sequence[float]]) -> float:
        (a, b, c), (d, e, f), (g, h, i) = m
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)

    whole = determinant(rows)
    first, second, third = (
        determinant([[*row[:at], value, *row[at + 1 :]] for row, value in zip(rows, values, strict=True)]) / whole
        for at in range(3)
    )
    return first, second, third


def fitted(sizes: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """Return ``a`` and ``b`` of ``value = a * size ** b``, by least squares of the logarithms."""
    x, y = [math.log(each) for each in sizes], [math.log(each) for each in values]
    middle_x, middle_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    slope = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)) / sum(
        (a - middle_x) ** 2 for a in x
    )
    return math.exp(middle_y - slope * middle_x), slope


def _apart(path: Path) -> Took:
    """Measure in a process and a session of its own: all that runs in it is what was started for it."""
    command = [sys.executable, "-m", "bench.spark_link", str(path)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, start_new_session=True)
    took: Took = json.loads(done.stdout.splitlines()[-1])
    return took


class Meter:
    """The processor seconds of every program of this session, looked at each second: what has ended is remembered."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, float]] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self._look()
            time.sleep(1)

    def _look(self) -> None:
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                head, _, rest = path.read_text().rpartition(")")
            except OSError:  # it has ended
                continue
            values = rest.split()
            if int(values[3]) == os.getsid(0):
                program = head.partition("(")[2]
                name = "driver" if path.parent.name == str(os.getpid()) else "java" if program == "java" else "workers"
                self._seen[head] = name, (int(values[11]) + int(values[12])) / _TICKS

    def spent(self) -> Took:
        """Return the seconds until now, by kind."""
        self._look()
        found = {"driver": 0.0, "java": 0.0, "workers": 0.0}
        for name, seconds in list(self._seen.values()):
            found[name] += seconds
        return found


def measured(meter: Meter, what: Callable[[], Linked]) -> tuple[Linked, Took]:
    """Return what a run gave and took, in seconds."""
    before, started = meter.spent(), time.perf_counter()
    linked = what()
    took = {name: seconds - before[name] for name, seconds in meter.spent().items()}
    return linked, took | {"cpu": sum(took.values()), "wall": time.perf_counter() - started}


def main(path: Path) -> None:
    """Measure one size and print what it took, as JSON."""
    standards = {each.source_person: standardise(each) for each in read(path)}
    model = train(list(islice(standards.values(), TRAINED_ON)), "bench", datetime.now(UTC))
    some, meter = dict(islice(standards.items(), WARMING)), Meter()
    parts = {"spark.sql.shuffle.partitions": str(max(2, len(standards) // IN_A_PARTITION))}
    with tempfile.TemporaryDirectory() as own, session(Path(own), "local[2]", **parts) as spark:
        spark.sparkContext.setLogLevel("ERROR")
        link_on(spark, Path(own) / "linking", some, model, Bonds())
        found, took = measured(meter, lambda: link_on(spark, Path(own) / "linking", standards, model, Bonds()))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    expected, here = measured(meter, lambda: link(standards, model, Bonds()))
    if (found.clusters, found.holds) != (expected.clusters, expected.holds):
        sys.exit("Spark and DuckDB made other persons of the same people.")
    print(json.dumps(took | {"duckdb": here["cpu"], "pairs": found.tally.pairs, "megabytes": peak}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
