"""Log-in links inside other mails, such as a receipt: made in the transaction of the cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from infra.kernel.db import Tx, add_rows
from infra.kernel.ids import new_id, new_secret
from paywall.accounts.identify import fingerprint
from paywall.accounts.links import LIFE
from paywall.accounts.proofs import LoginLink


async def issue_links(tx: Tx, recipients: Sequence[tuple[str, str]], now: datetime) -> list[str]:
    """One token for each (address, language), in one statement; single-use, as long-lived as any.

    Only for a mail to that very address: whoever holds the token is logged in as its owner.
    """
    tokens = [new_secret() for _ in recipients]
    rows = [
        {
            "id": new_id("lnk"),
            "email": email,
            "token_hash": fingerprint(token),
            "password_hash": "",
            "browser_hash": "",
            "name": "",
            "locale": locale,
            "created_at": now,
            "expires_at": now + LIFE,
            "used_at": None,
        }
        for (email, locale), token in zip(recipients, tokens, strict=True)
    ]
    await add_rows(tx, LoginLink, rows)
    return tokens
