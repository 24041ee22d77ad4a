"""Webhooks: fan-out with the cause, ten tries, dead endpoints, replay, rotation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import event as sa_event
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import BadTransition, Conflict, Invalid, NotFound, StaleEdit
from paywall.accounts.tables import AuditEntry
from paywall.catalogue.tables import Mode
from paywall.notices.emission import Emission, emit
from paywall.notices.kinds import WEBHOOK_KINDS
from paywall.notices.outbox import WEBHOOK_BACKOFF_S, Outbox
from paywall.notices.ports import NotSent, OutcomeUnknown, Refused, WebhookAnswer
from paywall.notices.signing import signature
from paywall.notices.tables import (
    ENDPOINT_TRANSITIONS,
    EndpointState,
    OutboxKind,
    OutboxRow,
    OutboxState,
    WebhookEndpoint,
)
from paywall.notices.webhook_delivery import HELD_BACK, WebhookDelivery
from paywall.notices.webhooks import MAX_ENDPOINTS, OVERLAP, EndpointView, Webhooks

from .conftest import ScriptedWebhooks, add_venue

URL = "https://app.example/hooks"


def paid(n: int = 1, venue_id: str = "ven_1") -> Emission:
    return Emission(
        venue_id=venue_id, kind="order.paid", cause_id=f"ord_{n}", data={"order_id": f"ord_{n}"}
    )


async def tell(db: Database, outbox: Outbox, clock: HandClock, events: Sequence[Emission]) -> None:
    async with db.transaction() as tx:
        await emit(outbox, tx, events, clock.machine())


async def webhook_rows(db: Database) -> list[OutboxRow]:
    query = select(OutboxRow).where(OutboxRow.kind == OutboxKind.WEBHOOK).order_by(OutboxRow.id)
    async with db.read() as tx:
        return list((await tx.execute(query)).scalars())


async def endpoint_row(db: Database, id_: str) -> WebhookEndpoint:
    async with db.read() as tx:
        row = await tx.get(WebhookEndpoint, id_)
    assert row is not None
    return row


async def one_endpoint(db: Database, hooks: Webhooks, *kinds: str) -> tuple[EndpointView, str]:
    await add_venue(db)
    return await hooks.add("ven_1", URL, kinds, actor="acc_1")


async def test_an_event_arrives_signed_with_its_stored_id(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    _, secret = await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid()])
    assert await hook_delivery.run(clock.machine()) == 1
    [row] = await webhook_rows(database)
    [call] = wire.calls
    assert call.url == URL
    assert call.headers["webhook-id"] == row.id
    at = int(call.headers["webhook-timestamp"])
    assert call.headers["webhook-signature"] == signature(secret, row.id, at, call.body)
    assert msgspec.json.decode(call.body) == {
        "type": "order.paid", "timestamp": "2026-11-20T18:00:00Z", "data": {"order_id": "ord_1"},
    }  # fmt: skip
    assert (row.state, row.answer_status, row.answer_excerpt) == (OutboxState.SENT, 200, "ok")


async def test_an_event_reaches_every_endpoint_of_its_venue_that_wants_it_and_no_other(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks
) -> None:
    await add_venue(database, "ven_1")
    await add_venue(database, "ven_2")
    everything, _ = await hooks.add("ven_1", URL, [], actor="acc_1")
    paid_only, _ = await hooks.add("ven_1", URL, ["order.paid"], actor="acc_1")
    await hooks.add("ven_1", URL, ["refund.succeeded"], actor="acc_1")
    off, _ = await hooks.add("ven_1", URL, [], actor="acc_1")
    await hooks.switch("ven_1", off.id, EndpointState.DISABLED, actor="acc_1")
    await hooks.add("ven_2", URL, [], actor="acc_1")
    await tell(database, outbox, clock, [paid(), paid()])
    await tell(database, outbox, clock, [paid()])
    rows = await webhook_rows(database)
    assert {row.recipient for row in rows} == {everything.id, paid_only.id}
    assert len(rows) == 2


async def test_a_batch_of_events_of_venues_without_endpoints_costs_one_statement(
    database: Database, clock: HandClock, outbox: Outbox
) -> None:
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    async with database.transaction() as tx:
        sa_event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        events = [paid(n, f"ven_{n % 7}") for n in range(50)]
        await emit(outbox, tx, events, clock.machine())
        await emit(outbox, tx, [], clock.machine())
        sa_event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) == 1


async def test_ten_tries_on_the_documented_schedule_then_the_endpoint_is_disabled_by_mail(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, _ = await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid()])
    wire.answers[URL] = WebhookAnswer(status=500, excerpt="boom")
    for pause_s in WEBHOOK_BACKOFF_S:
        await hook_delivery.run(clock.machine())
        [row] = await webhook_rows(database)
        assert row.due_at >= clock.machine() + timedelta(seconds=pause_s)
        clock.move(seconds=max(pause_s, HELD_BACK.total_seconds()))
    assert len(wire.calls) == 9
    assert (await endpoint_row(database, endpoint.id)).state is EndpointState.ENABLED
    await hook_delivery.run(clock.machine())
    assert len(wire.calls) == 10
    assert len({call.headers["webhook-id"] for call in wire.calls}) == 1
    row = await endpoint_row(database, endpoint.id)
    assert row.state is EndpointState.DISABLED
    assert "Nothing got through" in row.disabled_reason
    assert (await webhook_rows(database))[0].state is OutboxState.FAILED
    async with database.read() as tx:
        query = select(OutboxRow).where(OutboxRow.kind == OutboxKind.MAIL)
        told = (await tx.execute(query)).scalar_one()
    assert (told.template, told.recipient) == ("webhook_disabled", "office@venue.example")
    assert told.data["url"] == URL


async def test_410_gone_disables_at_once(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, _ = await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid()])
    wire.answers[URL] = WebhookAnswer(status=410, excerpt="")
    await hook_delivery.run(clock.machine())
    assert (await endpoint_row(database, endpoint.id)).state is EndpointState.DISABLED


async def test_a_success_forgets_the_failures_before_it(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, _ = await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid()])
    wire.answers[URL] = NotSent("nobody there")
    await hook_delivery.run(clock.machine())
    assert (await endpoint_row(database, endpoint.id)).failures == 1
    del wire.answers[URL]
    clock.move(minutes=1)
    await hook_delivery.run(clock.machine())
    row = await endpoint_row(database, endpoint.id)
    assert (row.failures, row.failing_since) == (0, None)


@pytest.mark.parametrize(
    "answer",
    [
        WebhookAnswer(status=302, excerpt=""), WebhookAnswer(status=404, excerpt=""),
        NotSent("no connection"), OutcomeUnknown("time-out"), Refused("private network"),
        RuntimeError("bug"),
    ],
)  # fmt: skip
async def test_whatever_is_not_2xx_is_tried_again(
    answer: WebhookAnswer | Exception, database: Database, clock: HandClock, outbox: Outbox,
    hooks: Webhooks, hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid()])
    wire.answers[URL] = answer
    await hook_delivery.run(clock.machine())
    [row] = await webhook_rows(database)
    assert (row.state, row.tries) == (OutboxState.WAITING, 1)
    del wire.answers[URL]
    clock.move(minutes=1)
    await hook_delivery.run(clock.machine())
    assert (await webhook_rows(database))[0].state is OutboxState.SENT


async def test_retry_after_lengthens_the_pause(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid()])
    wire.answers[URL] = WebhookAnswer(status=429, excerpt="", retry_after_s=7200)
    await hook_delivery.run(clock.machine())
    [row] = await webhook_rows(database)
    assert row.due_at == clock.machine() + timedelta(hours=2)


async def test_a_dead_endpoint_with_a_long_queue_costs_one_call_and_holds_up_nobody(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    await add_venue(database, "ven_1")
    await add_venue(database, "ven_2")
    await hooks.add("ven_1", URL, [], actor="acc_1")
    good = "https://good.example/"
    await hooks.add("ven_2", good, [], actor="acc_1")
    wire.answers[URL] = NotSent("dead")
    await tell(database, outbox, clock, [paid()])
    await hook_delivery.run(clock.machine())  # it is known to fail from now on
    clock.move(minutes=1)
    events = [paid(n) for n in range(2, 200)] + [paid(n, "ven_2") for n in range(2, 30)]
    await tell(database, outbox, clock, events)
    wire.calls.clear()
    while await hook_delivery.run(clock.machine()):
        pass
    assert sum(call.url == URL for call in wire.calls) == 1
    assert sum(call.url == good for call in wire.calls) == 28
    clock.move(minutes=1)
    del wire.answers[URL]
    while await hook_delivery.run(clock.machine()):
        pass
    states = {row.state for row in await webhook_rows(database) if row.cause_id != "ord_1"}
    assert states == {OutboxState.SENT} or states == {OutboxState.SENT, OutboxState.WAITING}


async def test_messages_of_a_disabled_or_removed_endpoint_fail_and_can_be_replayed(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, _ = await one_endpoint(database, hooks)
    await tell(database, outbox, clock, [paid(1), paid(2)])
    await hooks.switch("ven_1", endpoint.id, EndpointState.DISABLED, actor="acc_1")
    await hook_delivery.run(clock.machine())
    assert wire.calls == []
    assert {row.state for row in await webhook_rows(database)} == {OutboxState.FAILED}
    await hooks.switch("ven_1", endpoint.id, EndpointState.ENABLED, actor="acc_1")
    assert await hooks.replay_failed("ven_1", endpoint.id, clock.machine(), actor="acc_1") == 2
    await hook_delivery.run(clock.machine())
    assert len(wire.calls) == 2
    await tell(database, outbox, clock, [paid(3)])
    await hooks.remove("ven_1", endpoint.id, actor="acc_1")
    await hook_delivery.run(clock.machine())
    last = (await webhook_rows(database))[-1]
    assert (last.state, last.last_error) == (OutboxState.FAILED, "The endpoint was removed.")


async def test_deliveries_are_listed_newest_first_and_one_is_replayed_under_its_id(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, _ = await one_endpoint(database, hooks)
    wire.answers[URL] = WebhookAnswer(status=200, excerpt="x" * 5000)
    for n in range(3):
        await tell(database, outbox, clock, [paid(n)])
    await hook_delivery.run(clock.machine())
    listed = await hooks.deliveries("ven_1", endpoint.id, limit=2)
    assert len(listed) == 2
    assert listed[0].id > listed[1].id
    [oldest] = await hooks.deliveries("ven_1", endpoint.id, before=listed[1].id)
    assert len(oldest.answer_excerpt) == 1000
    again = await hooks.replay("ven_1", oldest.id, actor="acc_1")
    assert (again.state, again.tries) == (OutboxState.WAITING, 0)
    await hook_delivery.run(clock.machine())
    assert wire.calls[-1].headers["webhook-id"] == oldest.id
    assert wire.calls[-1].body == next(
        call.body for call in wire.calls if call.headers["webhook-id"] == oldest.id
    )


async def test_after_a_rotation_both_secrets_sign_for_a_day(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks,
    hook_delivery: WebhookDelivery, wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, old = await one_endpoint(database, hooks)
    _, new = await hooks.rotate("ven_1", endpoint.id, actor="acc_1")
    for n, secrets in enumerate(([new, old], [new])):
        await tell(database, outbox, clock, [paid(n)])
        await hook_delivery.run(clock.machine())
        call = wire.calls[-1]
        id_, at = call.headers["webhook-id"], int(call.headers["webhook-timestamp"])
        expected = " ".join(signature(secret, id_, at, call.body) for secret in secrets)
        assert call.headers["webhook-signature"] == expected
        clock.move(seconds=OVERLAP.total_seconds())
    row = await endpoint_row(database, endpoint.id)
    assert new not in row.secret_sealed + row.old_secret_sealed


async def test_a_test_event_is_sent_whatever_the_endpoint_wants(
    database: Database, clock: HandClock, hooks: Webhooks, hook_delivery: WebhookDelivery,
    wire: ScriptedWebhooks,
) -> None:  # fmt: skip
    endpoint, _ = await one_endpoint(database, hooks, "order.paid")
    await hooks.send_test("ven_1", endpoint.id)
    await hooks.send_test("ven_1", endpoint.id)
    await hook_delivery.run(clock.machine())
    assert [msgspec.json.decode(c.body)["type"] for c in wire.calls] == ["webhook.test"] * 2
    await hooks.switch("ven_1", endpoint.id, EndpointState.DISABLED, actor="acc_1")
    with pytest.raises(Conflict):
        await hooks.send_test("ven_1", endpoint.id)


@pytest.mark.parametrize(
    "url",
    ["", "app.example", "ftp://app.example", "javascript:alert(1)", "https://", "https://[::1",
     "https://u:p@app.example", "https://app.example/#x", "https://app.example/a b",
     "https://app.example/\n", "https://app.example:0/", "https://a.example/" + "x" * 500],
)  # fmt: skip
async def test_an_address_that_is_plainly_wrong_is_refused_with_its_field(
    url: str, database: Database, hooks: Webhooks
) -> None:
    await add_venue(database)
    with pytest.raises(Invalid) as caught:
        await hooks.add("ven_1", url, [], actor="acc_1")
    assert caught.value.field == "url"


async def test_a_live_venue_needs_https_and_known_kinds(
    database: Database, hooks: Webhooks
) -> None:
    await add_venue(database, mode=Mode.LIVE)
    with pytest.raises(Invalid):
        await hooks.add("ven_1", "http://app.example", [], actor="acc_1")
    with pytest.raises(Invalid) as caught:
        await hooks.add("ven_1", URL, ["order.sneezed"], actor="acc_1")
    assert caught.value.field == "kinds"


async def test_an_edit_needs_the_version_that_was_seen(database: Database, hooks: Webhooks) -> None:
    endpoint, _ = await one_endpoint(database, hooks)
    changed = await hooks.edit(
        "ven_1",
        endpoint.id,
        version=1,
        url=URL + "2",
        kinds=["order.paid"],
        description="shop",
        actor="acc_1",
    )
    assert (changed.url, changed.kinds, changed.version) == (URL + "2", ["order.paid"], 2)
    with pytest.raises(StaleEdit):
        await hooks.edit(
            "ven_1", endpoint.id, version=1, url=URL, kinds=[], description="", actor="acc_1"
        )


async def test_another_venue_sees_and_changes_nothing(
    database: Database, clock: HandClock, outbox: Outbox, hooks: Webhooks
) -> None:
    endpoint, _ = await one_endpoint(database, hooks)
    await add_venue(database, "ven_2")
    await tell(database, outbox, clock, [paid()])
    [row] = await webhook_rows(database)
    assert await hooks.endpoints("ven_2") == []
    assert await hooks.deliveries("ven_2", endpoint.id) == []
    assert await hooks.replay_failed("ven_2", endpoint.id, clock.machine(), actor="acc_1") == 0
    for attempt in (
        hooks.rotate("ven_2", endpoint.id, actor="acc_1"),
        hooks.remove("ven_2", endpoint.id, actor="acc_1"),
        hooks.send_test("ven_2", endpoint.id), hooks.replay("ven_2", row.id, actor="acc_1"),
        hooks.switch("ven_2", endpoint.id, EndpointState.DISABLED, actor="acc_1"),
        hooks.edit(
            "ven_2", endpoint.id, version=1, url=URL, kinds=[], description="", actor="acc_1",
        ),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await attempt


async def test_a_venue_has_a_bounded_number_of_endpoints(
    database: Database, hooks: Webhooks
) -> None:
    await add_venue(database)
    for _ in range(MAX_ENDPOINTS):
        await hooks.add("ven_1", URL, [], actor="acc_1")
    with pytest.raises(Conflict):
        await hooks.add("ven_1", URL, [], actor="acc_1")


@pytest.mark.parametrize("source", EndpointState)
@pytest.mark.parametrize("target", EndpointState)
def test_every_step_of_an_endpoint_is_in_its_table(
    source: EndpointState, target: EndpointState
) -> None:
    row = WebhookEndpoint(id="whe_1", state=source)
    if target in ENDPOINT_TRANSITIONS[source]:
        row.move(target)
        assert row.state is target
    else:
        with pytest.raises(BadTransition):
            row.move(target)


def test_kinds_are_written_like_the_specification_recommends() -> None:
    for kind in WEBHOOK_KINDS:
        assert all(part.isidentifier() for part in kind.split("."))


async def test_each_act_and_its_line_in_the_audit_log_are_one_transaction(
    hooks: Webhooks, database: Database
) -> None:
    await add_venue(database)
    endpoint, _ = await hooks.add("ven_1", URL, [], actor="acc_1")
    await hooks.rotate("ven_1", endpoint.id, actor="acc_2")
    async with database.read() as tx:
        entries = list(await tx.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(e.actor, e.action, e.subject) for e in entries] == [
        ("acc_1", "webhook.added", endpoint.id),
        ("acc_2", "webhook.rotated", endpoint.id),
    ]
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP TABLE audit_entry"))
    with pytest.raises(DBAPIError):
        await hooks.remove("ven_1", endpoint.id, actor="acc_1")
    assert [one.id for one in await hooks.endpoints("ven_1")] == [endpoint.id]
