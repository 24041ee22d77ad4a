"""Where the pages' own forms and links lead: the routes serve these, a page names them."""

from urllib.parse import quote

PATHS = {
    "home": "/",
    "preferences": "/preferences",
    "login": "/login",
    "login_mail": "/login/mail",
    "login_link": "/login/link",
    "logout": "/logout",
    "logout_everywhere": "/logout/everywhere",
    "forgot": "/login/forgot",
    "register": "/register",
    "passkey_login_options": "/v1/auth/passkeys/login/options",
    "passkey_login_verify": "/v1/auth/passkeys/login/verify",
    "passkey_register_options": "/v1/auth/passkeys/registration/options",
    "passkey_register_verify": "/v1/auth/passkeys/registration/verify",
    "passkey_remove": "/account/passkeys/{passkey}/remove",
    "account": "/account",
    "account_profile": "/account/profile",
    "account_password": "/account/password",
    "account_consents": "/account/consents",
    "account_session_end": "/account/sessions/{session}/end",
    "tickets": "/tickets",
    "venue": "/venues/{venue}",
    "venue_theme": "/venues/{venue}/theme.css",
    "venue_terms": "/venues/{venue}/terms",
    "venue_imprint": "/venues/{venue}/imprint",
    "event": "/venues/{venue}/events/{event}",
    "poster": "/events/{event}/poster.svg",
    "help": "/help",
    "unsubscribe": "/unsubscribe/{token}",
    "buy": "/buy/{offer}",
    "buy_quote": "/buy/{offer}/quote",
    "order": "/orders/{order}",
    "order_retry": "/orders/{order}/retry",
    "order_receipt": "/orders/{order}/receipt.pdf",
    "order_link": "/orders/{order}/link",
    "payment": "/orders/{order}/payment",
    "payment_status": "/orders/{order}/payment/status",
    "watch": "/watch/{event}",
    "mailbox": "/dev/mailbox",
    "mailbox_message": "/dev/mailbox/{message}",
    "mailbox_html": "/dev/mailbox/{message}/html",
    "mailbox_attachment": "/dev/mailbox/attachments/{attachment}",
}


def path(name: str, **values: str) -> str:
    """`path("order", order="ord_1")` -> /orders/ord_1, each value quoted as one segment."""
    return PATHS[name].format(**{key: quote(value, safe="") for key, value in values.items()})
