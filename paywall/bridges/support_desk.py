"""Acts from a conversation: previews with their buttons, and the one press that does it."""

from __future__ import annotations

import msgspec

from infra.kernel.clock import Clock
from infra.kernel.db import Database, Tx
from infra.kernel.errors import NotFound
from paywall.accounts.audit import record
from paywall.accounts.limits import ACTS_PER_ACCOUNT, enforce
from paywall.accounts.ports import Limiter
from paywall.bridges.support_talk import Ref, SupportTalk
from paywall.bridges.support_words import N_, NOTHING
from support_bot import acts, conversations
from support_bot.acts import Act, Acts, Confirmed, Person
from support_bot.conversation_tables import (
    ActConfirmation,
    ConfirmationState,
    Conversation,
    Outcome,
)
from support_bot.ports import Wording


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """Buttons that each do what their text says, for ten minutes; none: `text` says why."""

    text: str
    confirmations: list[ActConfirmation]


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. The same press again gives the same answer and does nothing."""

    done: bool
    text: str


class ActDesk:
    """Only for signed-in people with a proven address, about their own things, within limits."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        talk: SupportTalk,
        offered: Acts,
        wording: Wording,
        limiter: Limiter,
    ) -> None:
        self._db = db
        self._clock = clock
        self._talk = talk
        self._acts = offered
        self._wording = wording
        self._limiter = limiter

    async def preview(self, ref: Ref, name: str) -> Offered:
        """What could be done now, each with a confirmation of its own."""
        ref.principal.require_proven()
        act = self._act(name)
        await enforce(self._limiter, (ACTS_PER_ACCOUNT, ref.principal.account_id))
        async with self._db.read() as tx:
            talk, person = await self._person(tx, ref)
        if not act.may(person):
            raise NotFound("act")
        previews = await act.preview(person)
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            rows = await acts.offer(tx, talk.id, name, person, previews, now)
        said = N_("Choose what to do:") if rows else NOTHING
        return Offered(text=self._wording.words(person.lang, said), confirmations=rows)

    async def press(self, ref: Ref, confirmation_id: str) -> Pressed:
        """Do what the confirmation promises, once. A press that died is taken up by the next."""
        ref.principal.require_proven()
        await enforce(self._limiter, (ACTS_PER_ACCOUNT, ref.principal.account_id))
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            talk, person = await self._person(tx, ref)
            row = await acts.press(tx, confirmation_id, talk.id, ref.principal.account_id, now)
            if row.state is not ConfirmationState.DOING:
                return Pressed(done=row.state is ConfirmationState.DONE, text=row.result)
            await record(
                tx, venue_id=talk.venue_id, actor=ref.principal.account_id,
                action="support.act_confirmed", subject=row.id,
                data={"act": row.act, "subject": row.subject}, now=now,
            )  # fmt: skip
        person = msgspec.structs.replace(person, lang=row.lang)
        confirmed = Confirmed(
            id=row.id, person=person, subject=row.subject, facts=dict(row.facts)
        )  # fmt: skip
        try:
            result, to = await self._act(row.act).do(confirmed), ConfirmationState.DONE
        except acts.Refused as refused:
            result, to = refused.text, ConfirmationState.REFUSED
        return await self._finish(ref, row, result, to)

    async def _finish(
        self, ref: Ref, row: ActConfirmation, result: str, to: ConfirmationState
    ) -> Pressed:
        now = self._clock.machine()
        async with self._db.transaction() as tx:
            account_id = ref.principal.account_id
            talk = await conversations.find(tx, ref.talk_id, ref.token, account_id, lock=True)
            if await acts.finish(tx, row.id, to, result):
                # The transcript keeps what was done, for the person and for an agent.
                text = f"{row.text}\n\n{result}"
                conversations.bot_said(tx, talk, text, now, outcome=Outcome.ACT)
        return Pressed(done=to is ConfirmationState.DONE, text=result)

    def _act(self, name: str) -> Act:
        if name not in self._acts:
            raise NotFound("act")
        return self._acts[name]

    async def _person(self, tx: Tx, ref: Ref) -> tuple[Conversation, Person]:
        account_id = ref.principal.account_id
        talk = await conversations.find(tx, ref.talk_id, ref.token, account_id, lock=False)
        return talk, await self._talk.person(tx, talk, ref.principal)
