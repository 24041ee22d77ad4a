"""What a request's own headers say of a visit: a machine's, a refusal, which kind of device. Pure.

The browser's name is looked at and forgotten: only the kind of device is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

REFUSED: Final = "no"
COOKIE: Final = "pw_visits"
"""Set to REFUSED by who doesn't want to be counted. It holds nothing else, the same for all."""

# "Mobi" marks phones (MDN, "Browser detection using the user agent", as of 2026-11).
_TV: Final = re.compile(
    r"smart-?tv|apple ?tv|google ?tv|bravia|web0s|tizen.*tv|hbbtv|crkey|\baft", re.I
)
_MACHINE: Final = re.compile(
    r"bot\b|bot[/;_-]|crawl|spider|slurp|headless|lighthouse|pagespeed|preview|prerender|monitor"
    r"|uptime|pingdom|scan|fetch|curl|wget|python|java/|okhttp|go-http|httpx|axios|node|phantom"
    r"|facebookexternalhit|whatsapp|embed|archive|validator",
    re.I,
)


def device_of(user_agent: str) -> str:
    """`tv`, `phone`, or `web` for every other screen."""
    if _TV.search(user_agent):
        return "tv"
    return "phone" if "Mobi" in user_agent else "web"


def is_machine(headers: Mapping[str, str]) -> bool:
    """A crawler, a monitor, a preview; or a page fetched ahead that nobody may ever look at."""
    agent = headers.get("user-agent", "")[:400]
    purpose = headers.get("sec-purpose", "") + headers.get("purpose", "")
    return not agent.startswith("Mozilla/") or bool(_MACHINE.search(agent)) or "prefetch" in purpose


def refuses(headers: Mapping[str, str], cookie: str) -> bool:
    """The person does not want to be counted: by our own switch, or by the browser's.

    Global Privacy Control (https://www.w3.org/TR/gpc/, read 2026-11-22) and, for browsers that
    still send it, Do Not Track.
    """
    return cookie == REFUSED or headers.get("sec-gpc") == "1" or headers.get("dnt") == "1"
