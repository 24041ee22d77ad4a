"""Conversations with a venue's assistant: ask, get an article or a person, have something done.

For apps and TVs, and for the panel on our own pages. Beginning one gives a `token`: send it in the
`Conversation-Token` header with everything else. A conversation that a signed-in person began is
theirs, and their session opens it; the token alone does not.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from infra.kernel.bounds import Ask, Id, Moment
from paywall.accounts.principal import Principal
from paywall.bridges.support_talk import Opened, Ref
from paywall.bridges.support_view import TalkView
from paywall.catalogue import storefront
from paywall.http.client_address import client_address
from paywall.http.parts import Parts
from paywall.http.views import utc
from support_bot.conversation_tables import TalkChannel
from support_bot.languages import LANGUAGES, canonical

Language = Annotated[
    str, QueryParameter(max_length=20, description="In which it is said, such as `fr`.")
]
OPEN = {"public": True, "errors": (404, 422, 429)}
WITH_TOKEN = {"public": True, "errors": (404, 422, 429), "talk_token": True}
PERSON = {"person": True, "errors": (404, 410, 429), "talk_token": True}
TOKEN = "conversation-token"  # noqa: S105 - a header's name


class NewConversation(Ask, frozen=True):
    """Where it begins. `event_id` for a conversation beside a concert; `language`: the page's."""

    venue: Annotated[
        str, Meta(max_length=63, description="The venue's slug.", examples=["la-verriere"])
    ]
    language: Annotated[
        str, Meta(max_length=20, description="As in `Accept-Language`.", examples=["fr"])
    ] = "en"
    channel: Literal["web", "player", "api"] = "api"
    event_id: Id | None = None


class NewMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Anything that somebody types. It only ever chooses articles; nothing in it is carried out."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000, examples=["Where is my ticket?"])]


class Choice(Ask, frozen=True):
    """One of a line's suggestions."""

    line_id: Id
    article: Annotated[str, Meta(max_length=80, examples=["find-ticket"])]


class Judgement(Ask, frozen=True):
    useful: bool


class HandOver(Ask, frozen=True):
    """Where the person answers. A signed-in reader is answered at their own address."""

    email: Annotated[str, Meta(max_length=254, examples=["ana@example.com"])] = ""
    name: Annotated[str, Meta(max_length=120, examples=["Ana"])] = ""


class ConversationBegun(msgspec.Struct, frozen=True):
    """`token` is shown only here."""

    token: Annotated[str, Meta(examples=["qV0rN4x1b2o3H5k6M7t8Y9u0Q1w2E3r4T5y6U7i8O9p"])]
    conversation: TalkView


class ConfirmationView(msgspec.Struct, frozen=True):
    """A button: `text` is exactly what pressing it does."""

    id: Id
    text: str
    expires_at: Moment


class ActPreview(msgspec.Struct, frozen=True):
    """What could be done now; where nothing can, `confirmations` is empty and `text` says so."""

    text: str
    confirmations: list[ConfirmationView]


class ActDone(msgspec.Struct, frozen=True):
    """`done` is false where it could no longer be done; then nothing has changed."""

    done: bool
    text: str


class EventNotice(msgspec.Struct, frozen=True):
    """What the venue says about trouble with a stream; an empty `text`: nothing is wrong."""

    text: str


def ref_of(
    request: Request[Any, Any, Any], parts: Parts, principal: Principal, talk_id: str
) -> Ref:
    return Ref(
        talk_id=talk_id,
        token=request.headers.get(TOKEN, "")[:200],
        principal=principal,
        address=client_address(request.scope, parts.settings.trusted_proxies),
    )


def spoken(code: str) -> str:
    """One of our languages; English for any other."""
    lang = canonical(code)
    return lang if lang in LANGUAGES else "en"


