"""A small brain for the product under test: four languages, by wording alone, learned in seconds.

It passes for what the whole knowledge base would teach, so the worker has nothing to learn while
browsers wait: the first training of all languages takes a core for minutes.
"""

from __future__ import annotations

from pathlib import Path

from support_bot.articles import Knowledge, read_articles
from support_bot.engine.bot import embedder_for
from support_bot.engine.brains import lessons, shelf_of
from support_bot.engine.gate import Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.shelf import digest
from support_bot.engine.training import train

LANGUAGES = {"en", "fr", "ar", "ja"}


def teach(data: Path) -> None:
    """Into the data folder of a house that was not started yet."""
    folder = data / "support"
    plain = Knowledge("")
    whole = lessons(read_articles(), plain)
    brain = train([one for one in whole if one.lang in LANGUAGES], None, LanguageIdentifier())
    embedder = embedder_for(folder)
    made_from = digest(whole, "" if embedder is None else embedder.name)
    shelf = shelf_of(folder, plain)
    shelf.use(shelf.add(brain, made_from, Policy()))
