"""A whole evening's log names every request by its id, and holds nobody's secret."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from infra.adapters.logs import configure_logging
from paywall.app.sending import senders
from tests.stories.hall import KEY, Hall

SECRETS = re.compile(r"eyJ\w|pws_\w|pwk_\w|whsec_\w|sk_test|pwi_\w")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that this process logs, debugging lines too, as JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logging(as_json=True, stream=out, level="DEBUG")
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_nothing_secret_is_logged_when_people_log_in_buy_and_watch(
    written: io.StringIO, sqlite_hall: Hall
) -> None:
    hall = sqlite_hall
    event_id = await hall.event(in_hours=-0.5)
    offer_id = await hall.ticket(event_id)
    endpoint, secret = await hall.parts.webhooks.add(
        hall.venue_id, "http://127.0.0.1:9/hook", ["order.paid"], actor="acc_1"
    )
    ada = await hall.buyer()
    await hall.move(minutes=1)
    order_id = await ada.buy(offer_id)
    await hall.deliver()
    answer = await ada.watch(event_id)
    assert answer.is_success, answer.text
    play = answer.json()
    await hall.parts.playback.refresh_denials()
    bearer = {"Authorization": f"Bearer {play['token']}"}
    for address in play["urls"].values():
        await ada.client.get(address, headers=bearer)
    beat = await ada.client.post(
        f"/v1/playback/sessions/{play['session_id']}/beat",
        json={"playing": True},
        headers={"X-Session-Secret": play["heartbeat"]["secret"]},
    )
    assert beat.is_success, beat.text
    assert (await hall.refund(order_id)).is_success
    await hall.tick()
    sending = senders(hall.parts)
    for job in (sending.mails, sending.webhooks, sending.receipts):
        await job.run(hall.clock.machine())
    for close in sending.closing:
        await close()

    text = written.getvalue()
    # The deliveries failed loudly, and the clients' own debugging lines are in there.
    assert endpoint.id
    assert play["token"] not in text
    assert play["heartbeat"]["secret"] not in text
    assert secret not in text
    assert KEY not in text
    assert not SECRETS.search(text), SECRETS.findall(text)
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) > 10
    assert all(line["request_id"].startswith("req_") for line in requests)
