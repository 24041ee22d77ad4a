"""The web process as granian starts it: `granian --factory paywall.app.web:app`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from litestar import Litestar

from infra.adapters.logs import configure_logging
from infra.kernel.settings import load_settings
from paywall.app import create_app
from paywall.app.assembly import assemble


def app() -> Litestar:
    """One web worker's application, from the environment's settings."""
    settings = load_settings()
    configure_logging(as_json=settings.log_json)
    parts = assemble(settings)
    # Litestar loads its plugins for pydantic 1 and 2 wherever pydantic is installed, and taskiq
    # needs it in job workers. No route of ours has such a model: 12 MiB a web process for nothing.
    with _absent("pydantic"):
        return create_app(parts)


@contextmanager
def _absent(name: str) -> Iterator[None]:
    """While this lasts, `import name` says that it is not installed."""
    kept = sys.modules.get(name)
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        if kept is not None:
            sys.modules[name] = kept
