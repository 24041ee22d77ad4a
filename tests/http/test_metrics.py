"""What Prometheus reads: requests, work that waits, and how old the denylist is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from paywall.http.parts import Parts
from paywall.notices.outbox import mail
from paywall.routes import metrics
from tests.http.conftest import Serve


def value(text: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])


async def test_work_that_nobody_does_is_seen_to_wait(
    serve: Serve, database: Database, clock: HandClock, parts: Parts
) -> None:
    async with database.transaction() as tx:
        notice = mail("installation", "ada@example.org", "receipt", "ord_1", {})
        await parts.outbox.enqueue(tx, [notice], clock.machine())
    await parts.playback.refresh_denials()
    clock.move(seconds=90)
    async with serve([metrics.read], peer="127.0.0.1") as client:
        text = (await client.get("/metrics")).text
    assert value(text, 'paywall_job_waiting_seconds{job="mails"}') == 90
    assert value(text, 'paywall_job_waiting_seconds{job="payments"}') == 0
    assert 0 <= value(text, "paywall_denylist_age_seconds") <= 90


_COUNTS = """
import sys
from paywall.http.observe import Metrics

metrics = Metrics()
metrics.count("GET", "/", 200, 0.01)
metrics.note_state({"mails": float(sys.argv[1])}, 1.0)
print(metrics.text().decode())
"""


def test_whichever_worker_of_a_port_is_scraped_tells_the_sum(tmp_path: Path) -> None:
    told = ""
    for waiting in ("5", "7"):
        ran = subprocess.run(
            [sys.executable, "-c", _COUNTS, waiting],
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told = ran.stdout
    assert 'paywall_http_requests_total{method="GET",route="/",status="200"} 2.0' in told
    assert 'paywall_http_request_seconds_count{method="GET",route="/"} 2.0' in told
    assert 'paywall_job_waiting_seconds{job="mails"} 7.0' in told
