"""The HTTP API, one file per noun. ROUTES is sorted, one module a line."""

from paywall.routes import (
    api_keys,
    audit,
    auth,
    factors,
    gateways,
    health,
    me,
    media,
    metrics,
    openapi,
    orders,
    playback,
    staff,
)

ROUTES = [
    *api_keys.ROUTES,
    *audit.ROUTES,
    *auth.ROUTES,
    *factors.ROUTES,
    *[gateways.receive],
    *[health.live, health.ready],
    *me.ROUTES,
    *[media.serve],
    *[metrics.read],
    *[openapi.description],
    *[orders.create, orders.of_venue, orders.read, orders.read_money],
    *[orders.refund, orders.stop, orders.open_again, orders.mine],
    *[playback.start, playback.beat, playback.stop, playback.end, playback.jwks],
    *staff.ROUTES,
]
