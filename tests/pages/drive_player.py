"""Plays real HLS in Chromium behind a token: header sent, beats beaten, token renewed, 410 shown.

`python tests/pages/drive_player.py` after the gallery was built; needs ffmpeg from imageio-ffmpeg.
"""
# ruff: noqa: E501 - a script for developers, run by hand

import functools
import json
import subprocess
import sys
import tempfile
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import imageio_ffmpeg
from playwright.sync_api import Page, sync_playwright
from shoot_gallery import ARGUMENTS, CHROMIUM, GALLERY, POLICY, ROOT


class Backend(SimpleHTTPRequestHandler):
    """Pages, a playback session, beats and media that want the current token."""

    tokens: ClassVar[list[str]] = ["token-1"]
    seen: ClassVar[dict[str, int]] = {}
    beats: ClassVar[list[dict[str, object]]] = []
    stops: ClassVar[list[bytes]] = []
    gone = False
    media: Path

    def translate_path(self, path: str) -> str:
        if path.startswith("/media/"):
            return str(self.media / path.removeprefix("/media/"))
        return super().translate_path(path)

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_GET(self) -> None:
        if self.path.startswith("/media/"):
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            self.seen[token] = self.seen.get(token, 0) + 1
            if token not in self.tokens:
                self.send_error(401)
                return
        super().do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/v1/playback/sessions":
            assert self.headers["Idempotency-Key"]
            self.answer(201, {
                "session_id": "s1", "urls": {"hls": "/media/live.m3u8"}, "transport": "header",
                "token": "token-1", "exp": 0, "refresh_after": 2,
                "heartbeat": {"url": "/v1/playback/sessions/s1/beat", "interval_s": 30, "jitter": 0.1, "secret": "hush"},
                "window": {},
            })  # fmt: skip
        elif self.path.endswith("/beat"):
            assert self.headers["X-Session-Secret"] == "hush"
            self.beats.append(json.loads(body))
            if self.gone:
                self.answer(410, {"status": 410, "title": "elsewhere"})
                return
            self.tokens.append("token-2")
            self.answer(200, {"next_s": 1, "token": "token-2"})
        else:
            self.stops.append(body)
            self.answer(200, {})

    def answer(self, status: int, body: dict[str, object]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


def make_media(folder: Path) -> subprocess.Popen[bytes]:
    """A live playlist that grows in real time, two seconds a segment."""
    return subprocess.Popen(
        [
            imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-re", "-f", "lavfi", "-i",
            "testsrc2=size=320x180:rate=15", "-f", "lavfi", "-i", "sine=440", "-t", "60", "-c:v",
            "libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac",
            "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", str(folder / "live.m3u8"),
        ]
    )  # fmt: skip


def wait_until(page: Page, expression: str, seconds: float = 20) -> None:
    """The page's policy forbids eval, and with it Playwright's own waiting for expressions."""
    for _ in range(int(seconds * 5)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(200)
    page.screenshot(path=ROOT / "build" / "player-stuck.png")
    raise AssertionError(f"never true: {expression}")


def main() -> int:
    folder = Path(tempfile.mkdtemp())
    encoder = make_media(folder)
    Backend.media = folder
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Backend, directory=str(GALLERY))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        time.sleep(7)
        with sync_playwright() as playwright:
            arguments = [*ARGUMENTS, "--autoplay-policy=no-user-gesture-required"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            page = browser.new_page(viewport={"width": 1000, "height": 760})
            page.on("console", lambda message: print("console:", message.text))
            page.goto(f"http://127.0.0.1:{server.server_port}/watch.html")
            wait_until(page, "document.querySelector('video').currentTime > 2")
            page.mouse.move(400, 300)
            page.screenshot(path=ROOT / "build" / "player-playing.png")
            page.wait_for_timeout(6_000)
            print("media requests by token:", Backend.seen, "beats:", len(Backend.beats))
            assert set(Backend.seen) == {"token-1", "token-2"}
            assert page.evaluate("!document.querySelector('video').paused")
            page.keyboard.press("Tab")
            page.focus("live-player")
            page.keyboard.press("m")
            assert page.evaluate("document.querySelector('video').muted")
            page.keyboard.press("k")
            assert page.evaluate("document.querySelector('video').paused")
            Backend.gone = True
            page.wait_for_selector("[data-state=elsewhere]", timeout=8_000)
            page.screenshot(path=ROOT / "build" / "player-elsewhere.png")
            Backend.gone = False
            page.click("text=Watch here instead")
            wait_until(page, "document.querySelector('video').readyState > 2")
            page.goto("about:blank")
            page.wait_for_timeout(500)
            print("stops:", Backend.stops)
            assert len(Backend.stops) >= 1
            browser.close()
    finally:
        encoder.terminate()
        server.shutdown()
    print("the player does what it should")
    return 0


if __name__ == "__main__":
    sys.exit(main())
