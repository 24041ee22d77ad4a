"""Web applications for tests: built a few times a test process, equipped anew for each test.

Building the routes takes a third of a second, what a request works with next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Litestar
from litestar.datastructures import State

from paywall.app import create_app, equip
from paywall.http.parts import Parts
from paywall.routes import ROUTES

_Kind = tuple[str, bool]
_idle: dict[_Kind, list[Litestar]] = {}
_lent: list[tuple[_Kind, Litestar]] = []


def app_over(parts: Parts, routes: Sequence[Any] | None = None) -> Litestar:
    """The product over these parts until the test ends; with these routes, or with all."""
    if routes is not None and routes is not ROUTES:
        return create_app(parts, routes)  # made for one test
    kind = ("all" if routes is None else "api", parts.settings.secure)
    if idle := _idle.get(kind):
        app = idle.pop()
        equip(app, parts)
    else:
        app = create_app(parts) if routes is None else create_app(parts, routes)
    _lent.append((kind, app))
    return app


def take_back() -> None:
    """The test is over: its apps are free for the next one, and hold nothing of its own."""
    while _lent:
        kind, app = _lent.pop()
        app.state = State()
        _idle.setdefault(kind, []).append(app)
