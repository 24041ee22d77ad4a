"""The HTTP API, one file per noun. ROUTES is sorted, one module a line."""

from paywall.routes import api_keys, audit, auth, factors, health, me, metrics, openapi, staff

ROUTES = [
    *api_keys.ROUTES,
    *audit.ROUTES,
    *auth.ROUTES,
    *factors.ROUTES,
    *[health.live, health.ready],
    *me.ROUTES,
    *[metrics.read],
    *[openapi.description],
    *staff.ROUTES,
]
