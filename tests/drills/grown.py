"""The grown product for drills: `paywall serve` on a PostgreSQL and a Redis that can be stopped."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from infra.kernel.settings import Settings, load_settings
from tests.bench.stage import Shop, family, prepare, wait_until_open
from tests.services import (
    Server,
    free_port,
    postgres_server,
    postgres_url,
    redis_server,
    redis_url,
    running,
)


class Grown(msgspec.Struct, kw_only=True):
    """What runs, and what a drill needs to act on it."""

    shop: Shop
    settings: Settings
    environment: dict[str, str]
    postgres: Server
    redis: Server
    supervisor: int
    log: Path
    people: list[str]
    """Log-in secrets of viewers who hold a ticket."""

    def processes(self) -> list[int]:
        return sorted(family(self.supervisor))

    def doctor(self) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "paywall.cli", "doctor"]
        return subprocess.run(command, env=self.environment, capture_output=True, check=False)


@contextmanager
def grown(folder: Path, *, people: int, token_s: int) -> Iterator[Grown]:
    """Two web processes and a worker over servers of their own, with the demo's venue on air."""
    with tempfile.TemporaryDirectory(prefix="paywall-drill-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
        postgres, redis = postgres_server(Path(name)), redis_server(Path(name))
        with running(postgres), running(redis):
            yield from _served(folder, postgres, redis, people=people, token_s=token_s)


def _served(
    folder: Path, postgres: Server, redis: Server, *, people: int, token_s: int
) -> Iterator[Grown]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "PAYWALL_DATA_DIR": str(folder),
        "PAYWALL_DATABASE_URL": postgres_url(postgres),
        "PAYWALL_REDIS_URL": redis_url(redis),
        "PAYWALL_PUBLIC_URL": url,
        "PAYWALL_SANDBOX_URL": f"http://127.0.0.1:{free_port()}",
        "PAYWALL_PLAYBACK_TOKEN_S": str(token_s),
        "PAYWALL_RATE_SCALE": "1000",  # counted, in Redis; never used up
        "PAYWALL_DB_POOL": "5",
    }
    log = folder / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "paywall.cli", "serve", "--demo", "--no-audience",
             "--workers", "2", "--port", str(port)],
            env=environment, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        wait_until_open(process, log)
        settings = load_settings(environment)
        shop = asyncio.run(prepare(settings, url))
        yield Grown(
            shop=shop, settings=settings, environment=environment, postgres=postgres,
            redis=redis, supervisor=process.pid, log=log,
            people=shop.sessions[:people],
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait(30)
