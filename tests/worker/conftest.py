"""A real Redis for the tests that need one, on a free port, gone afterwards."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError


@pytest.fixture
async def redis_url(tmp_path: Path) -> AsyncIterator[str]:
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        binary, "--port", str(port), "--save", "", "--appendonly", "no", "--dir", str(tmp_path),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"redis://127.0.0.1:{port}/0"
    try:
        async with Redis.from_url(url) as client:
            await _up(client)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _up(client: Redis) -> None:
    for _ in range(200):
        try:
            await client.ping()
            return
        except (RedisError, OSError):
            await asyncio.sleep(0.02)
    raise AssertionError("redis-server did not come up")
