"""Reads the text of a PDF made by fpdf2 with embedded fonts, for tests: no PDF library needed."""

from __future__ import annotations

import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)
_OBJECT = re.compile(rb"(\d+) 0 obj(.*?)endobj", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj|\[(.*?)\] TJ", re.DOTALL)
_PART = re.compile(rb"\(((?:\\.|[^\\)])*)\)", re.DOTALL)


def pdf_text(pdf: bytes) -> str:
    """Everything shown, pieces joined by line breaks, in the order in which they were drawn."""
    objects = {int(n): body for n, body in _OBJECT.findall(pdf)}
    maps = {}
    for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", b"".join(objects.values())):
        unicode_at = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
        assert unicode_at is not None
        maps[name] = _letters(_stream(objects[int(unicode_at.group(1))]))
    shown: list[str] = []
    for body in objects.values():
        if b"/ToUnicode" in body or b"stream" not in body:
            continue
        content = _stream(body)
        if b" Tj" not in content and b" TJ" not in content:
            continue
        font: dict[int, str] = {}
        for name, single, several in _SHOWN.findall(content):
            if name:
                font = maps[name]
                continue
            parts = [single] if single else _PART.findall(several)
            shown.append("".join(_decoded(part, font) for part in parts))
    return "\n".join(shown)


def _stream(body: bytes) -> bytes:
    found = _STREAM.search(body)
    assert found is not None
    return zlib.decompress(found.group(1)) if b"FlateDecode" in body else found.group(1)


def _letters(cmap: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>", cmap)
    return {int(code, 16): bytes.fromhex(to.decode()).decode("utf-16-be") for code, to in pairs}


def _decoded(part: bytes, font: dict[int, str]) -> str:
    named = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
    raw = re.sub(rb"\\(.)", lambda m: named.get(m.group(1), m.group(1)), part, flags=re.DOTALL)
    codes = (int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2))
    return "".join(font.get(code, "\ufffd") for code in codes)
