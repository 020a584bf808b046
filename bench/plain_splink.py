"""The opponent: Splink 5 as its own documentation uses it, without what we add, at the threshold that suits it best.

The comparisons are those of its library for the fields that a set has; two blocking rules of a name with a date of
birth and one of both names, and one for each number; ``u`` from random pairs, ``m`` from two sessions of expectation
maximisation; connected components. The threshold is chosen afterwards with the truth, which nobody has.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import duckdb
import pyarrow as pa

from bench.linkage_figures import Figures, figures
from comity.people import Features

if TYPE_CHECKING:
    from splink import Linker, SplinkDataFrame

THRESHOLDS = tuple(range(-10, 31))  # bits
_RANDOM_PAIRS = 1e6
_SEED = 1


def best(features: Sequence[Features], truth: Mapping[UUID, Hashable]) -> tuple[Figures, int]:
    """Return what plain Splink reaches at its best, and from how many bits."""
    with duckdb.connect(config={"threads": 2}) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weighed = predicted(connection, features)
        ids = [each.source_person for each in features]
        tried = ((figures(_components(ids, weighed, bar), truth), bar) for bar in THRESHOLDS)
        return max(tried, key=lambda each: each[0].f1)


def predicted(connection: duckdb.DuckDBPyConnection, features: Sequence[Features]) -> list[tuple[int, int, float]]:
    """Return the pairs that Splink weighs, by position, with its weights in bits."""
    people, numbers = table(features)
    connection.register("arrow_people", people)
    connection.execute("create table people as select * from arrow_people")
    _, found = weighed(connection, people.column_names[1:], numbers)
    query = f"select unique_id_l, unique_id_r, match_weight from {found.physical_name}"
    return connection.execute(query).fetchall()


def weighed(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[str], numbers: Sequence[str]
) -> tuple[Linker, SplinkDataFrame]:
    """Train on the table ``people`` and weigh its pairs; return the linker, and its table of them."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    rules = [("given", "birth"), ("family", "birth"), ("given", "family"), *((number,) for number in numbers)]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=_comparisons(columns),
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
    )
    linker = Linker(DuckDBAPI(connection=connection).register("people"), settings, log_level=None)
    exact = [block_on("given", "family", "birth"), *(block_on(number) for number in numbers)]
    linker.training.estimate_probability_two_random_records_match(exact, recall=0.7)
    linker.training.estimate_u_using_random_sampling(_RANDOM_PAIRS, _SEED)
    for blocked in (("given", "family"), ("birth",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*blocked))
    return linker, linker.inference.predict(threshold_match_weight=min(THRESHOLDS), warning_mode="never")


def _comparisons(columns: Sequence[str]) -> list[object]:
    import splink.comparison_library as cl

    comparison = {
        "given": lambda: cl.NameComparison("given"),
        "family": lambda: cl.NameComparison("family"),
        "birth": lambda: cl.DateOfBirthComparison("birth", input_is_string=True),
        "sex": lambda: cl.ExactMatch("sex"),
        "postcode": lambda: cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        "address": lambda: cl.JaroWinklerAtThresholds("address", [0.95, 0.88]),
    }
    return [
        comparison.get(name, lambda name=name: cl.DamerauLevenshteinAtThresholds(name, [1, 2]))() for name in columns
    ]


def table(features: Sequence[Features]) -> tuple[pa.Table, list[str]]:
    """Return what plain Splink is given, numbered from nothing, and which of its columns are numbers of people."""
    numbers = sorted({kind for each in features for kind in each.identifiers})
    columns: dict[str, list[str | None]] = {
        "given": [_lower(each.given_names) for each in features],
        "family": [_lower(each.family_name) for each in features],
        "birth": [each.birth_date.isoformat() if each.birth_date else _dashed(each.birth_text) for each in features],
        "sex": [each.sex for each in features],
        "postcode": [each.postcode for each in features],
        "address": [_lower(each.address) for each in features],
        **{number: [each.identifiers.get(number) for each in features] for number in numbers},
    }
    held = {name: values for name, values in columns.items() if any(values)}
    ids = pa.array(range(len(features)), pa.int64())
    return pa.table({"unique_id": ids, **{n: pa.array(v, pa.string()) for n, v in held.items()}}), numbers


def _components(
    ids: Sequence[UUID], weighed: Sequence[tuple[int, int, float]], threshold: float
) -> dict[UUID, Hashable]:
    from comity.people.cluster import components

    linked = ((a, b) for a, b, weight in weighed if weight >= threshold)
    groups: Iterator[tuple[int, list[int]]] = enumerate(components(range(len(ids)), linked))
    return {ids[position]: number for number, group in groups for position in group}


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None


def _dashed(digits: str | None) -> str | None:
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if digits else None
