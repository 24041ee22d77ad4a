"""The whole product for a browser: web, worker, sandbox, live encoder, all on free ports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.conformance.benches.sandbox import free_port

READY_WITHIN_S = 90
SESSION_ROUTE = "/v1/playback/sessions"


class House:
    """`paywall serve --demo` in a folder of its own; the demo's data is what the tests look at."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self._log = (folder / "house.log").open("wb")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("PAYWALL_")}
        self.environment |= {
            "PAYWALL_DATA_DIR": str(folder / "data"),
            "PAYWALL_RATE_SCALE": "50",
            "PAYWALL_SANDBOX_URL": f"http://127.0.0.1:{free_port()}",
            **settings,
        }
        # Tests that look at an audience simulate a small one themselves.
        command = [
            *(sys.executable, "-m", "paywall.cli", "serve", "--demo", "--no-audience"),
            *("--port", str(self.port)),
        ]
        self._process = subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Until the demo is written, and the encoder has a picture to show."""
        playlist = self.folder / "data" / "media" / "demo-live" / "v0" / "media.m3u8"
        recording = self.folder / "data" / "media" / "demo-replay" / "index.m3u8"
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise AssertionError(f"the product did not start:\n{self.log()}")
            if playlist.exists() and recording.exists() and b"The hall is open" in self._written():
                return
            time.sleep(0.2)
        raise AssertionError(f"the product was not ready in time:\n{self.log()}")

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(30)
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._log.close()

    def _written(self) -> bytes:
        return (self.folder / "house.log").read_bytes()

    def log(self) -> str:
        return self._written().decode(errors="replace")[-6000:]

    def ask(
        self, method: str, path: str, body: Any = None, *, key: str = "", **headers: str
    ) -> Any:
        """One call of the API; the answer's JSON. Raises on an error with its body."""
        sent = {"Content-Type": "application/json", **headers}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                raw = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()!r}") from error
        return json.loads(raw) if raw else None

    def wake_bot(self) -> None:
        """Until the assistant's process answers; before that the help pages' search does."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            begun = self.ask("POST", "/v1/conversations", {"venue": "la-verriere"})
            at = f"/v1/conversations/{begun['conversation']['id']}/messages"
            headers = {"conversation-token": begun["token"]}
            talk = self.ask("POST", at, {"text": "Where is my ticket?"}, **headers)
            if talk["lines"][-1]["outcome"] != "search":
                return
            time.sleep(0.5)
        raise AssertionError(f"the assistant did not wake up:\n{self.log()}")

    @property
    def key(self) -> str:
        """An API key of the demo's first venue, with every scope."""
        return (self.folder / "data" / "demo-api-key").read_text()

    def events(self) -> dict[str, Any]:
        """Events of the demo's first venue by slug."""
        found = self.ask("GET", "/v1/catalogue/venues/la-verriere/events?when=all&limit=50")
        return {one["slug"]: one for one in found["data"]}
