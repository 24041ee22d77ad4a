"""Prism, serving Adyen's Checkout description: malformed requests get 422."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection, socket
from tempfile import TemporaryFile

import pytest

_PRISM = Path(__file__).parents[1] / "contracts" / "node_modules" / ".bin" / "prism"


def _free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prism(description: Path) -> Iterator[str]:
    """The address of a Prism of our own; skips where the npm package is not installed."""
    if not _PRISM.exists():
        pytest.skip("Prism is not installed: run `npm ci` in tests/contracts")
    port = _free_port()
    command = [str(_PRISM), "mock", "--errors", "-h", "127.0.0.1", "-p", str(port)]
    with TemporaryFile() as log:
        process = subprocess.Popen([*command, str(description)], stdout=log, stderr=log)
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    """Until it listens: it reads a megabyte of description first."""
    for _ in range(200):
        if process.poll() is not None:
            pytest.fail(f"Prism ended with {process.returncode} before it listened")
        with suppress(OSError), create_connection(("127.0.0.1", port), 0.2):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)
    pytest.fail("Prism did not listen within 20 s")
