"""An address is proven by a mail: what was set up on the account before that moment dies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from infra.kernel.db import Tx
from paywall.accounts.customers import accounts_for
from paywall.accounts.proofs import Passkey, RecoveryCode
from paywall.accounts.sessions import end_sessions
from paywall.accounts.tables import Account


async def prove(tx: Tx, email: str, now: datetime) -> Account:
    """The account of an address whose mailbox somebody has just shown to hold.

    Whoever typed the address before may have been somebody else, waiting for the owner to come
    (account pre-hijacking: Sudhodanan and Paverd, USENIX Security 2022). So a first proof ends
    every session and removes password, authenticator and passkeys that were there.
    """
    await accounts_for(tx, [email], now)
    account = await tx.scalar(
        select(Account)
        .where(Account.email == email)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert account is not None
    if account.email_proven_at is None:
        account.email_proven_at = now
        account.password_hash = ""
        account.totp_sealed = ""
        account.totp_confirmed_at = None
        await tx.execute(delete(Passkey).where(Passkey.account_id == account.id))
        await tx.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
        await end_sessions(tx, account.id, now)
    return account
