"""The HTTP API, one file per noun. ROUTES is sorted, one module a line."""

from paywall.routes import health, media, metrics, openapi, orders, playback

ROUTES = [
    *[health.live, health.ready],
    *[media.serve],
    *[metrics.read],
    *[openapi.description],
    *[orders.create, orders.of_venue, orders.read, orders.read_money],
    *[orders.refund, orders.stop, orders.open_again, orders.mine],
    *[playback.start, playback.beat, playback.stop, playback.end, playback.jwks],
]
