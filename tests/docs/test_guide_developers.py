"""The developers' guide is followed to the letter: each command, both samples, every table."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.settings import Settings
from paywall.accounts.passwords import Passwords
from paywall.app import create_app
from paywall.app.assembly import assemble
from paywall.app.sending import senders
from paywall.cli.seed import PASSWORD, register_merchants, write_demo
from paywall.http.parts import Parts
from paywall.http.rate_limits import QUOTAS
from paywall.worker.jobs import jobs
from paywall.worker.tick import Worker
from tests.accounts.world import CHEAP
from tests.conformance.benches.sandbox import Process
from tests.docs.codes import problem_codes
from tests.docs.guide import Reader, blocks, table_of

GUIDE = "guide-developers.md"
API = "http://localhost:8000"


@pytest.fixture
async def demo(sandbox_process: Process, tmp_path: Path) -> Parts:
    """The demo's data over SQLite and a real sandbox, and a picture that stands still."""
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'paywall.sqlite3'}")
    await db.create_all()
    settings = Settings(data_dir=tmp_path, public_url=API, sandbox_url=sandbox_process.url)
    parts = assemble(settings, clock=SystemClock(), db=db)
    async with db.transaction() as tx:
        await write_demo(tx, parts, await Passwords(CHEAP).hash(PASSWORD))
    await register_merchants(parts)
    folder = tmp_path / "media" / "demo-live"
    folder.mkdir(parents=True)
    (folder / "index.m3u8").write_text("#EXTM3U\n")
    return parts  # the app's lifespan closes them


@asynccontextmanager
async def reading(demo: Parts) -> AsyncIterator[Reader]:
    """Somebody with the guide open, a terminal, and the demo running. The app closes the parts."""
    app = create_app(demo)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    sending = senders(demo)
    worker = Worker(jobs(demo, sending), demo.clock)
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url=API) as http:

        async def newest_link() -> str:
            await worker.run_all_once()
            box = await http.get("/dev/mailbox")
            mails = re.findall(r'href="(/dev/mailbox/\w+)"', box.text)
            page = await http.get(mails[0])
            found = re.search(r"/login/link\?token=([\w-]+)", page.text)
            assert found is not None, page.text
            return found[1]

        async def key() -> str:
            return (demo.settings.data_dir / "demo-api-key").read_text()

        yield Reader(http, LINK_TOKEN=newest_link, KEY=key)
        for close in sending.closing:
            await close()


async def test_every_command_answers_what_it_promises(demo: Parts) -> None:
    async with reading(demo) as reader:
        for block in blocks(GUIDE, "sh"):
            for line in block.splitlines():
                await reader.follow(line)
        assert reader.asked > 40
        keys = (await reader.http.get("/.well-known/jwks.json")).json()
    token = json.loads(reader.known["PLAY"])["entitlement"]
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    _python_sample(token, keys, issuer)
    _javascript_sample(token, keys, issuer)


def _python_sample(token: str, keys: dict[str, Any], issuer: str) -> None:
    names: dict[str, Any] = {}
    (sample,) = blocks(GUIDE, "python")
    exec(compile(sample, GUIDE, "exec"), names)
    read = names["read_assertion"]
    assert read(token, keys, issuer)["evt"].startswith("evt_")
    for wrong in (lambda: read(token, keys, "https://elsewhere.example"),
                  lambda: read(token, {"keys": []}, issuer),
                  lambda: read(_tampered(token), keys, issuer)):  # fmt: skip
        with pytest.raises((jwt.InvalidTokenError, jwt.PyJWKSetError)):
            wrong()


def _javascript_sample(token: str, keys: dict[str, Any], issuer: str) -> None:
    sample = next(one for one in blocks(GUIDE, "js") if "readAssertion" in one)
    calls = [
        (token, keys, issuer),
        (token, keys, "https://elsewhere.example"),
        (token, {"keys": []}, issuer),
        (_tampered(token), keys, issuer),
    ]
    script = f"""{sample}
    for (const call of {json.dumps(calls)}) {{
      console.log(await readAssertion(...call).then((claims) => claims.evt, (e) => e.message));
    }}"""
    ran = subprocess.run(
        ["node", "--input-type=module", "-e", script], capture_output=True, text=True, check=True
    )
    first, *others = ran.stdout.splitlines()
    assert first.startswith("evt_")
    assert others == ["not meant for us", "unknown key", "bad signature"]


def _tampered(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body}.{'B' if signature[0] != 'B' else 'C'}{signature[1:]}"


def test_every_error_code_is_in_the_table() -> None:
    told = {row[0].strip("`") for row in table_of(GUIDE, "codes")}
    known = problem_codes()
    assert told == known, f"missing {sorted(known - told)}, too many {sorted(told - known)}"


def test_every_quota_is_in_the_table() -> None:
    told = [row[:2] for row in table_of(GUIDE, "quotas")]
    assert told == [
        [f"`{quota.name}`", f"{quota.count:,} in {quota.window_s} s"] for quota in QUOTAS.values()
    ]
