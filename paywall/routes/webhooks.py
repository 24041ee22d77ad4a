"""Webhook endpoints of a venue: where its programs hear what happened, and what they were sent."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from infra.kernel.bounds import UNSET, Ask, Id, Moment, Unset, changes
from infra.kernel.errors import NotFound
from infra.kernel.paging import Place, Slice
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.http.etags import edited_version, etag, tagged
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.pages_of import Cursor, Limit, Page, page_of, wanted
from paywall.http.parts import Parts
from paywall.http.views import utc, utc_or_none
from paywall.notices.tables import EndpointState, OutboxState
from paywall.notices.webhooks import DeliveryView, EndpointView

OPT = {"permission": Permission.WEBHOOKS_MANAGE}
AT = "/v1/venues/{venue_id:str}/webhooks"
ONE = AT + "/{endpoint_id:str}"

Url = Annotated[str, Meta(min_length=1, max_length=500, examples=["https://app.example.com/hooks"])]
Kinds = Annotated[
    list[Annotated[str, Meta(max_length=64)]],
    Meta(max_length=50, description="Empty: every kind.", examples=[["order.paid"]]),
]
Description = Annotated[str, Meta(max_length=200, examples=["Our shop's back office"])]
Secret = Annotated[
    str,
    Meta(
        description="Signs every message. Shown only here.",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    ),
]


class NewEndpoint(Ask, frozen=True):
    url: Url
    kinds: Kinds = msgspec.field(default_factory=list)
    description: Description = ""


class EndpointEdit(Ask, frozen=True):
    """What to change; absent members stay as they are."""

    url: Url | Unset = UNSET
    kinds: Kinds | Unset = UNSET
    description: Description | Unset = UNSET


class ReplaySince(Ask, frozen=True):
    """Every failed message that was written since then is sent again, 1,000 at most."""

    since: Moment


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint without its secrets. Until old_secret_until both the old and the new sign."""

    id: Id
    url: Url
    description: Description
    kinds: Kinds
    state: EndpointState
    failures: int
    disabled_reason: str
    disabled_at: Moment | None
    old_secret_until: Moment | None
    created_at: Moment
    version: int


class EndpointWithSecret(Endpoint, frozen=True, kw_only=True):
    """The endpoint with its secret, which is shown only here."""

    secret: Secret


class EndpointList(msgspec.Struct, frozen=True):
    """All of them: a venue has twenty at most."""

    data: list[Endpoint]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one endpoint. `id` is its webhook-id, the same on every try."""

    id: Id
    endpoint_id: Id
    kind: Annotated[str, Meta(examples=["order.paid"])]
    state: OutboxState
    tries: int
    next_try_at: Moment | None
    answer_status: int | None
    answer_excerpt: str
    last_error: str
    data: dict[str, Any]
    created_at: Moment


class Replayed(msgspec.Struct, frozen=True):
    count: int


class Queued(msgspec.Struct, frozen=True):
    """Look for it among the deliveries."""

    status: Annotated[str, Meta(examples=["queued"])] = "queued"


def view(one: EndpointView) -> Endpoint:
    return Endpoint(**_facts(one))


def _facts(one: EndpointView) -> dict[str, Any]:
    facts = msgspec.structs.asdict(one)
    times = ("disabled_at", "old_secret_until", "created_at")
    return facts | {name: utc_or_none(facts[name]) for name in times}


def delivery_view(one: DeliveryView) -> Delivery:
    facts = msgspec.structs.asdict(one)
    facts["next_try_at"] = utc_or_none(one.next_try_at)
    facts["created_at"] = utc(one.created_at)
    return Delivery(**facts)


async def _one(parts: Parts, venue_id: str, endpoint_id: str) -> EndpointView:
    for one in await parts.webhooks.endpoints(venue_id):
        if one.id == endpoint_id:
            return one
    raise NotFound("webhook endpoint")


@get(AT, opt=OPT)
async def listing(venue_id: FromPath[Id], parts: NamedDependency[Parts]) -> EndpointList:
    """List the venue's endpoints, oldest first."""
    return EndpointList([view(one) for one in await parts.webhooks.endpoints(venue_id)])


@post(AT, opt={**OPT, "idempotent": "accepted", "errors": (409,)})
async def create(
    venue_id: FromPath[Id],
    data: JSONBody[NewEndpoint],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EndpointWithSecret]:
    """Add an endpoint. The answer holds its signing secret, once."""

    async def run(resume: Resume) -> Answer:
        made, secret = await parts.webhooks.add(
            venue_id,
            data.url,
            data.kinds,
            data.description,
            actor=principal.actor,
            endpoint_id=resume.resource_id,
        )
        shown = EndpointWithSecret(**_facts(made), secret=secret)
        return Answer(201, shown, {"ETag": etag(made.version), "Cache-Control": "no-store"})

    return await once(request, parts, principal, "whe", run)


