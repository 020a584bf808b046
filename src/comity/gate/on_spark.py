"""A snapshot on Spark: the same compiled query, where one machine is not enough.

Rules:

1. Spark reads the snapshot as Parquet files, one for each table, which lie beside it and go with it. What it makes of
   them lies there too: on a cluster that folder is one that every worker reads and writes.
2. Its zone is UTC and its arithmetic is ANSI's, whatever the cluster says: no answer depends on a setting.
3. It answers the compiled query, and is tested to answer alike. What it gives is handed back to DuckDB, which puts
   pseudonyms in place and writes the files, whoever answered.
4. What it puts on a worker's disk by itself is encrypted, with a key that ends with the session.

PySpark is an extra (``pip install comity[spark]``), and needs Java 17 or later. Where Spark runs is the session's to
say: ``local[*]`` here, a cluster by its master's address.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from sqlglot import exp

from comity.gate.engines import Engine, bindable, named, rendered
from comity.gate.errors import GateError
from comity.gate.wide import Wide

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import DataFrame, SparkSession

#: What a session must say, so that an answer is the same wherever it runs, and none of it is read on a worker's disk.
SETTINGS: Final[Mapping[str, str]] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.datetime.java8API.enabled": "true",
    "spark.sql.cteRecursionLevelLimit": "1000",
    "spark.io.encryption.enabled": "true",
}


@contextmanager
def session(folder: Path, master: str = "local[*]", **settings: str) -> Iterator[SparkSession]:
    """Start Spark for as long as the context lasts; its own files are in ``folder``.

    Raises :class:`GateError` if it cannot be started.
    """
    require()
    if master.startswith("local"):  # its Python workers are on this machine, and need the libraries that are here
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).appName("comity")
    own = {"spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.local.dir": str(folder / "local")}
    for name, value in {**SETTINGS, **own, "spark.ui.enabled": "false", **settings}.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise GateError("Spark did not start. It needs Java 17 or later, and its master to be there.") from error
    try:
        yield spark
    finally:
        spark.stop()


def require() -> None:
    """Raise :class:`GateError` if PySpark is not installed."""
    if find_spec("pyspark") is None:
        raise GateError("Spark is not here. Install it with the extra: pip install 'comity[spark]'.")


def hand_over(file: DuckDBPyConnection, folder: Path, spark: SparkSession) -> None:
    """Let Spark know every table of an open snapshot, by the names that it has there; its files are in ``folder``."""
    for schema, table, path in _as_parquet(file, folder):
        spark.sql(f"create database if not exists `{schema}`")
        spark.sql(f"drop table if exists `{schema}`.`{table}`")
        spark.sql(f"create table `{schema}`.`{table}` using parquet location '{path}'")


def ask(spark: SparkSession, query: Wide, values: Mapping[str, Any]) -> DataFrame:
    """Return what a compiled query gives, lazily.

    Each of its parts is worked out once and kept until the session forgets it: Spark would else write every part out
    again wherever it is read, and think for minutes about what it wrote.
    """
    for part in query.tree.ctes:
        name = part.alias
        body = cast("exp.Expr", part.this)
        known = _said(spark, _recursive(name, body) if _reads(body, name) else body, values)
        known.localCheckpoint().createOrReplaceTempView(name)
    final = query.tree.copy()
    final.set("with_", None)
    return _said(spark, final, values)


def write(spark: SparkSession, query: Wide, values: Mapping[str, Any], to: Path) -> None:
    """Write what a compiled query gives as Parquet files in the folder ``to``, in place of what is there."""
    ask(spark, query, values).write.mode("overwrite").parquet(str(to))


def _said(spark: SparkSession, tree: exp.Expr, values: Mapping[str, Any]) -> DataFrame:
    from pyspark.sql import functions

    bound = {name: bindable(values[name], Engine.SPARK) for name in named(tree)}
    said = {
        name: functions.array(*map(functions.lit, value)) if isinstance(value, list) else value
        for name, value in bound.items()
    }
    return spark.sql(rendered(tree, Engine.SPARK), args=said)


def _reads(body: exp.Expr, name: str) -> bool:
    return any(table.name == name and not table.db for table in body.find_all(exp.Table))


def _recursive(name: str, body: exp.Expr) -> exp.Expr:
    """Return the whole of a part that reads itself. The only ``union`` that Spark has for it keeps what comes twice."""
    body = body.copy()
    for node in body.find_all(exp.Union):
        node.set("distinct", False)
    whole = exp.select("*").from_(exp.table_(name, quoted=True)).distinct()
    return whole.with_(exp.to_identifier(name, quoted=True), as_=body, recursive=True)


def _as_parquet(file: DuckDBPyConnection, folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Write each table as a file, its ids as text; yield schema, table and file."""
    columns = file.execute(
        "select table_schema, table_name, column_name, data_type from information_schema.columns"
        " where table_schema not in ('main', 'work') order by all"
    ).fetchall()
    tables: dict[tuple[str, str], list[str]] = {}
    for schema, table, column, kind in columns:
        said = f'"{column}"::varchar as "{column}"' if kind == "UUID" else f'"{column}"'
        tables.setdefault((schema, table), []).append(said)
    for (schema, table), chosen in tables.items():
        path = folder / f"{schema}.{table}.parquet"
        to = str(path).replace("'", "''")
        file.execute(f'copy (select {", ".join(chosen)} from "{schema}"."{table}") to \'{to}\' (format parquet)')  # noqa: S608
        yield schema, table, path
