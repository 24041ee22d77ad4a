"""Photographs the built gallery at phone and desk width, runs axe on it and measures layout shift.

`python tests/pages/shoot_gallery.py [--only event] [--light] [--out build/shots]`
Exits 1 when axe, the console or the policy has something to say, or a page scrolls sideways.
"""
# ruff: noqa: E501 - a script for developers, run by hand

import argparse
import functools
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent.parent
GALLERY = ROOT / "build" / "gallery"
AXE = ROOT / "paywall" / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; frame-src 'self'; form-action 'self'; base-uri 'none'"
)
RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value; })
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 250);
})"""


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        if not self.path.startswith("/mail"):
            self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def do_POST(self) -> None:
        self.send_response(404)
        self.send_header("Content-Type", "application/problem+json")
        self.end_headers()
        self.wfile.write(b'{"status": 404, "title": "not started"}')

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def shoot(browser: Browser, base: str, page_file: Path, out: Path, light: bool) -> list[str]:
    findings = []
    for label, (width, height) in WIDTHS.items():
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="light" if light else "dark",
            timezone_id="Europe/Paris",
            bypass_csp=False,
        )
        said: list[str] = []
        page.on(
            "console",
            lambda message, said=said: (
                said.append(message.text) if message.type == "error" else None
            ),
        )
        page.goto(f"{base}/{page_file.name}", wait_until="load")
        page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
        page.wait_for_timeout(150)
        shift = page.evaluate(SHIFT)
        page.wait_for_timeout(350 if "watch" in page_file.name else 0)
        page.screenshot(path=out / f"{page_file.stem}-{label}.png", full_page=True)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            findings.append(f"{page_file.stem} {label}: scrolls sideways")
        if shift > 0.02:
            findings.append(f"{page_file.stem} {label}: layout shift {shift:.3f}")
        findings += [
            f"{page_file.stem} {label}: console: {text[:300]}"
            for text in said
            if "404" not in text and "stand-in" not in text
        ]
        page.evaluate(AXE.read_text())
        result = page.evaluate(
            f"axe.run({{runOnly: {RULES if not page_file.name.startswith('mail-') else RULES[:-1]}}})"
        )
        for violation in result["violations"]:
            node = violation["nodes"][0]
            findings.append(
                f"{page_file.stem} {label}: {violation['id']}: {node['html'][:160]} | {node.get('failureSummary', '')[:240]}"
            )
        page.close()
    return findings


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--light", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "shots")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    findings: list[str] = []
    with served(GALLERY) as base, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for page_file in sorted(GALLERY.glob("*.html")):
            if any(part in page_file.name for part in chosen.only.split(",")):
                findings += shoot(browser, base, page_file, chosen.out, chosen.light)
        browser.close()
    print("\n".join(findings) or "nothing to say")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
