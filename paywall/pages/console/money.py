"""Money in the console: balances, postings, and what needs a person, with the remedies."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from infra.kernel.db import Tx
from infra.kernel.errors import NotFound, Problem
from infra.kernel.money import Money
from infra.kernel.paging import Place, Wanted
from paywall.accounts.audit import record
from paywall.accounts.roles import Permission as P
from paywall.catalogue.tables import Mode
from paywall.ledger import browse as books
from paywall.ledger.movements import balances
from paywall.pages.console import words
from paywall.pages.console.desk import Desk
from paywall.pages.console.orders import account_labels, posting_columns, posting_rows
from paywall.pages.console.table import Filter, Link, Listing, Row, show
from paywall.payments.attention import attention
from paywall.payments.tables import Payment

READ = {"permission": P.MONEY_READ}
REMEDY = {"permission": P.ORDERS_REFUND, "page": True}


@get("/console/{venue_id:str}/money", opt=READ)
async def overview(desk: NamedDependency[Desk]) -> Response[Any]:
    """Balances by account and currency, and what waits for a person."""
    locale = desk.locale
    async with desk.look() as tx:
        found = await balances(tx, desk.venue.id, test=desk.venue.mode is Mode.TEST)
        waiting = await attention(tx, desk.venue.id)
        labels = await account_labels(tx, desk.venue.id)
    lines = [
        {
            "name": words.account_text(locale, account, labels),
            "what": _sentence(desk, account),
            # Debits are positive in the books; people read what they are owed as positive.
            "amount": Money(minor if _is_asset(account) else -minor, currency),
            "url": desk.url("/money/postings", account=account),
        }
        for (account, currency), minor in found.items()
    ]
    return desk.page(
        "money.html", section="money", lines=lines, waiting=waiting,
        may_remedy=desk.may(P.ORDERS_REFUND), may_orders=desk.may(P.ORDERS_READ),
    )  # fmt: skip


def _is_asset(account: str) -> bool:
    return account.startswith("processor:") or account in {"external", "processor_fees", "disputed"}


def _sentence(desk: Desk, account: str) -> str:
    if account.startswith("processor:"):
        return desk.gettext("What the processor took for you, less its fees; it pays this out.")
    return desk.gettext(words.ACCOUNT_SENTENCES.get(account, ""))


@get("/console/{venue_id:str}/money/postings", opt=READ)
async def postings(desk: NamedDependency[Desk]) -> Response[Any]:
    """Every posting, newest first; debits positive."""
    _, query = desk.gettext, desk.request.query_params
    test = desk.venue.mode is Mode.TEST
    async with desk.look() as tx:
        labels = await account_labels(tx, desk.venue.id)
        known = await balances(tx, desk.venue.id, test=test)
    accounts = sorted({account for account, _currency in known})

    async def fetch(tx: Tx, wanted: Wanted) -> tuple[list[Row], Place | None]:
        found = await books.of_venue(
            tx, desk.venue.id, wanted, test=test,
            account=query.get("account", "")[:64], kind=query.get("kind", "")[:24],
        )  # fmt: skip
        return posting_rows(desk, found.rows, labels, orders=True), found.more

    return await show(
        desk,
        Listing(
            section="money",
            title=_("Postings"),
            lead=_("Double entry: every movement sums to zero. Debits are positive."),
            columns=posting_columns(desk),
            name="postings",
            filters=[
                Filter(
                    "account",
                    _("Account"),
                    [
                        ("", _("All")),
                        *[(one, words.account_text(desk.locale, one, labels)) for one in accounts],
                    ],
                ),
                Filter(
                    "kind",
                    _("Movement"),
                    [("", _("All")), *[(k, _(v)) for k, v in words.MOVEMENTS.items()]],
                ),
            ],
            trail=[Link(_("Money"), desk.url("/money"))],
            empty_title=_("Nothing has moved yet"),
            empty_text=_("The first sale writes the first postings."),
        ),
        fetch,
    )


@post("/console/{venue_id:str}/money/payments/{payment_id:str}/look", opt=REMEDY)
async def look_again(desk: NamedDependency[Desk], payment_id: FromPath[str]) -> Response[Any]:
    """Ask the processor now what became of a payment. It only reads: nothing is sent again."""
    page = desk.url("/money")
    try:
        async with desk.look() as tx:
            payment = await tx.get(Payment, payment_id)
        if payment is None or payment.venue_id != desk.venue.id:
            raise NotFound("payment")
        state = await desk.parts.desk.reconciler.look(payment_id)
        async with desk.act() as act:
            await record(
                act.tx, venue_id=desk.venue.id, actor=desk.principal.actor,
                action="payment.looked", subject=payment_id, data={"state": state.value},
                now=act.machine_now,
            )  # fmt: skip
    except Problem as problem:
        return desk.to(page, desk.words_for(problem))
    said = desk.gettext("The processor was asked. The payment is now: %(state)s.")
    return desk.to(page, said % {"state": words.state_text(desk.locale, state.value)})


PAGES = [overview, postings, look_again]
