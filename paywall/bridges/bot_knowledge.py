"""What a venue itself wrote for its bot: answered to support_bot from the database."""

from __future__ import annotations

from infra.kernel.db import Tx
from support_bot.articles import OwnKnowledge


async def own_knowledge(tx: Tx, venue_id: str) -> OwnKnowledge:
    """The venue's own articles and what it hid."""
    return OwnKnowledge()
