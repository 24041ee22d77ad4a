"""Posted forms: read in bounded size, shown again as they were typed, with what is wrong."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from infra.kernel.errors import Invalid
from paywall.pages.site import AnyRequest

MAX_FIELDS = 60
MAX_LENGTH = 2000


class Form(msgspec.Struct):
    """What macros/field.html shows: typed values, and a sentence for each field that is wrong."""

    values: dict[str, Any] = {}
    errors: dict[str, str] = {}


async def posted(request: AnyRequest) -> dict[str, str]:
    """The form's fields, trimmed; the last value of a name. Files are left out."""
    data = await request.form()
    fields: dict[str, str] = {}
    for name, value in list(data.multi_items())[:MAX_FIELDS]:
        if not isinstance(value, str):
            continue
        if len(value) > MAX_LENGTH or any(ord(c) < 32 and c not in "\r\n\t" for c in value):
            raise Invalid(str(name)[:40], "Leave out control characters, and be shorter.")
        fields[str(name)] = value.strip()
    return fields


async def posted_list(request: AnyRequest, name: str) -> list[str]:
    """Every value of one name, as ticked boxes send them."""
    data = await request.form()
    return [value[:100] for value in data.getall(name, []) if isinstance(value, str)][:MAX_FIELDS]


def go(url: str, *cookies: Cookie) -> Response[bytes]:
    """303: the browser asks for the next page with GET."""
    return Response(
        b"",
        status_code=303,
        media_type="text/plain",
        headers={"Location": url, "Cache-Control": "no-store"},
        cookies=list(cookies),
    )


def own_path(text: str, otherwise: str) -> str:
    """A path of ours to go on to; never an address elsewhere, such as //evil.example."""
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= 500
    return text if fine and text.isprintable() and "\\" not in text else otherwise
