"""The processors' own card forms in our page, with a stand-in script in place of their owners'.

The page, its policy, the element, the adapters and what follows are ours and real; localstripe and
our Adyen stand-in say what became of the money. What Stripe.js and Drop-in really do is not shown:
see docs/payments-stripe.md and docs/payments-adyen.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser import viewer
from tests.browser.element_house import ElementHouse

STRIPE_EVENT = "/venues/la-verriere/events/maud-the-tides"
ADYEN_EVENT = "/venues/kulturhaus-laerche/events/stille-post"
STRANGER = "https://elsewhere.example/"

STAND_INS = Path(__file__).parent / "stand_ins"
ISSUER = "<script>parent.postMessage('done', '*')</script>"


@pytest.fixture(scope="session")
def elements(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ElementHouse]:
    made = ElementHouse(tmp_path_factory.mktemp("elements"))
    try:
        made.wait()
        yield made
    finally:
        made.close()


@pytest.fixture
def context(chromium: Browser, elements: ElementHouse) -> Iterator[BrowserContext]:
    made = chromium.new_context(base_url=elements.url, locale="en-GB")
    made.set_default_timeout(15_000)
    made.route(re.compile("^https://"), _answer)
    yield made
    made.close()


def _answer(route: Route) -> None:
    """Everything beyond the product: the owners' scripts, their frames, an issuer, a stranger."""
    url = route.request.url
    body, kind = "", "text/html"
    if url == "https://js.stripe.com/v3/":
        body, kind = (STAND_INS / "stripe.js").read_text(), "text/javascript"
    elif re.search(r"checkoutshopper-test\.cdn\.adyen\.com/.*/adyen\.js$", url):
        body, kind = (STAND_INS / "adyen.js").read_text(), "text/javascript"
    elif url.endswith("/adyen.css"):
        kind = "text/css"
    elif "issuer.example" in url:
        body = ISSUER
    elif match := re.match(r"https://(?:hooks\.stripe\.com|bank\.example)/\?back=(.*)", url):
        body = f"<a id=back href='{match[1]}'>Approve</a>"
    route.fulfill(body=body, content_type=kind)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def go_to_payment(page: Page, event: str, email: str) -> dict[str, str]:
    """To the page with the processor's form; its policy by directive."""
    page.goto(event)
    page.get_by_role("main").locator("a[href^='/buy/']").first.click()
    viewer.fill_checkout(page, email)
    with page.expect_response(re.compile(r"/orders/ord_\w+/payment$")) as answered:
        viewer.press_pay(page)
    rules = answered.value.headers["content-security-policy"].split("; ")
    return dict(rule.split(" ", 1) for rule in rules)


def at_stripe(page: Page, elements: ElementHouse, *said: dict[str, Any]) -> None:
    """What each press of the button does: an act at Stripe, if one, and what its script hears.

    localstripe takes no second try of an intent that was declined; Stripe does.
    """
    answers = iter(said)

    def pay(secret: str) -> dict[str, Any]:
        answer = next(answers)
        if "act" in answer:
            intent = secret.partition("_secret_")[0]
            elements.act("stripe", payment_intent=intent, act=answer["act"])
        return answer

    page.expose_function("payAtStripe", pay)


def test_stripe_takes_the_card_and_the_order_is_paid(page: Page, elements: ElementHouse) -> None:
    at_stripe(page, elements, {"act": "succeed"})
    go_to_payment(page, STRIPE_EVENT, "ada@example.org")
    mount = page.locator("payment-element [data-told]")
    expect(mount).to_have_attribute("data-told", re.compile("^payment pk_test_conformance en-GB"))
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    viewer.expect_receipt(page)


