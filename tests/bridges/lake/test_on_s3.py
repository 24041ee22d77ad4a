"""The lake on S3, against moto's server: the same as in a folder."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from churn.lake import Facts, Lake
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.bridges.lake.forgetting import Forget
from paywall.bridges.lake.tables import VenueLake
from tests.bridges.lake.world import SEALER, World, read_rows


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """`host:port` of a server with a bucket named lakes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _make_bucket(f"http://127.0.0.1:{port}/lakes")
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _make_bucket(address: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("moto's server did not come up")


@pytest.mark.slow
async def test_export_facts_and_erasure_on_s3(
    bucket: str, tmp_path: Path, clock: HandClock
) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 's3.sqlite3'}")
    await db.create_all()
    world = await World(db, clock, tmp_path).open()
    root = f"s3://key:secret@lakes/all?endpoint_override={bucket}&scheme=http&region=eu-west-1"
    stays, gone = await world.a_whole_life(), await world.a_whole_life("gone@example.org")
    done = await world.exporter(root).run(world.venue)
    assert done.root == "s3://lakes/all"
    async with db.read() as tx:
        assert await tx.scalar(select(VenueLake.root)) == "s3://lakes/all"
    assert sum((await world.exporter(root).run(world.venue)).rows.values()) == 0
    facts = Facts.of_lake(Lake(root), world.venue.id, world.now + timedelta(days=1))
    assert facts.table("viewing").count().to_pyarrow().as_py() == 2
    await Forget(db, clock, SEALER).forget(world.venue.id, customer_id=gone)
    await world.exporter(root).run(world.venue)
    rows = read_rows(root, "orders", world.venue.id)
    assert len(rows) == 2  # bought, and partly refunded
    assert len({row["person"] for row in rows}) == 1
    assert stays != gone
    await db.close()
