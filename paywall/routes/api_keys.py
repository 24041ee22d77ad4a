"""API keys of a venue."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from infra.kernel.bounds import Ask, Id
from paywall.accounts.api_keys import ApiKeyView, NewApiKey
from paywall.accounts.principal import Principal
from paywall.accounts.roles import Permission
from paywall.http.idempotency import Answer, Resume, once
from paywall.http.parts import Parts

_OPT = {"permission": Permission.KEYS_MANAGE}


class AskApiKey(Ask, frozen=True):
    name: Annotated[str, Meta(min_length=1, max_length=80, examples=["Till at the door"])]
    scopes: Annotated[
        list[Permission], Meta(min_length=1, max_length=40, examples=[["orders.read"]])
    ]


class ApiKeyList(msgspec.Struct, frozen=True):
    data: list[ApiKeyView]


@get("/v1/venues/{venue_id:str}/api-keys", opt=_OPT)
async def keys(
    venue_id: FromPath[Id], parts: NamedDependency[Parts], principal: NamedDependency[Principal]
) -> ApiKeyList:
    """Every key of the venue, newest first, by its first characters."""
    return ApiKeyList(await parts.people.api_keys.of(principal, venue_id))


@post("/v1/venues/{venue_id:str}/api-keys", opt={**_OPT, "idempotent": "accepted"})
async def create(
    venue_id: FromPath[Id],
    data: JSONBody[AskApiKey],
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> Response[NewApiKey]:
    """Make a key. Its secret is shown only in this answer."""

    async def run(resume: Resume) -> Answer:
        made = await parts.people.api_keys.create(
            principal, venue_id, data.name, data.scopes, key_id=resume.resource_id
        )
        return Answer(201, made, {"Cache-Control": "no-store"})

    return await once(request, parts, principal, "key", run)


@delete("/v1/venues/{venue_id:str}/api-keys/{key_id:str}", opt=_OPT)
async def revoke(
    venue_id: FromPath[Id],
    key_id: FromPath[Id],
    parts: NamedDependency[Parts],
    principal: NamedDependency[Principal],
) -> None:
    """Revoke a key; its next request is refused."""
    await parts.people.api_keys.revoke(principal, venue_id, key_id)


ROUTES = [keys, create, revoke]
