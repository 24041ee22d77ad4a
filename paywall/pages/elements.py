"""A processor's own card form in our page: where its script comes from, and what the page allows.

Stripe (https://docs.stripe.com/security/guide#content-security-policy, as known in 2026-11; the
page itself was out of reach): script js.stripe.com and its subdomains, frames these and
hooks.stripe.com (3-D Secure), connect api.stripe.com. Images and styles are inside its frames.

Adyen (https://docs.adyen.com/online-payments/script-security-compliance/manage-script-security,
read 2026-11): script, style, connect, image and frame on checkoutshopper-<environment>.adyen.com
and its cdn. For 3-D Secure 2 Adyen Web makes a form in our page that posts into a frame of the
card's issuer (github.com/Adyen/adyen-web, ThreeDS2Form), and redirects of some methods are forms
too; issuers' hosts can't be listed, so frames and forms may go to any https host there, and nothing
else may.

The forms load from their owners' hosts only: the browser tests put stand-ins in their place.
"""

from __future__ import annotations

from typing import Any

from paywall.pages.own_orders import OrderPage
from paywall.pages.paths import path
from paywall.payments.port import Element

STRIPE_SCRIPT = "https://js.stripe.com/v3/"
ADYEN_VERSION = "6.5.1"
"""Of Adyen Web. To be checked with test keys: which versions their host serves."""

STRIPE_POLICY = {
    "script-src": "https://js.stripe.com https://*.js.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "connect-src": "https://api.stripe.com",
}


def adyen_policy(environment: str) -> dict[str, str]:
    hosts = (
        f"https://checkoutshopper-{environment}.adyen.com"
        f" https://checkoutshopper-{environment}.cdn.adyen.com"
    )
    return {
        # Adyen Web sets style attributes on its own fields.
        "style-src": f"{hosts} 'unsafe-inline'",
        **dict.fromkeys(("script-src", "connect-src", "img-src"), hosts),
        "frame-src": "https:",
        "form-action": "https:",
    }


def element_view(page: OrderPage) -> tuple[dict[str, Any], dict[str, str]]:
    """Attributes of <payment-element>, and the sources to add to the page's policy."""
    assert page.payment is not None
    step = page.payment.next
    assert isinstance(step, Element)
    told = step.params
    environment = told.get("environment", "test")
    view: dict[str, Any] = {
        "gateway": step.gateway,
        "public_key": told.get("publishable_key") or told.get("client_key", ""),
        "client_secret": told.get("client_secret", ""),
        "session_id": told.get("session_id", ""),
        "session_data": told.get("session_data", ""),
        "environment": environment,
        "country": page.order.country or page.shelf.venue.country,
        "return_url": path("payment", order=page.order.id) + "?payment=1",
        "script_url": STRIPE_SCRIPT,
        "style_url": "",
    }
    if step.gateway == "stripe":
        return view, STRIPE_POLICY
    base = (
        f"https://checkoutshopper-{environment}.cdn.adyen.com/checkoutshopper/sdk/{ADYEN_VERSION}"
    )
    view |= {"script_url": f"{base}/adyen.js", "style_url": f"{base}/adyen.css"}
    return view, adyen_policy(environment)
