"""The gateway suite's bench on the embedded processor: a real process, a real socket."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.adapters.outside_http import trusted
from infra.adapters.sandbox import SandboxCredentials, SandboxGateway, register
from infra.adapters.wire import Wire
from infra.kernel.clock import SystemClock
from infra.kernel.ids import new_secret
from paywall.payments.port import Inbound, Redirect, Snapshot
from tests.conformance.gateway_bench import Act, Can

CARDS = {
    Act.SUCCEED: "4242 4242 4242 4242",
    Act.DECLINE: "4000 0000 0000 0002",
    Act.INSUFFICIENT_FUNDS: "4000 0000 0000 9995",
    Act.EXPIRED_CARD: "4000 0000 0000 0069",
    Act.INCORRECT_CVC: "4000 0000 0000 0127",
    Act.PASS_CHALLENGE: "4000 0025 0000 3155",
    Act.REFUSE_CHALLENGE: "4000 0025 0000 3155",
    Act.SUCCEED_LATER: "4000 0000 0000 0507",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """The sandbox as a process that can be killed and started again on the same file and port."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "sandbox.sqlite3"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "infra.adapters.sandbox_server", "--die-with-parent"]
        command += ["--port", str(self.port), "--data", str(self.data)]
        self._child = subprocess.Popen(command, env=os.environ | {"PYTHONUNBUFFERED": "1"})
        for _ in range(400):
            if self._child.poll() is not None:
                raise AssertionError("the sandbox did not start")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.05):
                return
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(0.05)
        raise AssertionError("the sandbox does not listen")

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._child.wait()

    def stop(self) -> None:
        assert self._child is not None
        self._child.terminate()
        self._child.wait(10)


@contextmanager
def process() -> Iterator[Process]:
    with tempfile.TemporaryDirectory() as folder:
        made = Process(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.stop()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Process]:
    with process() as running:
        yield running


class Mailbox:
    """A tiny HTTP listener that keeps the webhooks it gets and answers as told."""

    def __init__(self) -> None:
        self.got: asyncio.Queue[Inbound] = asyncio.Queue()
        self.status = 200
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/hook"

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head)
        }
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.put_nowait(Inbound(headers=headers, body=body))
        writer.write(
            f"HTTP/1.1 {self.status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def take(self) -> list[Inbound]:
        """At least one, and whatever else is there."""
        async with asyncio.timeout(10):
            taken = [await self.got.get()]
        while not self.got.empty():
            taken.append(self.got.get_nowait())
        return taken

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        # A connection that was accepted just before reaches `_accept` some turns of the loop later.
        for _ in range(5):
            await asyncio.sleep(0)
        await asyncio.gather(*self._serving)


class SandboxBench:
    """A fresh merchant at a running sandbox."""

    can = frozenset(Can)
    currencies = ("EUR", "JPY", "KWD")

    def __init__(self, url: str, http: httpx.AsyncClient, wire: Wire, mailbox: Mailbox) -> None:
        self.url = url
        self.http = http
        self.wire = wire
        self.mailbox = mailbox
        self.credentials = SandboxCredentials(
            secret_key=f"sk_test_sandbox_test_{new_secret(12)}",
            webhook_secret="whsec_" + base64.b64encode(os.urandom(24)).decode(),
        )
        self.gateway = SandboxGateway(wire, url, self.credentials)
        self._ahead = timedelta(0)

    async def move_clock(self, seconds: float) -> datetime:
        """Move the processor's clock ahead; its time after that."""
        told = await self.ask("POST", "/test/clock", {"seconds": seconds})
        there = datetime.fromtimestamp(told["now"], UTC)
        self._ahead = there - SystemClock().machine()
        return there

    def now(self) -> datetime:
        return SystemClock().machine() + self._ahead

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A call of the sandbox's own API as this merchant."""
        answer = await self.http.request(
            method,
            self.url + path,
            json=body,
            headers={"authorization": f"Bearer {self.credentials.secret_key}"},
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def ask_keyed(self, path: str, body: Any) -> Any:
        """A POST that moves money, as somebody in the processor's dashboard would make it."""
        headers = {
            "authorization": f"Bearer {self.credentials.secret_key}",
            "idempotency-key": new_secret(12),
        }
        answer = await self.http.post(self.url + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def pay(self, started: Snapshot, act: Act) -> None:
        assert isinstance(started.next, Redirect)
        await self._fill(started.next.url, act)

    async def set_up(self, setup_ref: str, act: Act) -> None:
        await self._fill(f"{self.url}/setup/{setup_ref}", act)

    async def _fill(self, url: str, act: Act) -> None:
        form = {"number": CARDS[act], "expiry": "12/34", "cvc": "123"}
        answer = await self.http.post(url, data=form)
        assert answer.status_code == 303, answer.text
        if act in (Act.PASS_CHALLENGE, Act.REFUSE_CHALLENGE):
            choice = "approve" if act is Act.PASS_CHALLENGE else "refuse"
            challenge = self.url + answer.headers["location"]
            answer = await self.http.post(challenge, data={"answer": choice})
        assert answer.headers["location"].startswith("http://127.0.0.1:9/")

    async def settle(self) -> None:
        await self.ask("POST", "/test/settle")

    async def webhooks(self) -> list[Inbound]:
        return await self.mailbox.take()

    async def charges(self, payment_id: str) -> int:
        rows = (await self.ask("GET", f"/test/charges?reference={payment_id}"))["charges"]
        return sum(row["kind"] == "charge" for row in rows)

    async def lose_next_answer(self, what: str) -> None:
        route = {"start": "payments.create", "refund": "refunds.create"}[what]
        await self.fault(route, "drop_after")

    async def fault(self, route: str, mode: str, times: int = 1, seconds: float = 0) -> None:
        order = {"route": route, "mode": mode, "times": times, "seconds": seconds}
        await self.ask("POST", "/test/faults", order)

    async def dispute(self, captured: Snapshot) -> None:
        await self.ask("POST", f"/test/payments/{captured.processor_ref}/dispute")

    async def close_dispute(self, captured: Snapshot, *, won: bool) -> None:
        path = f"/test/payments/{captured.processor_ref}/close-dispute"
        await self.ask("POST", path, {"won": won})

    def unreachable(self) -> SandboxGateway:
        return SandboxGateway(self.wire, f"http://127.0.0.1:{free_port()}", self.credentials)


@asynccontextmanager
async def merchant(url: str) -> AsyncIterator[SandboxBench]:
    """A bench with its own merchant and mailbox at the sandbox of that address."""
    mailbox = Mailbox()
    hook = await mailbox.open()
    async with httpx.AsyncClient(verify=trusted()) as http, Wire() as wire:
        made = SandboxBench(url, http, wire, mailbox)
        await register(wire, url, made.credentials, name="La Salle", webhook_url=hook)
        await made.move_clock(0)
        try:
            yield made
        finally:
            await mailbox.close()
