"""The HTTP API, one file per noun. ROUTES is sorted, one module a line."""

from paywall.routes import (
    catalogue,
    coupons,
    events,
    health,
    media,
    metrics,
    offers,
    openapi,
    orders,
    playback,
    quotes,
    replays,
    seasons,
    streams,
    venues,
)

# fmt: off
ROUTES = [
    *[catalogue.event_by_slug, catalogue.event_list, catalogue.event_read],
    *[catalogue.season_list, catalogue.venue_list, catalogue.venue_read],
    *[coupons.create, coupons.edit, coupons.end, coupons.listing, coupons.read],
    *[events.cancel, events.create, events.edit, events.listing, events.publish, events.read],
    *[events.remove, events.unpublish],
    *[health.live, health.ready],
    *[media.serve],
    *[metrics.read],
    *[offers.add_price, offers.archive, offers.create, offers.edit, offers.listing],
    *[offers.pause, offers.publish, offers.read],
    *[openapi.description],
    *[orders.create, orders.of_venue, orders.read, orders.read_money],
    *[orders.refund, orders.stop, orders.open_again, orders.mine],
    *[playback.beat, playback.end, playback.jwks, playback.start, playback.stop],
    *[quotes.ask],
    *[replays.create, replays.edit, replays.listing, replays.read, replays.remove],
    *[seasons.create, seasons.edit, seasons.listing, seasons.read, seasons.remove],
    *[streams.create, streams.edit, streams.listing, streams.read, streams.remove],
    *[streams.rotate],
    *[venues.edit, venues.read],
]
# fmt: on
