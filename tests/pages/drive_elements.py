"""Drives payment-element against stand-ins of both processors, passkey-button against Chromium's
virtual authenticator, card-checkout and local-time, all under the pages' strict policy.

`python tests/pages/drive_elements.py` after the web build.
"""
# ruff: noqa: E501 - a script for developers, run by hand

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)

DIST = ROOT / "paywall" / "static" / "dist"
STRIPE = """window.Stripe = (key, options) => ({
  elements: given => ({ given, create: kind => ({ on: (name, then) => setTimeout(then, 10), mount: box => { box.textContent = kind + key + given.clientSecret + given.appearance.variables.colorPrimary; } }) }),
  confirmPayment: async ({confirmParams}) => { window.tries = (window.tries || 0) + 1; if (window.tries === 1) return {error: {type: 'card_error', message: 'Declined by the stand-in.'}}; location.assign(confirmParams.return_url); return new Promise(() => {}); },
});"""
ADYEN = """window.AdyenWeb = { AdyenCheckout: async config => ({config, submitDetails: d => { window.details = d; config.onPaymentCompleted({resultCode: 'Authorised'}); }}),
  Dropin: class { constructor(core) { this.core = core; } mount(box) { box.textContent = 'dropin ' + this.core.config.session.id + this.core.config.countryCode; setTimeout(() => this.core.config.onPaymentCompleted({resultCode: 'Authorised'}), 400); } } };"""
WORDS = 'data-pay="Pay €10" data-working="Paying…" data-declined="Declined" data-unavailable="Unavailable" data-retry="Try again"'
BODIES = {
    "/stripe": f'<payment-element gateway="stripe" public-key="pk" client-secret="cs" return-url="/done" script-url="/stripe.js" {WORDS}><div class="skeleton"></div></payment-element>',
    "/adyen": f'<payment-element gateway="adyen" public-key="ck" session-id="CS1" session-data="abc" environment="test" country="FR" return-url="/done" script-url="/adyen.js" {WORDS}></payment-element>',
    "/missing": f'<payment-element gateway="stripe" public-key="pk" client-secret="cs" return-url="/done" script-url="/nothing.js" {WORDS}></payment-element>',
    "/passkeys": "".join(
        f'<passkey-button id="{mode}" mode="{mode}" options-url="/{mode}/options" verify-url="/{mode}/verify" data-failed="failed"><input type="hidden" name="next" value="/done"><button type="button">{mode}</button><p data-status hidden></p></passkey-button>'
        for mode in ("register", "login")
    ),
    "/form": '<card-checkout key="o1" data-working="Working…"><form method="post" action="/slow"><input name="email"><input type="checkbox" name="terms" value="yes"><input type="password" name="pw"><button>Pay</button></form></card-checkout>'
    '<local-time datetime="2026-10-03T18:30:00Z" tz="Europe/Paris" data-yours="{time}, your time" data-theirs="{time} in Paris">Saturday 3 October, 20:30</local-time>',
    "/poll": '<div id="status" hx-get="/poll-status" hx-trigger="every 1s" hx-swap="outerHTML">waiting</div>',
    "/quote": '<form><input name="coupon" value="A"><select name="country" hx-post="/quoted" hx-target="#sum" hx-swap="outerHTML" hx-include="closest form" hx-trigger="change"><option value="FR">FR</option><option value="DE">DE</option></select></form><div id="sum">old</div>',
    "/done": "<h1>done</h1>",
}
OPTIONS = {
    "register": {"rp": {"name": "x", "id": "localhost"}, "user": {"id": "dXNlcg", "name": "a", "displayName": "a"}, "challenge": "Y2hhbGxlbmdl", "pubKeyCredParams": [{"type": "public-key", "alg": -7}], "authenticatorSelection": {"residentKey": "required"}},
    "login": {"rpId": "localhost", "challenge": "Y2hhbGxlbmdl", "allowCredentials": []},
}  # fmt: skip