@get(ONE, opt={**OPT, "tagged": True})
async def read(
    venue_id: FromPath[Id], endpoint_id: FromPath[Id], parts: NamedDependency[Parts]
) -> Response[Endpoint]:
    """Read one endpoint."""
    one = await _one(parts, venue_id, endpoint_id)
    return tagged(view(one), one.version)


@patch(ONE, opt={**OPT, "edit": True})
async def edit(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    data: JSONBody[EndpointEdit],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[Endpoint]:
    """Change where it is and what it hears."""
    version = edited_version(request)
    now = await _one(parts, venue_id, endpoint_id)
    kept = {"url": now.url, "kinds": now.kinds, "description": now.description}
    one = await parts.webhooks.edit(
        venue_id, endpoint_id, version=version, actor=principal.actor, **(kept | changes(data))
    )
    return tagged(view(one), one.version)


async def _switch(
    parts: Parts, principal: Principal, venue_id: str, endpoint_id: str, to: EndpointState
) -> Response[Endpoint]:
    one = await parts.webhooks.switch(venue_id, endpoint_id, to, actor=principal.actor)
    return tagged(view(one), one.version, status=200)


@post(ONE + "/enable", opt={**OPT, "tagged": True}, status_code=200)
async def enable(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[Endpoint]:
    """Send to it again. What it missed is sent again only by a replay."""
    return await _switch(parts, principal, venue_id, endpoint_id, EndpointState.ENABLED)


@post(ONE + "/disable", opt={**OPT, "tagged": True}, status_code=200)
async def disable(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[Endpoint]:
    """Send nothing to it for now."""
    return await _switch(parts, principal, venue_id, endpoint_id, EndpointState.DISABLED)


@post(ONE + "/rotate", opt={**OPT, "idempotent": "accepted"}, status_code=200)
async def rotate(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[EndpointWithSecret]:
    """Give it a new signing secret, shown once; the old one signs beside it for 24 hours."""

    async def run(_resume: Resume) -> Answer:
        one, secret = await parts.webhooks.rotate(venue_id, endpoint_id, actor=principal.actor)
        shown = EndpointWithSecret(**_facts(one), secret=secret)
        return Answer(200, shown, {"ETag": etag(one.version), "Cache-Control": "no-store"})

    return await once(request, parts, principal, "whe", run)


@delete(ONE, opt=OPT)
async def remove(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Take the endpoint away. Messages still waiting for it fail."""
    await parts.webhooks.remove(venue_id, endpoint_id, actor=principal.actor)


@post(ONE + "/test", opt={**OPT, "errors": (409,)}, status_code=202)
async def send_test(
    venue_id: FromPath[Id], endpoint_id: FromPath[Id], parts: NamedDependency[Parts]
) -> Queued:
    """Send it a `webhook.test` message, whatever kinds it wants."""
    await parts.webhooks.send_test(venue_id, endpoint_id)
    return Queued()


@get(ONE + "/deliveries", opt=OPT)
async def deliveries(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response[Page[Delivery]]:
    """List what it was sent in the last 90 days, newest first."""
    await _one(parts, venue_id, endpoint_id)
    after = wanted(limit, cursor).after
    rows = await parts.webhooks.deliveries(
        venue_id, endpoint_id, before=after.id if after is not None else "", limit=limit + 1
    )
    more = Place(None, rows[limit - 1].id) if len(rows) > limit else None
    return page_of(request, Slice(rows[:limit], more), delivery_view)


@post(ONE + "/deliveries/{delivery_id:str}/replay", opt=OPT, status_code=200)
async def replay(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    delivery_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Delivery:
    """Send one message again, at once, under the same webhook-id."""
    await _one(parts, venue_id, endpoint_id)
    return delivery_view(await parts.webhooks.replay(venue_id, delivery_id, actor=principal.actor))


@post(ONE + "/replay-failed", opt=OPT, status_code=200)
async def replay_failed(
    venue_id: FromPath[Id],
    endpoint_id: FromPath[Id],
    data: JSONBody[ReplaySince],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Replayed:
    """Send every message that failed since a moment again."""
    await _one(parts, venue_id, endpoint_id)
    count = await parts.webhooks.replay_failed(
        venue_id, endpoint_id, data.since, actor=principal.actor
    )
    return Replayed(count)


ROUTES = [
    *[create, deliveries, disable, edit, enable, listing, read, remove],
    *[replay, replay_failed, rotate, send_test],
]
