"""Draws a receipt as a PDF of one A4 page. Only job workers call it: fpdf2 is imported inside.

The PDF's own fonts know Latin-1 only, so Source Sans Pro (SIL OFL 1.1) is embedded, subset to the
letters used. It has Latin, Greek, Cyrillic and Vietnamese; see docs/decisions/receipt-pdf.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from paywall.notices.receipts import Receipt, Words

if TYPE_CHECKING:
    from fpdf import FPDF

FONT = "Source Sans Pro"
WITHOUT_LETTERS = frozenset({"ar", "he", "ja", "ko", "zh"})
"""Languages whose letters the font has not; their receipts are written in English."""

_INK = (30, 24, 18)
_SOFT = (87, 75, 63)
_LINE = (226, 217, 205)
_MARGIN_MM = 22.0
_WIDTH_MM = 210.0 - 2 * _MARGIN_MM


def font_file(style: str) -> Path:
    """The font's file in the package that ships it; the package's own code is not run."""
    spec = find_spec("font_source_sans_pro")
    assert spec is not None, "font-source-sans-pro is not installed"
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "files" / f"SourceSansPro-{style}.ttf"


def receipt_pdf(receipt: Receipt, words: Words) -> bytes:
    """The file. `words` speaks the buyer's language; the same receipt gives the same bytes."""
    from fpdf import FPDF

    pdf = FPDF(format="A4")
    pdf.set_margin(_MARGIN_MM)
    pdf.set_auto_page_break(True, margin=_MARGIN_MM)
    pdf.add_font(FONT, "", font_file("Regular"))
    pdf.add_font(FONT, "B", font_file("Semibold"))
    pdf.set_creation_date(receipt.paid_at)
    pdf.set_title(f"{words.gettext('Receipt')} {receipt.number}")
    pdf.set_author(receipt.seller.legal_name or receipt.seller.name)
    pdf.set_lang(receipt.locale)
    pdf.add_page()
    _head(pdf, receipt, words)
    _parties(pdf, receipt, words)
    _lines(pdf, receipt, words)
    _sums(pdf, receipt, words)
    _foot(pdf, receipt, words)
    return bytes(pdf.output())


def _say(
    pdf: FPDF, text: str, size: float, *, bold: bool = False, soft: bool = False, align: str = "L",
    width_mm: float = 0,
) -> None:  # fmt: skip
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.set_text_color(*(_SOFT if soft else _INK))
    pdf.multi_cell(width_mm, size * 0.5, text, align=align, new_x="LEFT", new_y="NEXT")


def _head(pdf: FPDF, receipt: Receipt, words: Words) -> None:
    pdf.set_fill_color(*_rgb(receipt.seller.accent))
    pdf.rect(0, 0, 210, 4, style="F")
    pdf.set_fill_color(255)  # or the table below is filled with the accent
    if receipt.test:
        # Bare of any value: a test sale must not pass for a real one.
        _say(pdf, words.gettext("Test receipt, no money was paid"), 11, bold=True)
        pdf.ln(3)
    _say(pdf, receipt.seller.name, 22, bold=True)
    pdf.ln(6)
    _say(pdf, words.gettext("Receipt"), 15, bold=True)
    day = words.date(receipt.paid_at, receipt.timezone, "long")
    hour = words.time(receipt.paid_at, receipt.timezone)
    number = words.gettext("Order number: %(number)s") % {"number": receipt.number}
    _say(pdf, number, 10.5, soft=True)
    paid = words.gettext("Paid on %(day)s, %(hour)s (%(zone)s)")
    _say(pdf, paid % {"day": day, "hour": hour, "zone": receipt.timezone}, 10.5, soft=True)
    pdf.ln(8)


def _parties(pdf: FPDF, receipt: Receipt, words: Words) -> None:
    seller = receipt.seller
    vat = words.gettext("VAT number: %(number)s")
    left = [
        seller.legal_name or seller.name,
        *seller.address.splitlines(),
        vat % {"number": seller.vat_number} if seller.vat_number else "",
        seller.contact_email,
    ]
    top, half = pdf.get_y(), _WIDTH_MM / 2
    bottom = _column(pdf, words.gettext("Sold by"), left, half - 4)
    pdf.set_xy(_MARGIN_MM + half, top)
    bottom = max(bottom, _column(pdf, words.gettext("Sold to"), [receipt.buyer], half))
    pdf.set_xy(_MARGIN_MM, bottom + 10)


def _column(pdf: FPDF, title: str, lines: Iterable[str], width_mm: float) -> float:
    _say(pdf, title, 9, soft=True, width_mm=width_mm)
    for line in lines:
        if line.strip():
            _say(pdf, line.strip(), 10.5, width_mm=width_mm)
    return float(pdf.get_y())


def _lines(pdf: FPDF, receipt: Receipt, words: Words) -> None:
    from fpdf.fonts import FontFace

    pdf.set_draw_color(*_LINE)
    pdf.set_text_color(*_INK)
    pdf.set_font(FONT, "", 10.5)
    head = (
        words.gettext("Description"),
        words.gettext("Quantity"),
        words.gettext("Price with tax"),
    )
    with pdf.table(
        col_widths=(64, 14, 22), text_align=("LEFT", "RIGHT", "RIGHT"), width=_WIDTH_MM,
        borders_layout="HORIZONTAL_LINES", line_height=5.4, padding=(1.6, 0), v_align="T",
        headings_style=FontFace(emphasis="BOLD", color=_SOFT, size_pt=9),
    ) as table:  # fmt: skip
        for cells in (head, *_rows(receipt, words)):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    pdf.ln(4)


def _rows(receipt: Receipt, words: Words) -> Iterable[tuple[str, str, str]]:
    for line in receipt.lines:
        name = f"{line.name}\n{line.detail}" if line.detail else line.name
        yield name, words.number(line.quantity), words.money(line.amount)
    if receipt.discount:
        label = words.gettext("Discount")
        if receipt.discount_label:
            label = f"{label} ({receipt.discount_label})"
        yield label, "", words.money(-receipt.discount)


def _sums(pdf: FPDF, receipt: Receipt, words: Words) -> None:
    _sum(pdf, words.gettext("Total"), words.money(receipt.total), 13, bold=True)
    rate = words.percent(receipt.tax_rate)
    tax = words.gettext("of which VAT %(rate)s") % {"rate": rate}
    _sum(pdf, tax, words.money(receipt.tax), 10.5, soft=True)
    net = words.gettext("Total without VAT")
    _sum(pdf, net, words.money(receipt.total - receipt.tax), 10.5, soft=True)
    if receipt.method:
        pdf.ln(3)
        _sum(pdf, words.gettext("Paid with"), receipt.method, 10.5)
    pdf.ln(10)


def _sum(
    pdf: FPDF, label: str, amount: str, size: float, *, bold: bool = False, soft: bool = False
) -> None:
    pdf.set_font(FONT, "B" if bold else "", size)
    pdf.set_text_color(*(_SOFT if soft else _INK))
    pdf.cell(_WIDTH_MM * 0.7, size * 0.6, label, align="R")
    pdf.cell(_WIDTH_MM * 0.3, size * 0.6, amount, align="R", new_x="LMARGIN", new_y="NEXT")


def _foot(pdf: FPDF, receipt: Receipt, words: Words) -> None:
    text = words.gettext("This receipt was made by a machine and is valid without a signature.")
    _say(pdf, text, 9, soft=True)


def _rgb(colour: str) -> tuple[int, int, int]:
    """#e0a458 -> (224, 164, 88); the checked form of a venue's accent."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
