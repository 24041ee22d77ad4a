"""Receipts: what the PDF says, in both languages; made once; the web process draws nothing."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.money import Money
from paywall.notices.receipt_pdf import receipt_pdf
from paywall.notices.receipts import (
    NoReceipt,
    Receipt,
    ReceiptLine,
    Receipts,
    ReceiptShelf,
    Seller,
    Words,
)
from paywall.pages.i18n import Catalogues, compile_catalogues

from .pdf_text import pdf_text


def bought(**changes: Any) -> Receipt:
    receipt = Receipt(
        order_id="ord_1", venue_id="ven_1", number="ord_1",
        seller=Seller(
            name="La Cigale", legal_name="Les Nuits de Łódź SARL",
            address="12 rue des Tables-Claudiennes\n69001 Lyon", vat_number="FR40303265045",
            contact_email="bonjour@cigale.example", accent="#e0a458",
        ),
        buyer="zoë@example.org",
        lines=[
            ReceiptLine(name="Été à Πάτρα — Stream", detail="Привет", quantity=2,
                        amount=Money(2598, "EUR")),
        ],
        discount=Money(500, "EUR"), discount_label="ÉTÉ26", total=Money(2098, "EUR"),
        tax=Money(350, "EUR"), tax_bps=2000, method="Visa ···· 4242",
        paid_at=datetime(2026, 11, 20, 22, 30, tzinfo=UTC), timezone="Europe/Paris",
        locale="en", test=False,
    )  # fmt: skip
    return msgspec.structs.replace(receipt, **changes)


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    compile_catalogues()
    return Catalogues()


class OneOrder:
    """ReceiptFacts of a shop with one paid order; counts how often it was asked."""

    def __init__(self, receipt: Receipt) -> None:
        self.asked = 0
        self.receipt_of = {receipt.order_id: receipt}

    async def receipt(self, order_id: str) -> Receipt | None:
        self.asked += 1
        return self.receipt_of.get(order_id)


def test_a_receipt_says_who_sold_what_to_whom_for_how_much(catalogues: Catalogues) -> None:
    pdf = receipt_pdf(bought(), catalogues.translator("en"))
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 1
    text = pdf_text(pdf)
    for words in (
        "La Cigale", "Receipt", "ord_1", "Les Nuits de Łódź SARL", "69001 Lyon",
        "VAT number: FR40303265045", "zoë@example.org", "Été à Πάτρα — Stream", "Привет",
        "€25.98", "Discount (ÉTÉ26)", "-€5.00", "€20.98", "of which VAT 20%", "€3.50", "€17.48",
        "Visa ···· 4242", "20 November 2026, 23:30 (Europe/Paris)",
    ):  # fmt: skip
        assert words in text, words
    assert "\ufffd" not in text
    assert "Test" not in text
    assert len(pdf) < 60_000


def test_the_same_receipt_in_french(catalogues: Catalogues) -> None:
    text = pdf_text(receipt_pdf(bought(locale="fr"), catalogues.translator("fr")))
    plain = text.replace("\u202f", " ").replace("\xa0", " ")
    for words in (
        "Reçu", "Vendu par", "Vendu à", "Numéro de TVA : FR40303265045", "25,98 €",
        "dont TVA 20 %", "Total hors TVA", "20 novembre 2026", "Payé avec",
    ):  # fmt: skip
        assert words in plain, words


def test_the_same_receipt_is_the_same_file(catalogues: Catalogues) -> None:
    words = catalogues.translator("en")
    assert receipt_pdf(bought(), words) == receipt_pdf(bought(), words)


def test_a_test_sale_is_plainly_marked_and_a_free_one_has_no_method(
    catalogues: Catalogues,
) -> None:
    free = bought(test=True, method="", total=Money(0, "EUR"), tax=Money(0, "EUR"))
    text = pdf_text(receipt_pdf(free, catalogues.translator("en")))
    assert "Test receipt, no money was paid" in text
    assert "Paid with" not in text


def test_a_long_order_goes_on_to_a_second_page(catalogues: Catalogues) -> None:
    lines = [
        ReceiptLine(name=f"Concert {n} " + "with a long name " * 6, detail="", quantity=1,
                    amount=Money(100, "EUR"))
        for n in range(40)
    ]  # fmt: skip
    pdf = receipt_pdf(bought(lines=lines), catalogues.translator("en"))
    assert "Concert 39" in pdf_text(pdf)


async def test_a_mails_attachment_is_made_once_and_is_the_file_that_is_downloaded(
    database: Database, clock: HandClock, catalogues: Catalogues
) -> None:
    facts = OneOrder(bought())
    receipts = Receipts(database, clock, facts, _words(catalogues))
    first = await receipts.load("receipt:ord_1", clock.machine())
    again = await receipts.load("receipt:ord_1", clock.machine())
    assert (first.name, first.content_type) == ("ord_1.pdf", "application/pdf")
    assert first.data == again.data
    assert facts.asked == 1
    assert await ReceiptShelf(database, clock).pdf("ven_1", "ord_1") == first.data
    with pytest.raises(NoReceipt):
        await receipts.load("receipt:ord_2", clock.machine())


async def test_a_language_whose_letters_the_font_has_not_gets_an_english_receipt(
    database: Database, clock: HandClock, catalogues: Catalogues
) -> None:
    facts = OneOrder(bought(locale="ar"))
    made = await Receipts(database, clock, facts, _words(catalogues)).load(
        "receipt:ord_1", clock.machine()
    )
    assert "Paid with" in pdf_text(made.data)


async def test_a_page_asks_and_a_worker_makes(
    database: Database, clock: HandClock, catalogues: Catalogues
) -> None:
    receipts = Receipts(database, clock, OneOrder(bought()), _words(catalogues))
    shelf = ReceiptShelf(database, clock)
    assert await receipts.run(clock.machine()) == 0
    assert await shelf.pdf("ven_1", "ord_1") is None
    assert await shelf.pdf("ven_1", "ord_1") is None
    assert await receipts.run(clock.machine()) == 1
    assert await receipts.run(clock.machine()) == 0
    made = await shelf.pdf("ven_1", "ord_1")
    assert made is not None
    assert await shelf.pdf("ven_2", "ord_1") is None


async def test_a_receipt_that_can_not_be_made_rests_and_holds_up_no_other(
    database: Database, clock: HandClock, catalogues: Catalogues
) -> None:
    receipts = Receipts(database, clock, OneOrder(bought()), _words(catalogues))
    shelf = ReceiptShelf(database, clock)
    await shelf.pdf("ven_1", "ord_0")
    await shelf.pdf("ven_1", "ord_1")
    assert await receipts.run(clock.machine()) == 1
    assert await receipts.run(clock.machine()) == 1
    assert await receipts.run(clock.machine()) == 0
    assert await shelf.pdf("ven_1", "ord_1") is not None


@pytest.mark.slow
def test_a_web_process_that_serves_receipts_has_no_pdf_library() -> None:
    code = "import sys, paywall.notices.receipts; sys.exit('fpdf' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def _words(catalogues: Catalogues):  # type: ignore[no-untyped-def]
    def words(locale: str) -> Words:
        return catalogues.translator(locale)

    return words
