"""An export in a process of its own that is killed (SIGKILL) before its n-th file is there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import select

from churn.lake import Lake
from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.migrations.models import METADATA as METADATA
from paywall.bridges.lake.export import LakeExport
from paywall.catalogue.tables import Venue
from tests.bridges.lake.world import SEALER


class DoomedLake(Lake):
    """Counts down with each file."""

    left = 0

    def _put(self, path: str, rows: Any) -> None:
        DoomedLake.left -= 1
        if DoomedLake.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        super()._put(path, rows)


async def main(url: str, root: str, at: str, files: str) -> None:
    DoomedLake.left = int(files)
    db, clock = Database(url), HandClock(datetime.fromisoformat(at))
    async with db.read() as tx:
        venue = (await tx.scalars(select(Venue))).one()
    await LakeExport(db, clock, SEALER, root, open_lake=DoomedLake).run(venue)
    await db.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))
