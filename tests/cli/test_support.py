from __future__ import annotations

import asyncio
import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.kernel.clock import HandClock
from infra.kernel.db import Database
from infra.kernel.errors import Invalid
from paywall.cli.support import app
from support_bot import own_articles
from support_bot.examples import OOS, BadTable, Example
from support_bot.own_articles import NewArticle, TextEdit
from tests.http.conftest import VENUE, venue
from tests.support_bot.builders import FAR_AWAY, HOSTILE, SAMPLE, sample_examples, split

FIGURES = ("accuracy", "top3", "coverage", "precision", "oos_refused")


def paywall(*arguments: str, folder: Path, asked: bytes = b"") -> Any:
    environment = {"PAYWALL_DATA_DIR": str(folder)}
    return CliRunner().invoke(app, list(arguments), input=asked, env=environment)


def table(path: Path, examples: Sequence[Example], header: Sequence[str]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(header)
        writer.writerows([e.text, e.intent, e.lang][: len(header)] for e in examples)
    return str(path)


@pytest.mark.parametrize(
    ("suffix", "header"), [("csv", ["text", "label", "lang"]), ("tsv", ["text", "intent"])]
)
def test_evaluate_prints_its_figures_also_by_language(
    tmp_path: Path, suffix: str, header: list[str]
) -> None:
    taught, asked = split(sample_examples())
    asked += [Example(text, OOS, "en") for text in FAR_AWAY]
    train = table(tmp_path / f"train.{suffix}", taught, header)
    test = table(tmp_path / f"test.{suffix}", asked, header)
    ran = paywall(
        "evaluate", "--train", train, "--test", test, "--json", "--no-embeddings",
        "--precision", "0.8", folder=tmp_path,
    )  # fmt: skip
    assert ran.exit_code == 0, ran.exception or ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout)
    for name in FIGURES:
        assert 0 <= told[name] <= 1
    assert told["questions"] == len(asked)
    assert told["out_of_scope"] == len(FAR_AWAY)
    assert set(told["by_language"]) == ({"de", "en", "fr", "ja"} if "lang" in header else set())
    for figures in told["by_language"].values():
        assert set(FIGURES) <= set(figures)


def test_evaluate_for_people_is_a_table(tmp_path: Path) -> None:
    taught, asked = split(sample_examples())
    header = ["text", "label", "lang"]
    ran = paywall(
        "evaluate", "--train", table(tmp_path / "a.csv", taught, header),
        "--test", table(tmp_path / "b.csv", asked, header), "--no-embeddings", folder=tmp_path,
    )  # fmt: skip
    assert ran.exit_code == 0, ran.exception or ran.stderr
    assert "accuracy" in ran.stdout


def test_a_file_without_a_header_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("where is my ticket,find\nmoney back,refund\n")
    ran = paywall("evaluate", "--train", str(path), "--test", str(path), folder=tmp_path)
    assert isinstance(ran.exception, BadTable)
    assert "first line must name the columns" in ran.exception.detail


def ask(folder: Path, asked: bytes) -> list[dict[str, Any]]:
    ran = paywall(
        "ask", "--venue", "blue-note", "--lang", "en", "--json", "--no-embeddings",
        "--knowledge", str(SAMPLE), "--precision", "0.7", folder=folder, asked=asked,
    )  # fmt: skip
    assert ran.exit_code == 0, ran.exception or ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_ask_answers_each_line_with_outcome_and_articles(tmp_path: Path) -> None:
    first, second = ask(tmp_path, "I forgot my password\n😀\n".encode())
    assert first["outcome"] == "answer"
    assert first["articles"][0]["id"] == "password"
    assert 0 < first["articles"][0]["score"] <= 1
    assert first["answer"]
    assert second["outcome"] == "hand_over"
    again = ask(tmp_path, b"I forgot my password\n")
    assert again == [first]
    assert len(list(tmp_path.glob("support/models/blue-note/v*"))) == 1


def test_ask_gives_one_line_for_every_line_whatever_it_holds(tmp_path: Path) -> None:
    lines = [text.replace("\n", " ").encode("utf-8", "replace") for text in HOSTILE]
    replies = ask(tmp_path, b"\n".join([*lines, b"\xff\xfe\x80 broken", b""]))
    assert len(replies) == len(lines) + 1
    assert {reply["outcome"] for reply in replies} <= {"answer", "suggest", "hand_over"}
    assert replies[0]["outcome"] == "hand_over"


async def test_ask_answers_from_what_the_venue_wrote_and_hid(
    tmp_path: Path, clock: HandClock
) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'paywall.sqlite3'}")
    await db.create_all()
    now = clock.machine()
    ways = ["where can I leave my bicycle", "bike rack", "is there a place for bikes"]
    parking = TextEdit(title="Bicycles", answer_md="In the yard.", phrasings=ways)
    async with db.transaction() as tx:
        tx.add(venue(VENUE, "blue-note", now))
        new = NewArticle(category="venue", slug="bicycles")
        await own_articles.create(tx, VENUE, "art_" + "1" * 26, new, "", now)
        await own_articles.save(
            tx, VENUE, "bicycles", "en", 0, parking, actor="a", now=now, publish=True
        )
    await db.close()
    [bike] = await asyncio.to_thread(ask, tmp_path, b"where can I leave my bicycle\n")
    assert bike["articles"][0]["id"] == "bicycles"


@pytest.mark.parametrize("table", ["", "venue"])
def test_ask_says_so_and_goes_on_where_nothing_can_be_read(tmp_path: Path, table: str) -> None:
    if table:
        sqlite3.connect(tmp_path / "paywall.sqlite3").close()
    ran = paywall(
        "ask", "--venue", "blue-note", "--json", "--no-embeddings", "--knowledge", str(SAMPLE),
        folder=tmp_path, asked=b"I forgot my password\n",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.exception
    assert json.loads(ran.stdout)["articles"][0]["id"] == "password"
    assert "the shipped articles answer" in ran.stderr
    assert (tmp_path / "paywall.sqlite3").exists() is bool(table)


async def test_ask_says_that_a_venue_is_not_there(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'paywall.sqlite3'}")
    await db.create_all()
    await db.close()
    ran = await asyncio.to_thread(
        paywall, "ask", "--venue", "nowhere", "--json", "--no-embeddings", "--knowledge",
        str(SAMPLE), folder=tmp_path, asked=b"I forgot my password\n",
    )  # fmt: skip
    assert ran.exit_code == 0, ran.exception
    assert "There is no venue nowhere" in " ".join(ran.stderr.split())


def test_a_venue_that_is_a_path_is_refused(tmp_path: Path) -> None:
    ran = paywall("ask", "--venue", "../../etc", "--json", folder=tmp_path)
    assert isinstance(ran.exception, Invalid)
    assert "letters, digits and hyphens" in ran.exception.detail


def test_the_command_line_starts_without_what_the_bot_learns_with() -> None:
    code = "import sys, paywall.cli.main; print({'numpy', 'sklearn', 'scipy'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
