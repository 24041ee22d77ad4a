"""After the button: paying, waiting for the bank, a decline, the receipt."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from paywall.catalogue.tables import Mode
from paywall.checkout.buy import WAITING
from paywall.checkout.order_number import short_number
from paywall.checkout.tables import OrderState, Unserved
from paywall.http.caller import caller_of
from paywall.pages import help_links
from paywall.pages.cards import event_url
from paywall.pages.checkout_view import order_summary
from paywall.pages.elements import element_view
from paywall.pages.forms import go
from paywall.pages.i18n import Translator
from paywall.pages.on_show import still_on
from paywall.pages.own_orders import OrderPage, read_order
from paywall.pages.paths import path
from paywall.pages.site import HTML, AnyRequest, Site
from paywall.pages.words import decline_text
from paywall.payments.port import Element, Redirect
from paywall.payments.tables import PaymentState

OPEN = {"public": True}
SLOW_S = 20.0
LOOK_EACH_S = 6
"""While a payer waits, the processor is asked about this often."""
SETTLED = frozenset(
    {
        OrderState.PAID,
        OrderState.UNSERVED,
        OrderState.PARTLY_REFUNDED,
        OrderState.REFUNDED,
    }
)


def standing(page: OrderPage) -> str:
    """Where the payment stands for its payer. Pure.

    done | leave (to the processor's page) | element (its form in ours) | waiting | declined |
    ended (the places went back, and nothing was charged).
    """
    payment = page.payment
    if page.order.state in SETTLED:
        return "done"
    if payment is not None and payment.state is PaymentState.CAPTURED:
        return "done"
    if payment is not None and payment.state in WAITING:
        if isinstance(payment.next, Redirect):
            return "leave"
        return "element" if isinstance(payment.next, Element) else "waiting"
    if page.order.state is OrderState.OPEN and page.held_until is not None:
        return "declined"
    return "ended"


@get("/orders/{order_id:str}/payment", opt=OPEN)
async def payment(
    order_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """What the payer has to do, or is waiting for. The processor is asked once, now."""
    page = await read_order(request, site, order_id)
    if standing(page) in ("leave", "element", "waiting") and page.payment is not None:
        hint = request.query_params.get("sessionResult", "")  # Drop-in puts it into its return
        await site.parts.desk.reconciler.look(page.payment.id, hint[:4000])
        page = await read_order(request, site, order_id)
    state = standing(page)
    if state == "done":
        return go(path("order", order=order_id))
    visit = site.visit(request)
    view: dict[str, Any] = {"state": state, "slow": _slow(site, page), "back_url": None}
    if state == "leave":
        assert page.payment is not None
        step = page.payment.next
        assert isinstance(step, Redirect)
        view["url"] = step.url
        if _came_back(request):
            # The processor may not have told yet what the payer did there: nobody is sent again.
            view |= {"state": "waiting", "back_url": step.url}
    elif state == "element":
        extra, policy = element_view(page)
        view |= extra
        request.scope["state"]["extra_csp"] = policy
    elif state == "declined":
        assert page.payment is not None
        view["decline_reason"] = decline_text(visit.locale, page.payment.decline)
    venue, declined = page.shelf.venue, help_links.WHEN_DECLINED
    async with site.parts.db.read() as tx:
        ways = await help_links.ways(tx, site, visit, venue, declined)
    return await site.page(
        request,
        "payment.html",
        venue=venue,
        order=_summary(visit.locale, page),
        order_id=order_id,
        payment=view,
        help_url=ways[0][1] if ways else path("venue_help", venue=venue.slug),
        buy_url=path("buy", offer=page.line.offer_id),
    )


@get("/orders/{order_id:str}/payment/status", opt=OPEN | {"rate": "off"})
async def payment_status(
    order_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The waiting fragment, polled; when there is an outcome, the page that tells it is named."""
    page = await read_order(request, site, order_id)
    if page.payment is not None and int(_waited_s(site, page)) % LOOK_EACH_S < 2:
        await site.parts.desk.reconciler.look(page.payment.id)
        page = await read_order(request, site, order_id)
    state = standing(page)
    headers = {"Cache-Control": "no-store"}
    back_url = None
    if state == "leave" and _came_back(request) and page.payment is not None:
        assert isinstance(page.payment.next, Redirect)
        state, back_url = "waiting", page.payment.next.url
    if state != "waiting":
        onward = "order" if state == "done" else "payment"
        return Response(
            b"",
            media_type=HTML,
            headers={**headers, "HX-Redirect": path(onward, order=order_id)},
        )
    text = site.environment.get_template("payment_status.html").render(
        locale=site.visit(request).locale,
        order_id=order_id,
        payment={"slow": _slow(site, page), "back_url": back_url},
    )
    return Response(text.encode(), media_type=HTML, headers=headers)


@post("/orders/{order_id:str}/retry", opt=OPEN, status_code=303)
async def retry(
    order_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Pay the same order again after a decline; a payment still running is gone on with."""
    await read_order(request, site, order_id)
    standing_now = await site.parts.buy.resume(order_id)
    onward = "order" if standing_now.order_state in SETTLED else "payment"
    return go(path(onward, order=order_id))


@get("/orders/{order_id:str}", opt=OPEN)
async def receipt(
    order_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """What was bought and paid, and the one thing to do next."""
    page = await read_order(request, site, order_id)
    if standing(page) != "done":
        return go(path("payment", order=order_id))
    locale = site.visit(request).locale
    dev = site.parts.settings.smtp_url == "" and page.order.test
    return await site.page(
        request,
        "receipt.html",
        venue=page.shelf.venue,
        order=_summary(locale, page),
        order_id=order_id,
        number=short_number(order_id),
        paid_at=page.order.paid_at or page.order.created_at,
        tz=page.shelf.event.timezone if page.shelf.event is not None else page.shelf.venue.timezone,
        outcome=_outcome(locale, page),
        paid_twice=page.paid_twice,
        email=page.order.email,
        owner=page.owner,
        next_step=_next(locale, page),
        mailbox_url=path("mailbox") if dev else None,
        method=page.payment.method if page.payment is not None else "",
    )


@post("/orders/{order_id:str}/link", opt=OPEN, status_code=303)
async def mail_link(
    order_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """Mail the order's address a button that logs in; never shown here, so nobody else gets it."""
    page = await read_order(request, site, order_id)
    await site.parts.people.links.request(
        page.order.email,
        caller_of(request, site.parts),
        locale=page.order.locale,
        back_to=_target(page),
    )
    return go(path("order", order=order_id) + "?mailed=1")


def _came_back(request: AnyRequest) -> bool:
    """Processors bring payers back with words of their own in the query; that they came is all
    we read of it.
    """
    return "payment" in request.query_params


def _waited_s(site: Site, page: OrderPage) -> float:
    assert page.payment is not None
    return (site.parts.clock.machine() - page.payment.created_at).total_seconds()


def _slow(site: Site, page: OrderPage) -> bool:
    return page.payment is not None and _waited_s(site, page) > SLOW_S


def _summary(locale: Translator, page: OrderPage) -> dict[str, Any]:
    open_still = page.order.state is OrderState.OPEN
    return order_summary(
        locale,
        page.order,
        page.line,
        page.shelf,
        held_until=page.held_until if open_still else None,
    )


def _outcome(locale: Translator, page: OrderPage) -> dict[str, str] | None:
    """What became of the money, where it didn't stay; None for a plain paid order."""
    order = page.order
    if order.test and page.shelf.venue.mode is Mode.LIVE:
        return {
            "title": locale.gettext("This was a test order"),
            "text": locale.gettext(
                "It was made while the hall was testing. No money moved, and it opens nothing."
            ),
        }
    back = locale.money(order.refunded)
    if order.unserved_why is not None:
        gone = order.state is OrderState.REFUNDED
        title = locale.gettext("Your money is on its way back")
        onward = locale.gettext("The whole amount goes back to your card.")
        if gone:
            title = locale.gettext("This order was refunded")
            onward = locale.gettext("%(amount)s went back to your card.") % {"amount": back}
        return {"title": title, "text": f"{_unserved(locale, order.unserved_why)} {onward}"}
    texts = {
        OrderState.REFUNDED: (
            locale.gettext("This order was refunded"),
            locale.gettext("%(amount)s went back to your card. What it opened is closed.")
            % {"amount": back},
        ),
        OrderState.PARTLY_REFUNDED: (
            locale.gettext("Part of this order was refunded"),
            locale.gettext("%(amount)s went back to your card. Your ticket stays valid.")
            % {"amount": back},
        ),
    }
    found = texts.get(order.state)
    return None if found is None else {"title": found[0], "text": found[1]}


def _unserved(locale: Translator, why: Unserved) -> str:
    """Why a paid order could not be served."""
    texts = {
        Unserved.SOLD_OUT: locale.gettext(
            "Your payment came after the last place had gone to somebody else."
        ),
        Unserved.CODE_USED_UP: locale.gettext(
            "Your payment came after your code had been used up in another order."
        ),
        Unserved.CANCELLED: locale.gettext("This concert was cancelled before your payment came."),
        Unserved.OVER: locale.gettext("Your payment came when this could not be watched any more."),
        Unserved.TESTS_ENDED: locale.gettext("This order was a test."),
    }
    return texts[why]


def _target(page: OrderPage) -> str:
    """Where a person who has just logged in wants to be."""
    event = page.shelf.event
    if event is None:
        return path("tickets")
    if still_on(event, page.now):
        return path("watch", event=event.id) + "?kind=live"
    return event_url(event, page.shelf.venue)


def _next(locale: Translator, page: OrderPage) -> dict[str, str]:
    """The one thing to do for a person who is signed in."""
    event = page.shelf.event
    if event is not None and still_on(event, page.now):
        return {"text": locale.gettext("Watch live"), "url": _target(page)}
    if event is not None and page.now >= event.ends_at:
        url = path("watch", event=event.id) + "?kind=replay"
        return {"text": locale.gettext("Watch the replay"), "url": url}
    return {"text": locale.gettext("See my tickets"), "url": path("tickets")}


@get("/orders/{order_id:str}/receipt.pdf", opt=OPEN)
async def receipt_pdf(
    order_id: FromPath[str], request: AnyRequest, site: NamedDependency[Site]
) -> Response[bytes]:
    """The receipt as the worker made it; until then a page that says so and looks again."""
    page = await read_order(request, site, order_id)
    if standing(page) != "done":
        return go(path("payment", order=order_id))
    pdf = await site.parts.receipts.pdf(page.order.venue_id, order_id)
    if pdf is None:
        return await site.page(
            request, "receipt_waiting.html", venue=page.shelf.venue, status=202, order_id=order_id
        )
    return Response(
        pdf,
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{short_number(order_id)}.pdf"',
            "Cache-Control": "private, no-store",
        },
    )