def test_a_decline_is_said_beside_the_form_and_the_next_card_pays_once(
    page: Page, elements: ElementHouse
) -> None:
    declined = {"type": "card_error", "message": "Your card was declined."}
    at_stripe(page, elements, {"error": declined}, {"act": "succeed"})
    go_to_payment(page, STRIPE_EVENT, "bob@example.org")
    button = page.get_by_role("button", name=re.compile("^Pay "))
    button.click()
    expect(page.get_by_role("alert").filter(has_text="Your card was declined.")).to_be_visible()
    expect(button).to_be_enabled()
    button.click()
    viewer.expect_receipt(page)


def test_who_comes_back_after_a_decline_reads_why_and_pays_the_same_order(
    page: Page, elements: ElementHouse
) -> None:
    declined = {"type": "card_error", "message": "Your card was declined."}
    at_stripe(page, elements, {"act": "decline", "error": declined}, {"act": "succeed"})
    go_to_payment(page, STRIPE_EVENT, "kim@example.org")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    expect(page.get_by_role("alert").filter(has_text="Your card was declined.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("You weren’t charged.")).to_be_visible()
    before = page.url
    page.get_by_role("button", name=re.compile("Try again")).click()
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    assert viewer.expect_receipt(page) in before


def test_a_form_whose_script_breaks_while_it_pays_can_be_pressed_again(
    page: Page, elements: ElementHouse
) -> None:
    tries = []

    def pay(secret: str) -> dict[str, str]:
        tries.append(secret)
        if len(tries) == 1:
            raise ConnectionError("the network went away")
        intent = secret.partition("_secret_")[0]
        elements.act("stripe", payment_intent=intent, act="succeed")
        return {}

    page.expose_function("payAtStripe", pay)
    go_to_payment(page, STRIPE_EVENT, "lou@example.org")
    button = page.get_by_role("button", name=re.compile("^Pay "))
    button.click()
    expect(page.get_by_role("alert").filter(has_text="couldn’t load")).to_be_visible()
    button.click()
    viewer.expect_receipt(page)


def test_three_d_secure_leaves_for_the_bank_and_comes_back_paid(
    page: Page, elements: ElementHouse
) -> None:
    def pay(secret: str) -> dict[str, str]:
        intent = secret.partition("_secret_")[0]
        elements.act("stripe", payment_intent=intent, act="pass_challenge")
        back = f"{page.url}?payment=1&payment_intent={intent}&redirect_status=succeeded"
        return {"leave": f"https://hooks.stripe.com/?back={back}"}

    page.expose_function("payAtStripe", pay)
    go_to_payment(page, STRIPE_EVENT, "carol@example.org")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.wait_for_url(re.compile("^https://hooks.stripe.com/"))
    page.locator("#back").click()
    viewer.expect_receipt(page)


def test_a_form_that_can_not_load_says_so_and_keeps_the_order(
    page: Page, context: BrowserContext
) -> None:
    context.route("https://js.stripe.com/v3/", lambda route: route.abort())
    go_to_payment(page, STRIPE_EVENT, "dora@example.org")
    alert = page.get_by_role("alert").filter(has_text="The payment form couldn’t load")
    expect(alert).to_be_visible()
    context.unroute("https://js.stripe.com/v3/")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("button", name=re.compile("^Pay "))).to_be_enabled()


def at_adyen(page: Page, elements: ElementHouse, *said: dict[str, str]) -> None:
    """Each call of the stand-in: a session's outcome there (`outcome`), or only what it hears."""
    answers = iter(said)

    def pay(session_id: str, result: str) -> dict[str, str]:
        answer = next(answers)
        assert answer.get("needs", result) == result
        if outcome := answer.get("outcome"):
            done = elements.act("adyen", session_id=session_id, outcome=outcome)
            return answer | {"sessionResult": done["result"]}
        return answer

    page.expose_function("payAtAdyen", pay)


def test_drop_in_pays_and_its_result_finds_the_outcome_before_any_webhook(
    page: Page, elements: ElementHouse
) -> None:
    at_adyen(page, elements, {"outcome": "authorise", "resultCode": "Authorised"})
    go_to_payment(page, ADYEN_EVENT, "erik@example.org")
    mount = page.locator("payment-element [data-told]")
    expect(mount).to_have_attribute("data-told", re.compile("^test_STANDIN test [A-Z]{2}$"))
    page.get_by_role("button", name="Stand-in pays").click()
    viewer.expect_receipt(page)


def test_a_refusal_in_drop_in_explains_itself_and_keeps_the_order(
    page: Page, elements: ElementHouse
) -> None:
    at_adyen(page, elements, {"outcome": "refuse", "resultCode": "Refused"})
    go_to_payment(page, ADYEN_EVENT, "finn@example.org")
    page.get_by_role("button", name="Stand-in pays").click()
    expect(page.get_by_role("heading", name="The payment didn’t go through")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Try again"))).to_be_visible()


def test_three_d_secure_2_posts_into_a_frame_of_the_issuers(
    page: Page, elements: ElementHouse
) -> None:
    challenge = {"challenge": "https://issuer.example/acs"}
    paid = {"outcome": "authorise", "resultCode": "Authorised", "needs": "challenged"}
    at_adyen(page, elements, challenge, paid)
    go_to_payment(page, ADYEN_EVENT, "gwen@example.org")
    page.get_by_role("button", name="Stand-in pays").click()
    viewer.expect_receipt(page)


def test_a_redirect_comes_back_with_its_result_and_is_finished(
    page: Page, elements: ElementHouse
) -> None:
    seen = []

    def pay(session_id: str, result: str) -> dict[str, str]:
        seen.append(result)
        if not result:
            return {"leave": f"https://bank.example/?back={page.url}?payment=1&redirectResult=X9"}
        done = elements.act("adyen", session_id=session_id, outcome="authorise")
        return {"resultCode": "Authorised", "sessionResult": done["result"]}

    page.expose_function("payAtAdyen", pay)
    go_to_payment(page, ADYEN_EVENT, "hugo@example.org")
    page.get_by_role("button", name="Stand-in pays").click()
    page.wait_for_url(re.compile("^https://bank.example/"))
    page.locator("#back").click()
    viewer.expect_receipt(page)
    assert seen == ["", "X9"]


def test_the_page_lets_its_processor_in_and_nobody_else(page: Page, elements: ElementHouse) -> None:
    at_stripe(page, elements)
    rules = go_to_payment(page, STRIPE_EVENT, "ines@example.org")
    assert rules["script-src"] == "'self' https://js.stripe.com https://*.js.stripe.com"
    assert rules["connect-src"] == "'self' https://api.stripe.com"
    assert rules["frame-src"] == (
        "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com"
    )
    for plain in ("img-src", "style-src", "form-action", "default-src"):
        assert "stripe" not in rules[plain]
    expect(page.get_by_role("button", name=re.compile("^Pay "))).to_be_enabled()
    refused = page.evaluate(
        """async url => {
          const seen = [];
          addEventListener('securitypolicyviolation', event => seen.push(event.effectiveDirective));
          await fetch(url, {mode: 'no-cors'}).catch(() => {});
          for (const tag of ['script', 'iframe', 'img'])
            document.body.append(Object.assign(document.createElement(tag), {src: url}));
          await new Promise(done => setTimeout(done, 500));
          return seen.sort();
        }""",
        STRANGER,
    )
    assert refused == ["connect-src", "frame-src", "img-src", "script-src-elem"]


def test_adyens_page_lets_scripts_of_adyen_alone_in(page: Page, elements: ElementHouse) -> None:
    at_adyen(page, elements)
    rules = go_to_payment(page, ADYEN_EVENT, "jo@example.org")
    hosts = "https://checkoutshopper-test.adyen.com https://checkoutshopper-test.cdn.adyen.com"
    assert rules["script-src"] == rules["connect-src"] == f"'self' {hosts}"
    assert (rules["frame-src"], rules["form-action"]) == ("https:", "'self' https:")
    other = page.request.get(STRIPE_EVENT).headers["content-security-policy"]
    assert "adyen" not in other
    assert "https:" not in other
