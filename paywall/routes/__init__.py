"""The HTTP API, one file per noun."""

from paywall.routes import health

ROUTES = [health.live, health.ready]
