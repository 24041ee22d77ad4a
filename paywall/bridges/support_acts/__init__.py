"""What the bot can do for a signed-in person: one file an act, over the pages' own use cases."""

from __future__ import annotations

from infra.kernel.clock import Clock
from infra.kernel.db import Database
from paywall.accounts.people import People
from paywall.bridges.entitlements import Playback
from paywall.bridges.support_acts.change_consent import ChangeConsent
from paywall.bridges.support_acts.change_language import ChangeLanguage
from paywall.bridges.support_acts.end_session import EndSession
from paywall.bridges.support_acts.refund import GiveBack
from paywall.bridges.support_acts.resend import Resend
from paywall.bridges.support_acts.why_cant_i_watch import WhyCantIWatch
from paywall.checkout.announce import Announcer
from paywall.checkout.refund import RefundOrder
from support_bot.acts import Acts
from support_bot.ports import Wording


def support_acts(
    db: Database,
    clock: Clock,
    wording: Wording,
    *,
    people: People,
    playback: Playback,
    refunds: RefundOrder,
    announcer: Announcer,
    public_url: str,
) -> Acts:
    """Every act by the name that articles carry."""
    resend = Resend(db, clock, wording, announcer)
    return {
        "why_cant_i_watch": WhyCantIWatch(db, clock, wording, playback, public_url),
        "resend_ticket": resend,
        "resend_receipt": resend,
        "refund": GiveBack(db, clock, wording, refunds),
        "end_session": EndSession(db, clock, wording, people.sessions),
        "change_language": ChangeLanguage(db, wording, people.me),
        "change_consent": ChangeConsent(db, wording, people.consents),
    }
