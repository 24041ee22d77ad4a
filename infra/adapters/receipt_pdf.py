"""A receipt as PDF, with fpdf2. Only workers load this: no web process imports a PDF library."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import msgspec
from fpdf import FPDF
from fpdf.enums import XPos, YPos


class ReceiptLine(msgspec.Struct, frozen=True):
    """One line; `strong` for the total."""

    label: str
    amount: str
    strong: bool = False


class ReceiptText(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that stands on the sheet, already in the buyer's language and number format."""

    title: str
    seller: Sequence[str]
    buyer: str
    facts: Sequence[tuple[str, str]]
    lines: Sequence[ReceiptLine]
    notes: Sequence[str] = ()


def receipt_pdf(text: ReceiptText) -> bytes:
    """One A4 page. The built-in faces know Windows-1252; other letters lose their accents."""
    pdf = FPDF(format="A4", unit="mm")
    pdf.core_fonts_encoding = "windows-1252"
    pdf.set_title(_writable(text.title))
    pdf.set_margins(22, 24, 22)
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 20)
    pdf.cell(0, 10, _writable(text.title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font("Helvetica", "", 10)
    pdf.ln(4)
    for line in text.seller:
        pdf.cell(0, 5, _writable(line), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(6)
    pdf.cell(0, 5, _writable(text.buyer), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for label, value in text.facts:
        pdf.cell(0, 5, _writable(f"{label}: {value}"), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(8)
    for row in text.lines:
        pdf.set_font("Helvetica", "B" if row.strong else "", 11)
        top = pdf.get_y()
        pdf.multi_cell(118, 6, _writable(row.label), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        bottom = pdf.get_y()
        pdf.set_xy(140, top)
        pdf.cell(48, 6, _writable(row.amount), align="R")
        pdf.set_xy(22, bottom)
        pdf.set_draw_color(205)
        pdf.line(22, bottom + 1, 188, bottom + 1)
        pdf.ln(3)
    pdf.set_font("Helvetica", "", 9)
    pdf.ln(6)
    for note in text.notes:
        pdf.multi_cell(0, 5, _writable(note), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(pdf.output())


def _writable(text: str) -> str:
    spaces = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0", "\u2007": "\u00a0"})
    kept = []
    for letter in text.translate(spaces):
        try:
            letter.encode("windows-1252")
            kept.append(letter)
        except UnicodeEncodeError:
            bare = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
            kept.append(bare or "?")
    return "".join(kept)
