"""Composes what answers viewers' questions: the bot, the conversation, its acts, cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from infra.adapters.bot_client import SocketBots
from infra.kernel.clock import Clock
from infra.kernel.db import Database
from infra.kernel.seal import Sealer
from infra.kernel.settings import Settings
from paywall.accounts.people import People
from paywall.accounts.ports import Limiter
from paywall.app.wording import CatalogueWording
from paywall.bridges.entitlements import Playback
from paywall.bridges.help import Help
from paywall.bridges.support_acts import support_acts
from paywall.bridges.support_cases import CaseWork
from paywall.bridges.support_desk import ActDesk
from paywall.bridges.support_letters import CaseLetters
from paywall.bridges.support_people import SupportPeople
from paywall.bridges.support_suggests import BotLearns, BotSuggests
from paywall.bridges.support_talk import SupportTalk
from paywall.checkout.announce import Announcer
from paywall.checkout.refund import RefundOrder
from paywall.notices.outbox import Outbox
from support_bot.bot_wire import bot_key, socket_path
from support_bot.mail_in import Names
from support_bot.ports import Bots, Learns, Suggests, Wording


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """One of each, for Parts."""

    bots: Bots
    talk: SupportTalk
    acts: ActDesk
    help: Help
    cases: CaseWork
    closing: list[Callable[[], Awaitable[None]]]


def support(
    settings: Settings,
    db: Database,
    clock: Clock,
    sealer: Sealer,
    outbox: Outbox,
    *,
    announcer: Announcer,
    limiter: Limiter,
    people: People,
    playback: Playback,
    refunds: RefundOrder,
    bots: Bots | None,
) -> Support:
    """`bots`: None for the process behind the installation's socket or address."""
    closing: list[Callable[[], Awaitable[None]]] = []
    if bots is None:
        address = settings.bot_address or socket_path(settings.data_dir)
        bots = sockets = SocketBots(address, bot_key(sealer))
        closing.append(sockets.close)
    wording, help_ = CatalogueWording(), Help()
    acts = support_acts(
        db, clock, wording, people=people, playback=playback, refunds=refunds,
        announcer=announcer, public_url=settings.public_url.rstrip("/"),
    )  # fmt: skip
    talk = SupportTalk(
        db, clock, bots=bots, help_=help_, acts=acts, wording=wording, limiter=limiter,
        outbox=outbox,
    )  # fmt: skip
    suggests = BotSuggests(db, bots, help_)
    return Support(
        bots=bots,
        talk=talk,
        acts=ActDesk(db, clock, talk, acts, wording, limiter),
        help=help_,
        cases=case_work(settings, clock, sealer, outbox, wording, suggests, BotLearns()),
        closing=closing,
    )


def case_work(
    settings: Settings,
    clock: Clock,
    sealer: Sealer,
    outbox: Outbox,
    wording: Wording,
    suggests: Suggests,
    learns: Learns,
) -> CaseWork:
    """Support cases, with the mail addresses that lead back into them."""
    names = Names(
        key=sealer.key("support marks v1"),
        base=settings.support_address,
        domain=settings.mail_from.rpartition("@")[2],
        senders=[one for one in (settings.mail_from, settings.support_address) if one],
    )
    letters = CaseLetters(outbox, names, settings.public_url.rstrip("/"))
    return CaseWork(
        letters, SupportPeople(clock, settings.support_address), names, wording, suggests, learns
    )
