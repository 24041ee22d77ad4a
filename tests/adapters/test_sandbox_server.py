"""The embedded processor itself: its pages, cards, keys, webhooks and faults."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from infra.adapters.sandbox_server.cards import BY_NUMBER, TEST_CARDS, fee, luhn, spaced
from infra.kernel.money import Money
from paywall.payments.port import OutcomeUnknown, Redirect, Standing
from tests.conformance.benches.sandbox import Process, SandboxBench, merchant
from tests.conformance.gateway_bench import Act, mandate, payment

DOCS = Path(__file__).parents[2] / "docs" / "payments.md"


@pytest.fixture
async def bench(sandbox_process: Process):  # type: ignore[no-untyped-def]
    async with merchant(sandbox_process.url) as made:
        yield made


async def page_of(bench: SandboxBench, **more: object) -> str:
    started = await bench.gateway.start(payment(**more))  # type: ignore[arg-type]
    assert isinstance(started.next, Redirect)
    return started.next.url


# Cards


def test_every_test_card_has_a_right_check_digit_and_its_own_number() -> None:
    assert all(luhn(card.number) for card in TEST_CARDS)
    assert len(BY_NUMBER) == len(TEST_CARDS)


@pytest.mark.parametrize(
    "number", ["4242424242424241", "", "4242", "４２４２４２４２４２４２４２４２", "x"]
)
def test_a_wrong_check_digit_is_noticed(number: str) -> None:
    assert not luhn(number)


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [(1299, "EUR", 43), (1000, "EUR", 39), (1300, "JPY", 18), (13000, "KWD", 432)],
)
def test_the_fee_is_1_4_percent_and_a_quarter_of_the_unit(
    minor: int, currency: str, expected: int
) -> None:
    assert fee(Money(minor, currency)) == Money(expected, currency)


def test_the_cards_in_the_documentation_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([\d ]+)` \| (.+?) \|$", DOCS.read_text(), re.MULTILINE)
    assert rows == [(spaced(card.number), card.english) for card in TEST_CARDS]


# Pages


async def test_the_card_page_names_amount_merchant_and_cards_in_the_payers_language(
    bench: SandboxBench,
) -> None:
    french = (await bench.http.get(await page_of(bench, locale="fr"))).text
    assert "12,99\u00a0€" in french
    assert "La Salle" in french
    assert "Numéro de carte" in french
    assert '<html lang="fr"' in french
    english = (await bench.http.get(await page_of(bench, locale="en-GB"))).text
    assert "€12.99" in english
    assert all(spaced(card.number) in english for card in TEST_CARDS)
    for name in ("cc-number", "cc-exp", "cc-csc"):
        assert f'autocomplete="{name}"' in english


async def test_the_pages_policy_allows_no_script_and_leads_only_home(bench: SandboxBench) -> None:
    answer = await bench.http.get(await page_of(bench))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_mistyped_form_comes_back_with_what_was_typed_and_a_sentence_a_field(
    bench: SandboxBench,
) -> None:
    url = await page_of(bench, locale="en")
    form = {"number": "4242 4242 4242 4241", "expiry": "13/20", "cvc": "1"}
    answer = await bench.http.post(url, data=form)
    assert answer.status_code == 422
    assert 'value="4242 4242 4242 4241"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 3
    assert "12/34" in answer.text
    past = await bench.http.post(url, data=form | {"expiry": "01/20"})
    assert "This date is over" in past.text
    real = await bench.http.post(url, data=form | {"number": "5555 5555 5555 4444"})
    assert "not a test card" in real.text


async def test_text_of_merchants_is_only_text(bench: SandboxBench) -> None:
    answer = await bench.http.get(await page_of(bench, description="<script>alert(1)</script>"))
    assert "<script>alert" not in answer.text


async def test_a_page_that_was_used_leads_back_to_the_shop(bench: SandboxBench) -> None:
    started = await bench.gateway.start(payment())
    await bench.pay(started, Act.SUCCEED)
    assert isinstance(started.next, Redirect)
    for answer in (
        await bench.http.get(started.next.url),
        await bench.http.post(started.next.url, data={"number": "4242424242424242"}),
    ):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(
            "http://127.0.0.1:9/checkout/back?payment=pay_"
        )
    assert await bench.charges(started.payment_id) == 1


async def test_a_return_address_that_is_no_web_address_is_refused(bench: SandboxBench) -> None:
    for url in ("javascript:alert(1)", "/back", "", "data:text/html,x", "http://"):
        with pytest.raises(Exception, match="return_url"):
            await bench.gateway.start(payment(return_url=url))


async def test_an_unheard_of_page_is_not_found(bench: SandboxBench) -> None:
    assert (await bench.http.get(f"{bench.url}/pay/sbp_no")).status_code == 404


async def test_a_page_nobody_fills_in_fails_as_abandoned_after_a_day(bench: SandboxBench) -> None:
    started = await bench.gateway.start(payment())
    await bench.move_clock(24 * 3600 + 1)
    now = await bench.gateway.read(processor_ref=started.processor_ref, payment_id="")
    assert now is not None
    assert (now.standing, now.decline) == (Standing.FAILED, "abandoned")


async def test_a_mandate_on_a_declined_card_is_not_ready(bench: SandboxBench) -> None:
    intent = mandate()
    made = await bench.gateway.set_up(intent)
    await bench.set_up(made.setup_ref, Act.DECLINE)
    now = await bench.gateway.read_mandate(setup_ref="", mandate_id=intent.mandate_id)
    assert now is not None
    assert (now.ready, now.decline) == (False, "card_declined")


# Keys and webhooks


async def test_after_its_life_a_key_is_forgotten_and_a_second_charge_is_visible(
    bench: SandboxBench,
) -> None:
    intent = payment(metadata={"sandbox_card": "4242424242424242"})
    await bench.gateway.start(intent)
    await bench.move_clock(24 * 3600 - 60)
    await bench.gateway.start(intent)
    assert await bench.charges(intent.payment_id) == 1
    await bench.move_clock(61)
    await bench.gateway.start(intent)
    assert await bench.charges(intent.payment_id) == 2


async def test_a_webhook_that_is_not_taken_comes_again(bench: SandboxBench) -> None:
    bench.mailbox.status = 500
    await bench.gateway.start(payment(metadata={"sandbox_card": "4242424242424242"}))
    (first,) = await bench.webhooks()
    bench.mailbox.status = 200
    (second,) = await again(bench, 6)
    assert second.headers["webhook-id"] == first.headers["webhook-id"]
    assert second.body == first.body
    assert bench.gateway.verify(second, bench.now())


async def again(bench: SandboxBench, seconds: float) -> list[object]:
    """Webhooks after time was moved on; the failed try may still be being written down."""
    for _ in range(20):
        await bench.move_clock(seconds)
        if not bench.mailbox.got.empty():
            break
    return list(await bench.webhooks())


async def test_webhooks_come_twice_or_last_first_on_order(bench: SandboxBench) -> None:
    card = {"sandbox_card": "4242424242424242"}
    await bench.fault("webhooks", "duplicate")
    await bench.gateway.start(payment(metadata=card))
    twice = await bench.webhooks()
    if len(twice) < 2:
        twice += await bench.webhooks()
    assert len({hook.headers["webhook-id"] for hook in twice}) == 1
    await bench.fault("webhooks", "reorder", times=2)
    first, second = payment(metadata=card), payment(metadata=card)
    await bench.gateway.start(first)
    await bench.gateway.start(second)
    hooks = await bench.webhooks()
    if len(hooks) < 2:
        hooks += await bench.webhooks()
    told = [
        item.payload["reference"]
        for hook in hooks
        for item in bench.gateway.verify(hook, bench.now())
    ]
    assert told == [second.payment_id, first.payment_id]


@pytest.mark.parametrize(
    ("mode", "charges"),
    [("drop_before", 0), ("500_before", 0), ("drop_after", 1), ("500_after", 1)],
)
async def test_a_fault_before_does_nothing_and_one_after_has_done_it(
    bench: SandboxBench, mode: str, charges: int
) -> None:
    intent = payment(metadata={"sandbox_card": "4242424242424242"})
    await bench.fault("payments.create", mode)
    with pytest.raises(OutcomeUnknown):
        await bench.gateway.start(intent)
    assert await bench.charges(intent.payment_id) == charges
    await bench.gateway.start(intent)
    assert await bench.charges(intent.payment_id) == 1


async def test_bad_requests_are_refused_with_a_reason(bench: SandboxBench) -> None:
    headers = {"authorization": f"Bearer {bench.credentials.secret_key}", "idempotency-key": "k"}
    async with httpx.AsyncClient(base_url=bench.url, headers=headers) as http:
        for body in ("{", "[]", '{"amount": 0}', '{"reference":"r","amount":1.5,"currency":"EUR"}'):
            answer = await http.post("/v1/payments", content=body)
            assert answer.status_code == 422
            assert answer.json()["error"]["message"]
        del http.headers["idempotency-key"]
        assert (await http.post("/v1/payments", content="{}")).status_code in (400, 422)


async def test_a_cards_last_month_is_told_and_kept_for_later_charges(bench: SandboxBench) -> None:
    started = await bench.gateway.start(payment(save_for_later=True))
    assert started.means.kind == ""
    assert isinstance(started.next, Redirect)
    form = {"number": "4242424242424242", "expiry": "4/41", "cvc": "123"}
    await bench.http.post(started.next.url, data=form)
    paid = await bench.gateway.read(processor_ref=started.processor_ref, payment_id="")
    assert paid is not None
    assert (paid.means.kind, paid.means.brand) == ("card", "visa")
    assert paid.means.expires_at == datetime(2041, 5, 1, tzinfo=UTC)
    later = await bench.gateway.start(payment(mandate_ref=paid.mandate_ref))
    assert later.means == paid.means
