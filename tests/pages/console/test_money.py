"""Money in the console: what a refund moves is said before, and happens once, freshly confirmed."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import select

from entitlements.tables import Grant, GrantState
from infra.kernel.clock import epoch_s
from infra.kernel.idempotency import Claim
from infra.kernel.ids import new_id
from infra.kernel.money import Money
from infra.kernel.spreadsheet import neutral
from offers.tables import Offer, OfferKind, OfferState, Pool, Price
from paywall.accounts.roles import Role
from paywall.catalogue.tables import Event, EventState, Stream
from paywall.checkout.order_requests import OrderRequest
from paywall.checkout.sell_directly import DirectSale
from paywall.checkout.tables import Order, OrderState
from paywall.http.idempotency import kept_json
from tests.pages.console.conftest import TOTP_SECRET, Console


@pytest.fixture
async def order_id(console: Console) -> str:
    """A paid order for a live event, taken at a till."""
    now = console.clock.machine()
    event_id, offer_id, order = new_id("evt"), new_id("ofr"), new_id("ord")
    async with console.db.transaction() as tx:
        tx.add(
            Event(
                id=event_id, venue_id=console.venue_id, slug="nuit", name="Nuit claire",
                timezone="Europe/Paris", starts_at=now, ends_at=now + timedelta(hours=2),
                state=EventState.PUBLISHED, created_at=now,
            )
        )  # fmt: skip
        tx.add(
            Stream(
                id=new_id("str"), venue_id=console.venue_id, event_id=event_id, kind="local",
                source="nuit", created_at=now,
            )
        )  # fmt: skip
        tx.add(
            Offer(
                id=offer_id, venue_id=console.venue_id, kind=OfferKind.STREAM_TICKET,
                scope_kind="event", scope_id=event_id, name="Live", state=OfferState.ON_SALE,
                created_at=now,
            )
        )  # fmt: skip
        tx.add(Pool(offer_id=offer_id, venue_id=console.venue_id, capacity=None, taken=0))
        tx.add(
            Price(
                id=new_id("prc"), venue_id=console.venue_id, offer_id=offer_id, currency="EUR",
                minor=1200, created_at=now,
            )
        )  # fmt: skip
    request = OrderRequest(
        order_id=order, venue_id=console.venue_id, offer_id=offer_id, email="=ada@example.org",
        channel="api", external_reference="till-7",
    )  # fmt: skip
    await console.parts.sell.sell(DirectSale(request=request, claim=_claim(order), keep=_keep))
    return order


def _claim(order_id: str) -> Claim:
    return Claim(actor="till", key=order_id, fingerprint="f", resource_id=order_id)


def _keep(placed: Any) -> Any:
    return kept_json(201, {})


async def state_of(console: Console, order_id: str) -> Order:
    async with console.db.read() as tx:
        return await tx.get_one(Order, order_id)


async def refund_form(owner: httpx.AsyncClient, url: str) -> str:
    page = await owner.get(url)
    assert page.status_code == 200, page.text
    form_id = re.search(r'name="form_id" value="(ref_[0-9a-z]{26})"', page.text)
    assert form_id is not None
    return form_id[1]


async def test_the_refund_page_says_what_moves_and_what_closes(
    console: Console, order_id: str
) -> None:
    owner = await console.sign_in(Role.OWNER)
    page = await owner.get(f"{console.at}/orders/{order_id}/refund")
    assert "€12.00 go back to =ada@example.org" in page.text
    # 5.5 % tax inside 12.00 is 0.63, the installation's 3 % are 0.36, the rest is the venue's.
    for part in ("€0.63", "€0.36", "€11.01"):
        assert part in page.text
    assert "Nuit claire: access ends at once." in page.text
    part = await owner.get(
        f"{console.at}/orders/{order_id}/refund?amount=5", headers={"HX-Request": "true"}
    )
    assert "€5.00 go back" in part.text
    assert "leaves the access open" in part.text
    assert "<html" not in part.text


async def test_pressing_refund_twice_gives_back_once(console: Console, order_id: str) -> None:
    owner = await console.sign_in(Role.OWNER)
    url = f"{console.at}/orders/{order_id}/refund"
    sent = {"form_id": await refund_form(owner, url), "amount": "5,00", "reason": "Late"}
    assert (await owner.post(url, data=sent)).status_code == 303
    assert (await owner.post(url, data=sent)).status_code == 303
    order = await state_of(console, order_id)
    assert order.refunded == Money(500, "EUR")
    assert order.state is OrderState.PARTLY_REFUNDED


async def test_a_whole_refund_closes_the_door(console: Console, order_id: str) -> None:
    owner = await console.sign_in(Role.OWNER)
    url = f"{console.at}/orders/{order_id}/refund"
    sent = {"form_id": await refund_form(owner, url), "amount": "12.00"}
    answer = await owner.post(url, data=sent)
    page = await owner.get(answer.headers["location"])
    assert "€12.00 went back. Access is closed." in page.text
    async with console.db.read() as tx:
        grant = await tx.scalar(select(Grant).where(Grant.order_id == order_id))
    assert grant is not None
    assert grant.state is GrantState.REVOKED


async def test_too_much_is_refused_beside_the_amount(console: Console, order_id: str) -> None:
    owner = await console.sign_in(Role.OWNER)
    url = f"{console.at}/orders/{order_id}/refund"
    sent = {"form_id": await refund_form(owner, url), "amount": "12.01", "reason": "Kept words"}
    answer = await owner.post(url, data=sent)
    assert answer.status_code == 422
    assert 'id="amount-error"' in answer.text
    assert 'value="Kept words"' in answer.text


async def test_a_refund_waits_for_a_fresh_proof_and_loses_nothing(
    console: Console, order_id: str
) -> None:
    owner = await console.sign_in(Role.OWNER, fresh=False, totp=True)
    url = f"{console.at}/orders/{order_id}/refund"
    sent = {"form_id": await refund_form(owner, url), "amount": "5.00", "reason": "Sound & light"}
    confirm = await owner.post(url, data=sent)
    assert confirm.status_code == 403
    assert "Confirm that it is you" in confirm.text
    assert (await state_of(console, order_id)).refunded_minor == 0
    carried = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', confirm.text))
    assert carried["reason"] == "Sound &amp; light"
    fields = sent | {"_action": url}
    wrong = await owner.post("/console/confirm", data=fields | {"_code": "000000"})
    assert wrong.status_code == 401
    assert "Sound &amp; light" in wrong.text
    code = pyotp.TOTP(TOTP_SECRET).at(epoch_s(console.clock.machine()))
    right = await owner.post("/console/confirm", data=fields | {"_code": code})
    assert right.status_code == 307  # the browser repeats the POST there
    assert right.headers["location"] == url
    done = await owner.post(right.headers["location"], data=fields | {"_code": code})
    assert done.status_code == 303
    assert (await state_of(console, order_id)).refunded == Money(500, "EUR")


async def test_access_is_stopped_and_opened_again_without_money(
    console: Console, order_id: str
) -> None:
    support = await console.sign_in(Role.SUPPORT)
    await support.post(f"{console.at}/orders/{order_id}/stop", data={"reason": "Shared log-in"})
    page = await support.get(f"{console.at}/orders/{order_id}")
    assert "Open access again" in page.text
    assert "Give money back" not in page.text, "support may not refund"
    await support.post(f"{console.at}/orders/{order_id}/open")
    async with console.db.read() as tx:
        grant = await tx.scalar(select(Grant).where(Grant.order_id == order_id))
    assert grant is not None
    assert grant.state is GrantState.ACTIVE


async def test_orders_as_csv_run_nothing_in_a_spreadsheet(console: Console, order_id: str) -> None:
    owner = await console.sign_in(Role.OWNER)
    answer = await owner.get(f"{console.at}/orders?format=csv&state=paid")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[1][0] == "'=ada@example.org"
    assert rows[1][4] == "12.00"
    assert rows[1][6] == order_id


async def test_an_order_of_the_neighbour_is_not_found(console: Console, order_id: str) -> None:
    neighbour = await console.sign_in(Role.OWNER, place=console.neighbour_id)
    at = f"/console/{console.neighbour_id}/orders/{order_id}"
    assert (await neighbour.get(at)).status_code == 404
    assert (await neighbour.get(at + "/refund")).status_code == 404
    assert (await neighbour.post(at + "/stop")).status_code == 303
    assert (await state_of(console, order_id)).stopped_at is None


async def test_balances_open_to_their_postings(console: Console, order_id: str) -> None:
    finance = await console.sign_in(Role.FINANCE)
    page = await finance.get(f"{console.at}/money")
    assert "€11.01" in page.text
    postings = await finance.get(f"{console.at}/money/postings?account=venue")
    assert order_id in postings.text
    assert "€0.63" not in postings.text
    table = await finance.get(f"{console.at}/money/postings?format=csv")
    amounts = [row[3] for row in csv.reader(io.StringIO(table.text))][1:]
    assert sum(round(float(amount) * 100) for amount in amounts) == 0


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"), ("+33 1", "'+33 1"), ("@x", "'@x"), ("-2+3", "'-2+3"), ("\tx", "'\tx"),
        ("-12.00", "-12.00"), ("plain", "plain"), ("", ""),
    ],
)  # fmt: skip
def test_only_what_a_spreadsheet_would_run_is_made_harmless(text: str, safe: str) -> None:
    assert neutral(text) == safe
