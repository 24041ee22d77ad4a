"""The sandbox's hosted pages: card form, 3-D Secure challenge, mandate. No script, strict CSP."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency
from jinja2 import DictLoader, Environment, StrictUndefined, select_autoescape
from litestar import Request, get, post
from litestar.response import Redirect, Response

from infra.adapters.sandbox_server import moves
from infra.adapters.sandbox_server.books import Books
from infra.adapters.sandbox_server.cards import BY_NUMBER, TEST_CARDS, digits, luhn, spaced
from infra.adapters.sandbox_server.looks import CSS, TEMPLATES, WORDS
from infra.adapters.sandbox_server.moves import Refusal
from infra.kernel.money import Money

AnyRequest = Request[Any, Any, Any]
_templates = Environment(
    loader=DictLoader(TEMPLATES), autoescape=select_autoescape(default=True),
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
_EXPIRY = re.compile(r"^\s*(\d{1,2})\s*[/ -]?\s*(\d{2}|\d{4})\s*$")


def language(locale: str) -> str:
    return "fr" if locale.lower().startswith("fr") else "en"


def shown_amount(minor: int, currency: str, locale: str) -> str:
    try:
        parsed = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        parsed = Locale.parse("en")
    return format_currency(Money(minor, currency).decimal(), currency, locale=parsed)


def page(name: str, row: sqlite3.Row, *, status: int = 200, **values: Any) -> Response[str]:
    """One page; its forms may lead only to us and to where the payer came from."""
    words = WORDS[language(row["locale"])]
    html = _templates.get_template(name).render(
        words=words, lang=language(row["locale"]), cards=TEST_CARDS, spaced=spaced, **values
    )
    back = urlsplit(row["return_url"])
    # Browsers hold a redirect that follows a form to form-action as well.
    origin = f"{back.scheme}://{back.netloc}" if back.netloc else ""
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {origin}"
    )
    headers = {
        "content-security-policy": policy,
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(html, media_type="text/html", status_code=status, headers=headers)


def problem_with_card(form: dict[str, str], now: datetime, words: dict[str, str]) -> dict[str, str]:
    """A sentence for each field that is not right; empty when all are."""
    wrong: dict[str, str] = {}
    number = digits(form.get("number", ""))
    if not luhn(number):
        wrong["number"] = words["bad_number"]
    elif number not in BY_NUMBER:
        wrong["number"] = words["real_number"]
    expiry = _EXPIRY.match(form.get("expiry", ""))
    if expiry is None or not 1 <= int(expiry[1]) <= 12:
        wrong["expiry"] = words["bad_expiry"]
    else:
        if expires_of(form) < f"{now:%Y-%m}":
            wrong["expiry"] = words["past_expiry"]
    cvc = form.get("cvc", "").strip()
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) in (3, 4)):
        wrong["cvc"] = words["bad_cvc"]
    return wrong


def expires_of(form: dict[str, str]) -> str:
    """`2031-04` of what was typed, such as 4/31; empty where it is no month."""
    expiry = _EXPIRY.match(form.get("expiry", ""))
    if expiry is None:
        return ""
    year = int(expiry[2]) + (2000 if len(expiry[2]) == 2 else 0)
    return f"{year:04d}-{int(expiry[1]):02d}"


def back_to_shop(row: sqlite3.Row, **told: str) -> Redirect:
    """To the shop's return_url. The outcome is not in it: the shop asks the API."""
    url = row["return_url"]
    return Redirect(url + ("&" if "?" in url else "?") + urlencode(told), status_code=303)


def _books(request: AnyRequest) -> Books:
    books = request.app.state.books
    assert isinstance(books, Books)
    return books


def _merchant(db: sqlite3.Connection, key: str) -> str:
    return str(db.execute("SELECT name FROM merchants WHERE key=?", (key,)).fetchone()["name"])


async def _payment(request: AnyRequest, payment_id: str) -> tuple[sqlite3.Row, str]:
    def find(db: sqlite3.Connection, now: float) -> tuple[sqlite3.Row, str]:
        row = moves.payment(db, None, payment_id)
        return row, _merchant(db, row["merchant"])

    found: tuple[sqlite3.Row, str] = await _books(request).run(find)
    return found


def _card_page(
    row: sqlite3.Row, merchant: str, form: dict[str, str], wrong: dict[str, str]
) -> Response[str]:
    return page(
        "card.html",
        row,
        status=422 if wrong else 200,
        merchant=merchant,
        description=row["description"],
        amount=shown_amount(row["amount"], row["currency"], row["locale"]),
        form={"number": form.get("number", ""), "expiry": form.get("expiry", "")},
        wrong=wrong,
        mandate=False,
    )


async def _form(request: AnyRequest) -> dict[str, str]:
    return {key: str(value)[:100] for key, value in (await request.form()).items()}


