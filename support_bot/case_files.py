"""Files that come with a message: allowed by what they hold, bounded in number and size. Pure.

Nothing that a browser would run is taken, and what is taken is only ever given as a download.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from enum import StrEnum

import msgspec

FILES_MAX = 5
"""Of one message."""
FILE_BYTES_MAX = 5_000_000
TOTAL_BYTES_MAX = 10_000_000
CASE_FILES_MAX = 40
"""Of one case over its life."""

KINDS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/heic": "heic",
    "application/pdf": "pdf",
    "text/plain": "txt",
}
"""Type to the ending that its file is given."""


class Why(StrEnum):
    """Why a file was not taken; pages put it in words."""

    KIND = "kind"
    SIZE = "size"
    NUMBER = "number"
    EMPTY = "empty"


class Offered(msgspec.Struct, frozen=True):
    """A file as a stranger names it; what it claims to be is not looked at."""

    name: str
    data: bytes


class Taken(msgspec.Struct, frozen=True):
    name: str
    content_type: str
    data: bytes


class Refusal(msgspec.Struct, frozen=True):
    name: str
    why: Why


def check(files: Sequence[Offered], room: int = FILES_MAX) -> tuple[list[Taken], list[Refusal]]:
    """Split files into those that are kept, under clean names, and those that are not."""
    taken: list[Taken] = []
    refused: list[Refusal] = []
    total = 0
    for file in files[:100]:
        kind = kind_of(file.data)
        name = clean_name(file.name, KINDS.get(kind, ""))
        why: Why | None = None
        if not file.data:
            why = Why.EMPTY
        elif len(file.data) > FILE_BYTES_MAX or total + len(file.data) > TOTAL_BYTES_MAX:
            why = Why.SIZE
        elif not kind:
            why = Why.KIND
        elif len(taken) >= min(room, FILES_MAX):
            why = Why.NUMBER
        if why is not None:
            refused.append(Refusal(name, why))
            continue
        taken.append(Taken(name, kind, file.data))
        total += len(file.data)
    return taken, refused


def kind_of(data: bytes) -> str:
    """The allowed type that the bytes begin like; "" for anything else.

    Signatures: WHATWG MIME Sniffing (mimesniff.spec.whatwg.org, read 2026-11-22) and, for HEIC,
    ISO/IEC 14496-12 brands.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:14] == b"WEBPVP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1"):
        return "image/heic"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    return "text/plain" if data and _is_plain(data) else ""


def _is_plain(data: bytes) -> bool:
    """Text without control characters that no browser would take for a page or a drawing."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    if any((ord(c) < 32 or c == "\x7f") and c not in "\n\r\t\f" for c in text):
        return False
    head = text[:4096].lower()
    return not re.search(r"<(!doctype|\?xml|html|svg|script|head|body|iframe|math|x:)", head)


def clean_name(name: str, ending: str) -> str:
    """A name without folders, control or direction characters; its ending says what it is."""
    last = re.split(r"[\\/]", name)[-1]
    plain = "".join(c for c in last if unicodedata.category(c)[0] not in "CZ" or c == " ")
    plain = re.sub(r'["<>:|?*;%]', "", plain).strip(" .")
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", plain)[:80].strip(" .") or "file"
    if ending:
        return f"{stem}.{ending}"
    return plain[:100] or "file"
