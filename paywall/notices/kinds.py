"""The kinds of events that webhooks carry: `noun.what_happened`, each with one sentence.

A kind is added together with the code that emits it and its row in docs/webhooks.md.
"""

from __future__ import annotations

from collections.abc import Mapping

TEST_KIND = "webhook.test"

WEBHOOK_KINDS: Mapping[str, str] = {
    "order.paid": "An order's payment was captured and its grants were made.",
    "order.expired": "Nobody paid an order in time; its places are free again.",
    "refund.succeeded": "Money went back to the buyer.",
    "refund.failed": "The processor could not give the money back.",
    "dispute.opened": "A buyer's bank asks for the money of a payment back.",
    "dispute.closed": "A dispute was won or lost.",
    "grant.issued": "A customer may watch something from now on.",
    "grant.revoked": "A right to watch ended for good: refunded, or a dispute was lost.",
    "event.published": "An event became visible to viewers.",
    "event.cancelled": "An event will not take place.",
    "action.due": "An action of yours fits a customer: your program may act now.",
    "offer.sold_out": "The last place of an offer was taken.",
    "support.spike": "Many people asked the assistant the same thing within ten minutes.",
    "case.opened": "Somebody asked for help: a support case was opened.",
    "case.solved": "A support case was solved.",
    TEST_KIND: "Sent when you press the test button or call the test route.",
}

NEWS = "action_news"
"""A mail that needs a recorded yes."""
NOTICE = "action_notice"
"""A mail about a contract that runs: no advertising, so that it needs no yes; a no stops it too."""
AT_MOST_ONCE = frozenset({NEWS, NOTICE})
"""Mails of which a second copy is worse than none: never repeated when nobody knows."""
