"""The HTTP API, one file per noun. ROUTES is sorted, one module a line."""

from paywall.routes import health, metrics, openapi

ROUTES = [
    *[health.live, health.ready],
    *[metrics.read],
    *[openapi.description],
]