@get("/pay/{payment_id:str}")
async def show_card(request: AnyRequest, payment_id: str) -> Response[Any]:
    row, merchant = await _payment(request, payment_id)
    if row["state"] == "challenge":
        return Redirect(f"/challenge/{payment_id}", status_code=303)
    if row["state"] != "open":
        return back_to_shop(row, payment=row["reference"])
    return _card_page(row, merchant, {}, {})


@post("/pay/{payment_id:str}")
async def take_card(request: AnyRequest, payment_id: str) -> Response[Any]:
    """The payer's form; 303 to the shop, or to the challenge."""
    form = await _form(request)
    books = _books(request)
    now = datetime.fromtimestamp(books.now(), UTC)

    def work(db: sqlite3.Connection, at: float) -> tuple[sqlite3.Row, str, dict[str, str]]:
        row = moves.payment(db, None, payment_id)
        wrong = problem_with_card(form, now, WORDS[language(row["locale"])])
        if row["state"] == "open" and not wrong:
            row = moves.pay(db, at, row, digits(form["number"]), expires_of(form))
        return row, _merchant(db, row["merchant"]), wrong

    row, merchant, wrong = await books.run(work)
    if row["state"] == "open":
        return _card_page(row, merchant, form, wrong)
    if row["state"] == "challenge":
        return Redirect(f"/challenge/{payment_id}", status_code=303)
    return back_to_shop(row, payment=row["reference"])


@get("/challenge/{payment_id:str}")
async def show_challenge(request: AnyRequest, payment_id: str) -> Response[Any]:
    row, merchant = await _payment(request, payment_id)
    if row["state"] != "challenge":
        return back_to_shop(row, payment=row["reference"])
    amount = shown_amount(row["amount"], row["currency"], row["locale"])
    return page("challenge.html", row, merchant=merchant, amount=amount, method=row["method"])


@post("/challenge/{payment_id:str}")
async def answer_challenge(request: AnyRequest, payment_id: str) -> Response[Any]:
    approved = (await _form(request)).get("answer") == "approve"

    def work(db: sqlite3.Connection, now: float) -> sqlite3.Row:
        row = moves.payment(db, None, payment_id)
        if row["state"] != "challenge":
            return row
        return moves.answer_challenge(db, now, row, approved=approved)

    row = await _books(request).run(work)
    return back_to_shop(row, payment=row["reference"])


@get("/setup/{mandate_id:str}")
async def show_setup(request: AnyRequest, mandate_id: str) -> Response[Any]:
    def find(db: sqlite3.Connection, now: float) -> tuple[sqlite3.Row, str]:
        row = moves.mandate(db, None, mandate_id)
        return row, _merchant(db, row["merchant"])

    row, merchant = await _books(request).run(find)
    if row["state"] != "open":
        return back_to_shop(row, mandate=row["reference"])
    return _setup_page(row, merchant, {}, {})


def _setup_page(
    row: sqlite3.Row, merchant: str, form: dict[str, str], wrong: dict[str, str]
) -> Response[str]:
    return page(
        "card.html",
        row,
        status=422 if wrong else 200,
        merchant=merchant,
        description="",
        amount="",
        form={"number": form.get("number", ""), "expiry": form.get("expiry", "")},
        wrong=wrong,
        mandate=True,
    )


@post("/setup/{mandate_id:str}")
async def take_setup(request: AnyRequest, mandate_id: str) -> Response[Any]:
    form = await _form(request)
    books = _books(request)
    at = datetime.fromtimestamp(books.now(), UTC)

    def work(db: sqlite3.Connection, now: float) -> tuple[sqlite3.Row, str, dict[str, str]]:
        row = moves.mandate(db, None, mandate_id)
        wrong = problem_with_card(form, at, WORDS[language(row["locale"])])
        if row["state"] == "open" and not wrong:
            row = moves.finish_mandate(db, now, row, digits(form["number"]), expires_of(form))
        return row, _merchant(db, row["merchant"]), wrong

    row, merchant, wrong = await books.run(work)
    if row["state"] == "open":
        return _setup_page(row, merchant, form, wrong)
    return back_to_shop(row, mandate=row["reference"])


@get("/assets/sandbox.css", media_type="text/css", cache=False)
async def stylesheet() -> Response[str]:
    headers = {"cache-control": "public, max-age=300", "x-content-type-options": "nosniff"}
    return Response(CSS, media_type="text/css", headers=headers)


def not_found(request: AnyRequest, refusal: Refusal) -> Response[Any]:
    """A page address that leads nowhere; the API answers its refusals itself."""
    return Response(refusal.message, media_type="text/plain", status_code=refusal.status)


PAGES = (
    show_card, take_card, show_challenge, answer_challenge, show_setup, take_setup, stylesheet,
)  # fmt: skip
