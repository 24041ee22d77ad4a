"""The web process as granian starts it: `granian --factory paywall.app.web:app`."""

from __future__ import annotations

from litestar import Litestar

from infra.adapters.logs import configure_logging
from infra.kernel.settings import load_settings
from paywall.app import create_app
from paywall.app.assembly import assemble


def app() -> Litestar:
    """One web worker's application, from the environment's settings."""
    settings = load_settings()
    configure_logging(as_json=settings.log_json)
    return create_app(assemble(settings))