class Server(BaseHTTPRequestHandler):
    posts: ClassVar[list[tuple[str, bytes]]] = []
    polls: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        manifest = json.loads((DIST / "manifest.json").read_text())
        if path in BODIES:
            head = f'<link rel="stylesheet" href="/static/{manifest["viewer.css"]}"><script type="module" src="/static/{manifest["viewer.js"]}"></script>'
            self.answer(
                200,
                "text/html; charset=utf-8",
                f'<!doctype html><html lang="en-GB" data-locale="en-GB">{head}<body>{BODIES[path]}'.encode(),
            )
        elif path in ("/stripe.js", "/adyen.js"):
            self.answer(200, "text/javascript", (STRIPE if "stripe" in path else ADYEN).encode())
        elif path == "/poll-status":
            self.polls.append(self.path)
            if len(self.polls) < 3:
                self.answer(
                    200,
                    "text/html",
                    BODIES["/poll"].replace("waiting", f"asked {len(self.polls)}").encode(),
                )
            else:
                self.answer(200, "text/html", b"", {"HX-Redirect": "/done"})
        elif path.startswith("/static/"):
            kind = {"js": "text/javascript", "css": "text/css", "woff2": "font/woff2"}[
                path.rsplit(".", 1)[1]
            ]
            self.answer(200, kind, (DIST / path.removeprefix("/static/")).read_bytes())
        else:
            self.answer(404, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.posts.append((self.path, body))
        mode, _, step = self.path.strip("/").partition("/")
        if self.path == "/quoted":
            assert b"coupon=A" in body or b'name="coupon"' in body
            self.answer(200, "text/html", b'<div id="sum">new total</div>')
        elif step == "options":
            self.answer(
                200,
                "application/json",
                json.dumps({"id": "cer_1", "public_key": OPTIONS[mode]}).encode(),
            )
        elif step == "verify":
            self.answer(200, "application/json", b"{}")
        else:
            threading.Event().wait(1.5)
            self.answer(200, "text/html", b"<h1>paid</h1>")

    def answer(
        self, status: int, kind: str, body: bytes, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://localhost:{server.server_port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(timezone_id="America/New_York")
        page.on("console", lambda message: print("console:", message.text[:200]))
        page.goto(f"{base}/stripe")
        page.click("text=Pay €10")
        page.wait_for_selector("text=Declined by the stand-in.")
        assert "paymentpkcs#f3b45a" in page.inner_text("body") or "#a2420a" in page.inner_text(
            "body"
        )
        page.click("text=Pay €10")
        page.wait_for_url("**/done")
        page.goto(f"{base}/adyen")
        page.wait_for_selector("text=dropin CS1FR")
        page.wait_for_url("**/done")
        page.goto(f"{base}/adyen?redirectResult=xyz")
        page.wait_for_url("**/done")
        page.goto(f"{base}/missing")
        page.wait_for_selector("text=Unavailable")

        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}})  # fmt: skip
        for mode in ("register", "login"):
            page.goto(f"{base}/passkeys")
            page.click(f"#{mode} button")
            page.wait_for_url("**/done")
            answer = json.loads(Server.posts[-1][1])
            assert answer.keys() == {"ceremony", "credential"}
            assert answer["credential"]["type"] == "public-key"
            assert "clientDataJSON" in answer["credential"]["response"]

        page.goto(f"{base}/form")
        assert "14:30, your time" in page.inner_text("local-time").replace(" at ", ", ").replace(
            "2:30 pm", "14:30"
        )
        page.fill("[name=email]", "ines@example.org")
        page.check("[name=terms]")
        page.fill("[name=pw]", "secret")
        page.reload()
        assert page.input_value("[name=email]") == "ines@example.org"
        assert page.is_checked("[name=terms]")
        assert "secret" not in page.evaluate("JSON.stringify(sessionStorage)")
        before = len(Server.posts)
        page.evaluate(
            "const b = document.querySelector('form button'); b.click(); b.click(); b.click()"
        )
        page.wait_for_selector("text=paid")
        assert len(Server.posts) == before + 1
        page.goto(f"{base}/quote")
        page.select_option("select", "DE")
        page.wait_for_selector("text=new total")
        print("quote body:", Server.posts[-1][1])
        page.goto(f"{base}/poll")
        page.wait_for_selector("text=asked 1")
        page.wait_for_url("**/done")
        browser.close()
    server.shutdown()
    print("the elements do what they should")
    return 0


if __name__ == "__main__":
    sys.exit(main())
