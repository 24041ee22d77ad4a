"""Which orders this browser made: ids in a signed cookie, and one-time ids for checkout forms.

The cookie shows a guest the receipt of what was just bought; it opens nothing that was bought.
"""

from __future__ import annotations

import base64
import hmac
import re

from litestar.datastructures import Cookie

from infra.kernel.ids import new_id
from paywall.http.parts import Parts
from paywall.pages.site import AnyRequest

NAME = "pw_orders"
KEPT = 12
LIFE_S = 30 * 24 * 3600
_ID = re.compile(r"ord_[0-9a-z]{26}")


def _sign(parts: Parts, purpose: str, text: str) -> str:
    mac = hmac.digest(parts.sealer.key(purpose), text.encode(), "sha256")[:16]
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def _opened(parts: Parts, purpose: str, signed: str) -> str:
    text, _, mac = signed.rpartition(".")
    right = hmac.compare_digest(mac.encode(), _sign(parts, purpose, text).encode())
    return text if right else ""


def orders_of(request: AnyRequest, parts: Parts) -> list[str]:
    """Ids of orders made in this browser, latest first; none when the cookie is not ours."""
    text = _opened(parts, "orders cookie v1", request.cookies.get(NAME, "")[:1000])
    return [one for one in text.split("~") if _ID.fullmatch(one)]


def with_order(request: AnyRequest, parts: Parts, order_id: str) -> Cookie:
    """The cookie with one more order."""
    others = [one for one in orders_of(request, parts) if one != order_id]
    text = "~".join([order_id, *others[: KEPT - 1]])
    return Cookie(
        key=NAME,
        value=f"{text}.{_sign(parts, 'orders cookie v1', text)}",
        max_age=LIFE_S,
        path="/",
        secure=parts.settings.secure,
        httponly=True,
        samesite="lax",
    )


def new_form_id(parts: Parts) -> str:
    """A fresh order id, signed: the same form sent twice is one order, and nobody else's."""
    order_id = new_id("ord")
    return f"{order_id}.{_sign(parts, 'order form v1', order_id)}"


def order_id_of(parts: Parts, form_id: str) -> str:
    """The order id inside a form id that we gave out; empty for anything else."""
    text = _opened(parts, "order form v1", form_id[:100])
    return text if _ID.fullmatch(text) else ""
