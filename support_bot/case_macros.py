"""Prepared answers of a venue: kept, offered, and filled with what is known of a case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from infra.kernel.db import Tx
from infra.kernel.errors import Conflict, Invalid, NotFound
from infra.kernel.ids import new_id
from support_bot.case_tables import Case, Macro
from support_bot.languages import canonical

MACROS_MAX = 200
PLACEHOLDERS = ("first_name", "name", "event", "number", "venue", "agent")
_HOLE = re.compile(r"\{([a-z_]+)\}")


async def macros(tx: Tx, venue_id: str, lang: str = "") -> list[Macro]:
    """The venue's macros, those in this language first, then those for all, then the others."""
    query = select(Macro).where(Macro.venue_id == venue_id).order_by(Macro.name, Macro.id)
    found = list(await tx.scalars(query))
    wanted = canonical(lang)
    order = {wanted: 0, "": 1}
    return sorted(found, key=lambda one: order.get(one.lang, 2)) if wanted else found


async def macro_of(tx: Tx, venue_id: str, macro_id: str) -> Macro:
    found = await tx.get(Macro, macro_id)
    if found is None or found.venue_id != venue_id:
        raise NotFound("macro")
    return found


async def save(
    tx: Tx, venue_id: str, *, name: str, text: str, lang: str, solves: bool, now: datetime,
    macro_id: str = "",
) -> Macro:  # fmt: skip
    """Make or change a macro. Invalid where a placeholder is not known, with those that are."""
    name, text = " ".join(name.split()), text.strip()
    if not name or len(name) > 80:
        raise Invalid("name", "Give it a name of at most 80 characters.")
    if not text or len(text) > 10_000:
        raise Invalid("text", "Write the answer, in at most 10,000 characters.")
    unknown = sorted(set(_HOLE.findall(text)) - set(PLACEHOLDERS))
    if unknown:
        known = ", ".join("{" + one + "}" for one in PLACEHOLDERS)
        raise Invalid("text", f"{{{unknown[0]}}} is not known here. Use {known}.")
    if macro_id:
        macro = await macro_of(tx, venue_id, macro_id)
    else:
        query = select(func.count()).where(Macro.venue_id == venue_id)
        if (await tx.execute(query)).scalar_one() >= MACROS_MAX:
            raise Conflict(f"A venue has {MACROS_MAX} macros at most; remove one first.")
        macro = Macro(id=new_id("mac"), venue_id=venue_id)
        tx.add(macro)
    macro.name, macro.text, macro.lang = name, text, canonical(lang)
    macro.solves, macro.changed_at = solves, now
    return macro


async def remove(tx: Tx, venue_id: str, macro_id: str) -> None:
    await tx.delete(await macro_of(tx, venue_id, macro_id))


def facts_of(case: Case, *, event: str, venue: str, agent: str) -> dict[str, str]:
    """What the placeholders stand for; unknown ones are empty."""
    name = case.person_name.strip()
    return {
        "first_name": name.split()[0] if name else "",
        "name": name,
        "event": event,
        "number": str(case.number),
        "venue": venue,
        "agent": agent,
    }


def filled(text: str, facts: Mapping[str, str]) -> str:
    """The text with its placeholders filled; a greeting without a name loses the gap.

    "Hello {first_name}," becomes "Hello," where the name is not known. Values are plain text: a
    brace in somebody's name is not read again.
    """
    words = _HOLE.sub(lambda hole: facts.get(hole[1], hole[0]) or "\0", text)
    return re.sub(r"[ \u00a0\u202f]*\0", "", words)
