"""From a judged media path to the bytes behind it: a folder of ours, or another server."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from pathlib import Path

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.bridges.entitlements import Stage, load_stages
from paywall.bridges.pull import Pull
from paywall.catalogue.sources import FOLDER, SourceKind

REMEMBER_S = 5.0


class MediaStore:
    """Reads HLS. Where an event plays from is remembered for five seconds.

    While the database is away it is remembered for as long as that lasts.
    """

    def __init__(self, db: Database, clock: Clock, root: Path, public_url: str, pull: Pull) -> None:
        self._db = db
        self._clock = clock
        self._root = root
        self._public_url = public_url
        self._pull = pull
        self._stages: OrderedDict[str, tuple[float, Stage | None]] = OrderedDict()

    async def read(self, path: str) -> tuple[bytes, str] | None:
        """Bytes and suffix of a path that the edge passed; None when there is no such file.

        Raises OriginFailed where the pictures are another server's and it gives none.
        """
        _, venue, event_id, family, *rest = path.split("/")
        stage = await self._stage(event_id)
        if stage is None or not stage.watchable.path_prefix.startswith(f"/{venue}/"):
            return None
        source = stage.live if family == "live" else stage.replay
        if source is None:
            return None
        if source[0] == SourceKind.PULL:
            return await self._pull.read(event_id, source[1], rest, test=stage.test)
        if FOLDER.fullmatch(source[1]) is None:
            return None
        file = self._root / source[1] / "/".join(rest)
        try:
            return await asyncio.to_thread(file.read_bytes), file.suffix
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None

    async def _stage(self, event_id: str) -> Stage | None:
        now = self._clock.monotonic()
        known = self._stages.get(event_id)
        if known is not None and now - known[0] < REMEMBER_S:
            return known[1]
        if known is not None:
            self._stages[event_id] = (now, known[1])  # one asks, the others go on with the old
        try:
            async with self._db.read() as tx:
                stage = (await load_stages(tx, [event_id], self._public_url)).get(event_id)
        except DatabaseAway:
            # Who holds a token watches on without the database.
            if known is None:
                raise
            return known[1]
        self._stages[event_id] = (now, stage)
        if len(self._stages) > 500:
            self._stages.popitem(last=False)
        return stage