@post("/v1/conversations", opt=OPEN)
async def begin(
    request: Request[Any, Any, Any],
    data: JSONBody[NewConversation],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> ConversationBegun:
    """Begin a conversation at a venue; its first line is the greeting.

    The assistant's process is woken meanwhile, so that the first answer does not wait for it.
    """
    address = client_address(request.scope, parts.settings.trusted_proxies)
    opened: Opened = await parts.talk.begin(
        principal,
        address,
        venue_slug=data.venue,
        lang=spoken(data.language),
        channel=TalkChannel(data.channel),
        event_id=data.event_id or "",
    )
    return ConversationBegun(opened.token, opened.view)


@get("/v1/conversations/{conversation_id:str}", opt=WITH_TOKEN)
async def read(
    conversation_id: FromPath[Id],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> TalkView:
    """The whole conversation. Once a person has it, ask now and then for their answer."""
    return await parts.talk.read(ref_of(request, parts, principal, conversation_id))


@post("/v1/conversations/{conversation_id:str}/messages", opt=WITH_TOKEN)
async def say(
    conversation_id: FromPath[Id],
    data: JSONBody[NewMessage],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> TalkView:
    """Ask; the last line is the reply.

    Its `outcome`: `answer` (with the `article` it stands on), `suggest` (up to three articles, see
    suggestions), `hand_over` (nobody but a person knows), `search` (the assistant is away, these
    come from the help pages), `notice` (the venue knows of the trouble). After a hand-over the
    message goes to the person. The same words sent again within two minutes count once.
    """
    ref = ref_of(request, parts, principal, conversation_id)
    return await parts.talk.say(ref, data.text)


@post("/v1/conversations/{conversation_id:str}/suggestions", opt=WITH_TOKEN, status_code=200)
async def choose(
    conversation_id: FromPath[Id],
    data: JSONBody[Choice],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> TalkView:
    """Take a suggestion; its article follows as an answer."""
    ref = ref_of(request, parts, principal, conversation_id)
    return await parts.talk.choose(ref, data.line_id, data.article)


@post(
    "/v1/conversations/{conversation_id:str}/lines/{line_id:str}/vote",
    opt=WITH_TOKEN,
    status_code=200,
)
async def vote(
    conversation_id: FromPath[Id],
    line_id: FromPath[Id],
    data: JSONBody[Judgement],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> TalkView:
    """Say whether an answer helped; the last word counts."""
    ref = ref_of(request, parts, principal, conversation_id)
    return await parts.talk.vote(ref, line_id, useful=data.useful)


@post("/v1/conversations/{conversation_id:str}/hand-over", opt=WITH_TOKEN, status_code=200)
async def hand_over(
    conversation_id: FromPath[Id],
    data: JSONBody[HandOver],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> TalkView:
    """Give the whole conversation to a person of the venue, at any time. Once opens one case."""
    ref = ref_of(request, parts, principal, conversation_id)
    return await parts.talk.hand_over(ref, email=data.email, name=data.name)


@post("/v1/conversations/{conversation_id:str}/acts/{act:str}", opt=PERSON, status_code=200)
async def preview(
    conversation_id: FromPath[Id],
    act: FromPath[Annotated[str, Meta(max_length=40, examples=["resend_ticket"])]],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> ActPreview:
    """What an act (a line's `act.name`) could do for you now. Nothing is done yet.

    Each confirmation says exactly what it does, once, within ten minutes.
    """
    offered = await parts.acts.preview(ref_of(request, parts, principal, conversation_id), act)
    return ActPreview(
        offered.text,
        [ConfirmationView(one.id, one.text, utc(one.expires_at)) for one in offered.confirmations],
    )


@post(
    "/v1/conversations/{conversation_id:str}/confirmations/{confirmation_id:str}",
    opt=PERSON,
    status_code=200,
)
async def press(
    conversation_id: FromPath[Id],
    confirmation_id: FromPath[Id],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> ActDone:
    """Do what a confirmation says. Pressing it again gives the same answer and does nothing."""
    ref = ref_of(request, parts, principal, conversation_id)
    pressed = await parts.acts.press(ref, confirmation_id)
    return ActDone(pressed.done, pressed.text)


@get("/v1/catalogue/events/{event_id:str}/notice", opt={"public": True, "errors": (404,)})
async def notice(
    event_id: FromPath[Id],
    parts: NamedDependency[Parts],
    language: Language = "en",
) -> EventNotice:
    """Whether the venue knows of trouble with this event's stream, and what it says about it."""
    async with parts.db.read() as tx:
        event, venue = await storefront.event(tx, event_id)
        return EventNotice(await parts.talk.notice_of(tx, venue.id, event.id, spoken(language)))


ROUTES = [begin, read, say, choose, vote, hand_over, preview, press, notice]
