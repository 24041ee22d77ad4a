"""A stateful stand-in of Adyen Checkout v71, ours: an HTTP server that keeps sessions and payments.

It shows what we believe of Adyen's life, not what Adyen does. Its requests and answers are held
to Adyen's own description where that file is at hand (`contracts`); its webhooks are signed by
Adyen's SDK, which shares no code with the adapter.
"""

from __future__ import annotations

import json
import re
import threading
from base64 import b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from Adyen.util import generate_notification_sig

from paywall.payments.port import Inbound

MERCHANT = "LaSalleDesMaudECOM"
API_KEY = "standin-api-key"
HMAC_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
USER, PASSWORD = "adyen", "naïve: but long"

Check = Callable[[str, Any], None]  # schema name, document; raises ValueError


class Refusal(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def webhook(item: dict[str, Any], *, key: str = HMAC_KEY, live: str = "false") -> Inbound:
    """A signed standard webhook with one item, as Adyen posts it."""
    item = json.loads(json.dumps(item))
    additional = item.pop("additionalData", {})
    signature = generate_notification_sig(item, key).decode()
    item["additionalData"] = {**additional, "hmacSignature": signature}
    body = {"live": live, "notificationItems": [{"NotificationRequestItem": item}]}
    token = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return Inbound(
        headers={"authorization": f"Basic {token}", "content-type": "application/json"},
        body=json.dumps(body).encode(),
    )


class AdyenStandIn:
    """Start, use, stop. `check` validates documents by schema name; None leaves them unchecked."""

    def __init__(self, check: Check | None = None) -> None:
        self._check = check or (lambda _name, _document: None)
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, list[str]] = {}
        self.later: list[Callable[[], None]] = []
        self.sent: list[Inbound] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.lose: set[str] = set()
        self.refuse_charges = ""  # a refusalReasonCode
        self.answer_next: tuple[int, bytes] | None = None
        handler = type("Handler", (_Handler,), {"standin": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    # The payer and the world

    def pay(self, session_id: str, *, outcome: str) -> str:
        """What the payer does in Drop-in: authorise, refuse, pending. Returns the sessionResult."""
        with self._lock:
            session = self.sessions[session_id]
            request = session["request"]
            if outcome == "authorise":
                self._authorise(session)
            elif outcome == "pending":
                session["status"] = "paymentPending"
                self.later.append(lambda: self._authorise(session))
            else:
                self._refused(request)
                session["status"] = "refused"
            return str(session["result"])

    def attempt(self, session_id: str) -> None:
        """A refused try after which the session is still open."""
        with self._lock:
            self._refused(self.sessions[session_id]["request"])

    def settle(self) -> None:
        with self._lock:
            todo, self.later = self.later, []
            for step in todo:
                step()

    def event(self, code: str, payment: str, amount: dict[str, Any], **fields: Any) -> None:
        """Send a webhook about a payment."""
        item = {
            "amount": amount,
            "eventCode": code,
            "eventDate": "2026-11-22T20:00:00+01:00",
            "merchantAccountCode": MERCHANT,
            "merchantReference": self.payments[payment]["reference"],
            "paymentMethod": "visa",
            "pspReference": self._psp(),
            "originalReference": payment,
            "reason": "",
            "success": "true",
            "additionalData": {},
        } | fields
        if not item["originalReference"]:
            del item["originalReference"]  # an event of the payment itself has none
        self.sent.append(webhook(item))

    def _psp(self) -> str:
        return f"PSP{next(self._numbers):013d}"

    def _refused(self, request: dict[str, Any]) -> str:
        psp = self._psp()
        self.payments[psp] = {"reference": request["reference"], "state": "refused"}
        self.event(
            "AUTHORISATION",
            psp,
            request["amount"],
            pspReference=psp,
            originalReference="",
            success="false",
            reason="Refused",
        )
        return psp

    def _authorise(self, source: dict[str, Any]) -> str:
        """An authorisation of a session or of a direct payment."""
        request, psp = source["request"], self._psp()
        manual = request.get("additionalData", {}).get("manualCapture") == "true"
        value = request["amount"]["value"]
        self.payments[psp] = {
            "reference": request["reference"],
            "amount": request["amount"],
            "state": "authorised" if manual else "captured",
            "captured": 0 if manual else value,
            "refunded": 0,
        }
        source |= {"status": "completed", "psp": psp}
        self.event("AUTHORISATION", psp, request["amount"], pspReference=psp, originalReference="")
        if request.get("storePaymentMethodMode") == "enabled":
            token = f"TOKEN{next(self._numbers):011d}"
            self.tokens.setdefault(request["shopperReference"], []).append(token)
            zero = request["amount"] | {"value": 0}
            self.event("RECURRING_CONTRACT", psp, zero, pspReference=token, originalPsp="")
        return psp

    # The API

    def handle(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]] | None:
        """Status and document; None when the answer is to be lost."""
        url = urlsplit(target)
        with self._lock:
            self.requests.append((method, url.path, headers))
            document = json.loads(body) if body else None
            kind = url.path.rsplit("/", 1)[-1]
            key = headers.get("idempotency-key", "")
            try:
                status, answer = self._once(method, url.path, parse_qs(url.query), document, key)
            except Refusal as no:
                error = {"status": no.status, "errorCode": no.code, "message": no.message}
                self._check("ServiceError", error)
                return no.status, error | {"errorType": "validation"}
            if kind in self.lose:
                self.lose.discard(kind)
                return None
            return status, answer

    def _once(
        self, method: str, path: str, query: dict[str, list[str]], document: Any, key: str
    ) -> tuple[int, dict[str, Any]]:
        if method == "GET":
            return self._get(path, query)
        if key in self._answers:
            was, status, answer = self._answers[key]
            if was != path:
                raise Refusal(422, "701", "The key was used for another request")
            return status, answer
        status, answer = self._post(path, document)
        if key:
            self._answers[key] = (path, status, answer)
        return status, answer

    def _get(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        if path == "/storedPaymentMethods":
            shopper = query["shopperReference"][0]
            found = [{"id": one, "type": "scheme"} for one in self.tokens.get(shopper, [])]
            answer: dict[str, Any] = {"merchantAccount": MERCHANT, "storedPaymentMethods": found}
            self._check("ListStoredPaymentMethodsResponse", answer)
            return 200, answer
        session = self.sessions.get(path.removeprefix("/sessions/"))
        if session is None or query.get("sessionResult") != [session["result"]]:
            raise Refusal(422, "14_0408", "Invalid session result")
        request = session["request"]
        answer = {"id": session["id"], "reference": request["reference"]}
        answer["status"] = session["status"]
        if session["status"] == "completed":
            answer["payments"] = [
                {
                    "amount": request["amount"],
                    "paymentMethod": {"type": "scheme", "brand": "visa"},
                    "pspReference": session["psp"],
                    "resultCode": "Authorised",
                }
            ]
        self._check("SessionResultResponse", answer)
        return 200, answer

    def _post(self, path: str, document: Any) -> tuple[int, dict[str, Any]]:
        found = re.fullmatch(r"/payments/(\w+)/(captures|cancels|refunds)", path)
        names = {
            "/sessions": "CreateCheckoutSession",
            "/payments": "Payment",
            "/cancels": "StandalonePaymentCancel",
        }
        stem = f"Payment{found[2][:-1].capitalize()}" if found else names[path]
        try:
            self._check(f"{stem}Request", document)
        except ValueError as error:
            raise Refusal(422, "702", str(error)) from error
        if document["merchantAccount"] != MERCHANT:
            raise Refusal(403, "901", "Invalid Merchant Account")
        if found:
            status, answer = self._modify(found[1], found[2], document)
        elif path == "/sessions":
            status, answer = self._new_session(document)
        elif path == "/payments":
            status, answer = self._charge(document)
        else:
            status, answer = self._cancel_by_reference(document)
        self._check(f"{stem}Response", answer)
        return status, answer

    def _new_session(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        session_id = f"CS{next(self._numbers):016X}"
        self.sessions[session_id] = {
            "id": session_id,
            "request": request,
            "status": "active",
            "result": f"X3XtfGC9!H4sIA+/=={session_id}",
        }
        echoed = {name: request[name] for name in ("amount", "merchantAccount", "reference")}
        return 201, echoed | {
            "id": session_id,
            "sessionData": f"Ab02b4c0!{session_id}",
            "expiresAt": "2026-11-22T21:00:00+01:00",
            "returnUrl": request["returnUrl"],
        }

    def _charge(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        token = request["paymentMethod"]["storedPaymentMethodId"]
        if token not in self.tokens.get(request["shopperReference"], []):
            raise Refusal(422, "800", "Contract not found")
        answer = {"merchantReference": request["reference"], "amount": request["amount"]}
        if self.refuse_charges:
            psp = self._refused(request)
            return 200, answer | {
                "pspReference": psp,
                "resultCode": "Refused",
                "refusalReason": "Not enough balance",
                "refusalReasonCode": self.refuse_charges,
            }
        psp = self._authorise({"request": request})
        return 200, answer | {
            "pspReference": psp,
            "resultCode": "Authorised",
            "paymentMethod": {"type": "scheme", "brand": "visa"},
        }

    def _cancel_by_reference(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        psp = self._psp()
        for payment, held in self.payments.items():
            if held["reference"] == request["paymentReference"] and held["state"] == "authorised":
                held["state"] = "cancelled"
                self.event("TECHNICAL_CANCEL", payment, held["amount"], pspReference=psp)
                break
        given = {name: request[name] for name in ("merchantAccount", "paymentReference")}
        return 201, given | {"pspReference": psp, "status": "received"}

    def _modify(
        self, payment: str, kind: str, request: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """Received at once, carried out or refused by webhook later: Adyen's way."""
        held = self.payments.get(payment)
        if held is None:
            raise Refusal(422, "167", "Original pspReference required for this operation")
        psp = self._psp()
        amount = request.get("amount", held.get("amount"))

        def carry_out() -> None:
            done = self._can(held, kind, amount["value"])
            self.event(
                {"captures": "CAPTURE", "cancels": "CANCELLATION", "refunds": "REFUND"}[kind],
                payment,
                amount,
                pspReference=psp,
                merchantReference=request["reference"],
                success="true" if done else "false",
                reason="" if done else "Insufficient balance on payment",
            )

        self.later.append(carry_out)
        given = {name: request[name] for name in request if name != "applicationInfo"}
        return 201, given | {
            "paymentPspReference": payment,
            "pspReference": psp,
            "status": "received",
        }

    @staticmethod
    def _can(held: dict[str, Any], kind: str, value: int) -> bool:
        if kind == "captures":
            done = held["state"] == "authorised" and value <= held["amount"]["value"]
            if done:
                held |= {"state": "captured", "captured": value}
        elif kind == "cancels":
            done = held["state"] == "authorised"
            if done:
                held["state"] = "cancelled"
        else:
            done = held["state"] == "captured" and held["refunded"] + value <= held["captured"]
            if done:
                held["refunded"] += value
        return bool(done)


class _Handler(BaseHTTPRequestHandler):
    standin: AdyenStandIn

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    def _answer(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.standin.answer_next is not None:
            (status, raw), self.standin.answer_next = self.standin.answer_next, None
        elif headers.get("x-api-key") != API_KEY:
            status, raw = 401, b'{"status":401,"errorCode":"000","message":"HTTP Status 401"}'
        else:
            answer = self.standin.handle(self.command, self.path, headers, body)
            if answer is None:
                self.close_connection = True
                return
            status, raw = answer[0], json.dumps(answer[1]).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)
