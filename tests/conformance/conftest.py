"""Which benches the port suites run on; one line each."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.conformance.benches import adyen, sandbox, stripe
from tests.conformance.gateway_bench import Bench

# A bench may need a process that outlives one test: the context gets pytest's request for that.
BENCHES: dict[str, Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Bench]]] = {
    "adyen": lambda _request: adyen.bench(),
    "sandbox": lambda request: sandbox.merchant(request.getfixturevalue("sandbox_process").url),
    "stripe": lambda _request: stripe.bench(),
}


@pytest.fixture(params=sorted(BENCHES))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with BENCHES[request.param](request) as made:
        yield made


@pytest.fixture(scope="package")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A redis-server of this package's own."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed; `make test` installs it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder: Path = tmp_path_factory.mktemp("redis")
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    for line in server.stdout:
        if "Ready to accept connections" in line:
            break
    yield port
    server.terminate()
    server.stdout.close()
    server.wait(timeout=10)
