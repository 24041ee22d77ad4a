"""A worker process that leases the due mail, says so and hangs in its sender until it is killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from infra.adapters.taskiq_kick import TaskiqKick
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from paywall.notices.mails import MailDelivery
from paywall.notices.outbox import Outbox
from paywall.notices.ports import Attachment, Mail, Rendered
from paywall.worker.tick import Job, Worker


class HangingSender:
    async def send(self, mail: Mail) -> None:
        print("SENDING", mail.message_id, flush=True)
        await asyncio.Event().wait()

    async def close(self) -> None: ...


class Blank:
    def render(self, template: str, locale: str, data: Mapping[str, Any]) -> Rendered:
        return Rendered(subject=template, text="", html="")

    async def load(self, ref: str, now: datetime) -> list[Attachment]:
        raise AssertionError(ref)


async def main(database_url: str, redis_url: str) -> None:
    db, clock = Database(database_url), SystemClock()
    delivery = MailDelivery(
        db, clock, Outbox(Sealer(b"m" * 32)), HangingSender(), Blank(), Blank(),
        mail_from="tickets@example.org", installation_name="Paywall",
    )  # fmt: skip
    # Not every second: this process shall act on a kick alone.
    worker = Worker([Job(name="mail", run=delivery.run, every_s=3600)], clock)
    kick = TaskiqKick(redis_url)
    print("READY", flush=True)
    await kick.listen(worker.run_once, asyncio.Event())


asyncio.run(main(sys.argv[1], sys.argv[2]))
