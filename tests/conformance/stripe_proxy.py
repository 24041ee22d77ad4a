"""Between our adapter and localstripe: what Stripe promises and localstripe leaves out.

Adds the idempotency-key contract, today's fields and error codes, a search that lags, answers
that get lost, refund events and a bound on refunds; drops parameters that localstripe refuses.
Everything else (states, cards, 3-D Secure, balances) is localstripe's own.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import stripe
from aiohttp import web

from infra.kernel.ids import new_id
from paywall.payments.port import Inbound

# Parameters that localstripe 1.15 answers with "Unexpected ...". Those of the second group are
# kept and shown again in answers, as Stripe does.
_UNKNOWN = {
    "/v1/payment_intents": re.compile(r"automatic_payment_methods|return_url"),
    "/v1/setup_intents": re.compile(r"automatic_payment_methods|expand"),
}
_ECHOED = ("description", "setup_future_usage")


class StripeProxy:
    """An HTTP server on a free port of loopback; `url` after `start`."""

    def __init__(self, upstream: httpx.AsyncClient, webhook_secret: str) -> None:
        self.url = ""
        self.lose = ""  # "start" or "refund": carry out the next such request, drop the answer
        self.events: asyncio.Queue[Inbound] = asyncio.Queue()
        self._upstream = upstream
        self._secret = webhook_secret
        self._answers: dict[str, tuple[bytes, int, bytes]] = {}
        self._made: dict[str, dict[str, str]] = {}  # payment intent or setup intent -> echoed
        self._captured: dict[str, int] = {}
        self._searchable: set[str] = set()
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/_webhooks", self._receive)
        app.router.add_get("/v1/payment_intents/search", self._search)
        app.router.add_route("*", "/v1/{rest:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def index(self) -> None:
        """Stripe's search catches up with what was made so far."""
        self._searchable |= set(self._made)

    def sign(self, kind: str, data: dict[str, Any], now_s: int) -> None:
        """Send an event that localstripe has not, in Stripe's envelope and signature."""
        event = {
            "id": new_id("evt"),
            "object": "event",
            "type": kind,
            "livemode": False,
            "created": now_s,
            "data": {"object": data},
        }
        body = json.dumps(event)
        header = stripe.WebhookSignature.generate_signature_header(body, self._secret, now_s)
        headers = {"stripe-signature": header}
        self.events.put_nowait(Inbound(headers=headers, body=body.encode()))

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        # localstripe sends a second late: events of an earlier test's payments arrive here too.
        if json.loads(body)["data"]["object"]["id"] in self._made:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.events.put_nowait(Inbound(headers=headers, body=body))
        return web.Response()

    async def _handle(self, request: web.Request) -> web.Response:
        raw = await request.read()
        key = request.headers.get("Idempotency-Key", "")
        fingerprint = request.path.encode() + b"\n" + raw
        if key in self._answers:
            known, status, body = self._answers[key]
            if known != fingerprint:
                return _error(400, "idempotency_error", "", "Keys are for one request only.")
            return _json(status, body, {"Idempotent-Replayed": "true"})
        status, body = await self._forward(request, raw)
        if key:
            self._answers[key] = (fingerprint, status, body)
        if self.lose == {"/v1/payment_intents": "start", "/v1/refunds": "refund"}.get(request.path):
            self.lose = ""
            assert request.transport is not None
            request.transport.close()
        return _json(status, body, {})

    async def _forward(self, request: web.Request, raw: bytes) -> tuple[int, bytes]:
        form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        query = dict(request.query)
        echoed = {}
        for path, unknown in _UNKNOWN.items():
            if request.path.startswith(path):
                form = {k: v for k, v in form.items() if not unknown.match(k)}
                query = {k: v for k, v in query.items() if not unknown.match(k)}
                echoed = {name: form.pop(name) for name in _ECHOED if name in form}
        refunds = request.method == "POST" and request.path == "/v1/refunds"
        if refunds and (refused := await self._over_refund(form)):
            return 400, refused
        answer = await self._upstream.request(
            request.method,
            request.path,
            params=query,
            content=urlencode(form) if request.method == "POST" else None,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        data = answer.json()
        if answer.status_code >= 400:
            return answer.status_code, json.dumps(_with_code(request.path, data)).encode()
        if request.path in _UNKNOWN and request.method == "POST":
            self._made[data["id"]] = echoed
        if request.path.endswith("/capture"):
            self._captured[data["id"]] = int(form["amount_to_capture"])
        if refunds:
            self.sign("refund.created", data, data["created"])
        return answer.status_code, json.dumps(await self._as_today(data)).encode()

    async def _as_today(self, data: dict[str, Any]) -> dict[str, Any]:
        """Fields that Stripe added after the version localstripe speaks, from its own state."""
        if data.get("object") != "payment_intent":
            return data
        data |= self._made.get(data["id"], {})
        taken = self._captured.get(data["id"], data["amount"])
        data["amount_received"] = taken if data["status"] == "succeeded" else 0
        charge = data.get("latest_charge")
        if isinstance(charge, dict):
            charge["amount_captured"] = taken if charge["captured"] else 0
            charge["metadata"] = data["metadata"]
            method = await self._upstream.get(f"/v1/payment_methods/{charge['payment_method']}")
            details = method.json()
            kind = details["type"]
            charge["payment_method_details"] = {"type": kind, kind: details[kind]}
        return data

    async def _over_refund(self, form: dict[str, str]) -> bytes | None:
        """Stripe's refusal to give back more than is left, which localstripe does not check."""
        found = await self._upstream.get(f"/v1/payment_intents/{form['payment_intent']}")
        intent = await self._as_today(found.json())
        charge = intent.get("latest_charge") or {}
        released = intent["amount"] - intent["amount_received"]
        left = intent["amount_received"] - charge.get("amount_refunded", 0) + released
        if int(form["amount"]) <= left:
            return None
        message = f"Refund amount is greater than unrefunded amount on charge ({left})"
        error = {"type": "invalid_request_error", "param": "amount", "message": message}
        return json.dumps({"error": error}).encode()

    async def _search(self, request: web.Request) -> web.Response:
        match = re.fullmatch(r"metadata\['payment_id'\]:'([a-z0-9_]+)'", request.query["query"])
        assert match is not None, request.query["query"]
        listed = await self._upstream.get("/v1/payment_intents", params={"limit": 1000})
        found = [
            intent
            for intent in listed.json()["data"]
            if intent["metadata"].get("payment_id") == match[1] and intent["id"] in self._searchable
        ]
        answer = {"object": "search_result", "url": request.path, "has_more": False, "data": found}
        return _json(200, json.dumps(answer).encode(), {})


def _with_code(path: str, data: dict[str, Any]) -> dict[str, Any]:
    """The codes that Stripe gives where localstripe says only "Bad request" or "Not Found"."""
    if data["error"].get("message") == "Not Found":
        data["error"]["code"] = "resource_missing"
    elif path.endswith(("/capture", "/cancel")):
        data["error"]["code"] = "payment_intent_unexpected_state"
    return data


def _error(status: int, kind: str, code: str, message: str) -> web.Response:
    body = json.dumps({"error": {"type": kind, "code": code, "message": message}})
    return _json(status, body.encode(), {})


def _json(status: int, body: bytes, headers: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")
