"""`python -m paywall.worker`: one job worker, until SIGTERM; `--once` does what is due and ends."""

from __future__ import annotations

import asyncio
import sys

from infra.adapters.logs import configure_logging
from infra.adapters.taskiq_kick import TaskiqKick
from infra.kernel.settings import load_settings
from paywall.app.assembly import assemble
from paywall.app.sending import senders
from paywall.worker.jobs import jobs
from paywall.worker.tick import Worker


async def run(*, once: bool) -> int:
    """How many rows were worked on, where it ends by itself."""
    settings = load_settings()
    configure_logging(as_json=settings.log_json)
    parts = assemble(settings)
    sending = senders(parts)
    parts.closing.extend(sending.closing)
    worker = Worker(jobs(parts, sending), parts.clock)
    try:
        if once:
            return await worker.run_all_once()
        parts.db.woken = worker.wake
        worker.stop_on_signals()
        if settings.redis_url:
            kick = TaskiqKick(settings.redis_url)
            parts.closing.append(kick.close)
            await worker.hear(kick.listen)
        else:
            await worker.run()
        return 0
    finally:
        await parts.close()


if __name__ == "__main__":
    done = asyncio.run(run(once="--once" in sys.argv[1:]))
    if "--once" in sys.argv[1:]:
        sys.stdout.write(f"{done} rows worked on\n")
