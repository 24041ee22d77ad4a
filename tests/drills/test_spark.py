"""The same expressions on Spark give the same features and figures as on DuckDB."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import ibis
import pyarrow.parquet as pq
import pytest

from churn.features import features
from churn.lake import SCHEMAS, Facts, Lake
from churn.metrics import figures
from churn.metrics.calendar import Calendar
from churn.metrics.definitions import FIGURES
from churn.simulate.run import simulate

AS_OF = datetime(2026, 10, 1, 12, tzinfo=UTC)
VENUE = "ven_drill"
pytestmark = [
    pytest.mark.drill,
    pytest.mark.filterwarnings("ignore"),  # PySpark's and its pandas bridge's own
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A year of three hundred simulated people, and a file for tables without rows."""
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    for table, rows in simulate(1, 1.0, 300, AS_OF).tables.items():
        lake.write(table, VENUE, rows, "sim")
    return lake


@pytest.fixture(scope="module")
def on_spark(lake: Lake) -> Iterator[Facts]:
    sql = pytest.importorskip("pyspark.sql", reason="install the extra `spark`")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.memory", "2g")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    connection = ibis.pyspark.connect(session)
    raw = {}
    for name, schema in SCHEMAS.items():
        paths = lake.paths(name, VENUE)
        if not paths:
            paths = [f"{lake.root}/{name}.empty.parquet"]
            pq.write_table(schema.empty_table(), paths[0])
        session.read.parquet(*paths).createOrReplaceTempView(name)
        raw[name] = connection.table(name)
    yield Facts(raw, AS_OF)
    session.stop()


def listed(table: ibis.Table, *keys: str) -> list[dict[str, Any]]:
    found = table.to_pyarrow().to_pylist()
    return sorted(found, key=lambda row: tuple(str(row[key]) for key in keys))


def assert_same(here: list[dict[str, Any]], there: list[dict[str, Any]], what: str) -> None:
    assert len(here) == len(there), what
    for one, other in zip(here, there, strict=True):
        for name, value in one.items():
            same = other[name]
            if isinstance(value, float) and same is not None:
                assert math.isclose(value, same, rel_tol=1e-9, abs_tol=1e-9), (
                    what,
                    name,
                    one,
                    other,
                )
            else:
                assert value == same, (what, name, one, other)


def test_features_are_the_same(lake: Lake, on_spark: Facts) -> None:
    here = listed(features(Facts.of_lake(lake, VENUE, AS_OF)), "person")
    assert len(here) > 100
    assert_same(here, listed(features(on_spark), "person"), "features")


@pytest.mark.parametrize("figure", [figure.name for figure in FIGURES])
def test_a_figure_is_the_same(lake: Lake, on_spark: Facts, figure: str) -> None:
    calendar = Calendar.until(AS_OF, "Europe/Paris", 6)
    facts = Facts.of_lake(lake, VENUE, AS_OF)
    for definition in next(one for one in FIGURES if one.name == figure).definitions:
        keys = ("month", "currency", "dimension")
        here = listed(figures.figure(facts, calendar, figure, definition.name), *keys)
        there = listed(figures.figure(on_spark, calendar, figure, definition.name), *keys)
        assert_same(here, there, f"{figure} {definition.name}")
