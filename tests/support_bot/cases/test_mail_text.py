"""What somebody wrote, apart from what their mail program put around it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support_bot.mail_text import html_to_text, split
from tests.support_bot.cases import mails


@pytest.mark.parametrize(
    ("mail", "said", "below"),
    [
        (mails.GMAIL, "Yes, still black.\n\nAda", "Which browser"),
        (mails.OUTLOOK, "Es geht wieder, danke.", "Welchen Browser"),
        (mails.APPLE_FR, "Firefox, la dernière version.", "Quel navigateur"),
        (mails.JAPANESE, "まだ映りません。", "どのブラウザ"),
        (mails.ORIGINAL, "Merci !", "Quel navigateur"),
        (mails.SIGNED, "Where is my ticket?", "Analytical Engines"),
        ("Thanks!\nGet Outlook for iOS\n", "Thanks!", "Outlook"),
        ("Voici : https://x.example/a:b\n\nMerci", "Voici : https://x.example/a:b\n\nMerci", ""),
        ("New words\n\n[#1042-k3j9x2mqab]\nold words", "New words", "old words"),
    ],
)  # fmt: skip
def test_quotes_and_signatures_are_split_off_and_kept(mail: str, said: str, below: str) -> None:
    own, rest = split(mail)
    assert own == said
    assert below in rest


def test_answers_between_quoted_lines_stay_whole() -> None:
    own, rest = split(mails.INLINE)
    assert "Firefox." in own
    assert "The last one." in own
    assert "> Which version?" in own
    assert rest == ""


def test_a_mail_of_quotes_alone_is_shown_rather_than_nothing() -> None:
    own, rest = split("> Which browser?\n")
    assert own == "> Which browser?"
    assert rest == ""


def test_html_of_gmail_loses_its_quote() -> None:
    assert html_to_text(mails.GMAIL_HTML) == (
        "Yes, still black.\n\nAda",
        "On Fri, La Verrière wrote:\n\nWhich browser?",
    )


def test_html_of_outlook_loses_style_and_everything_after_its_mark() -> None:
    said, quoted = html_to_text(mails.OUTLOOK_HTML)
    assert said == "It works again."
    assert "Which browser?" in quoted


def test_scripts_and_hidden_heads_are_no_words() -> None:
    assert html_to_text("<script>alert(1)</script><p>a&lt;b</p><svg><text>x</text></svg>") == (
        "a<b",
        "",
    )


def test_a_quote_that_is_never_closed_ends_nothing_else() -> None:
    said, quoted = html_to_text("<p>Hello</p><blockquote>old<div>older</p>")
    assert (said, quoted) == ("Hello", "old\nolder")


@given(st.text(max_size=300))
def test_whatever_anybody_writes_something_of_it_is_shown(text: str) -> None:
    own, _ = split(text)
    assert bool(own) == bool(text.strip())
    html_to_text(text)
