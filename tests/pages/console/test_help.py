"""The help centre in the console: written, published, brought back, hidden, noted as read."""

from __future__ import annotations

import re

import httpx
import pytest

from paywall.accounts.principal import INSTALLATION
from paywall.accounts.roles import Role
from tests.pages.console.conftest import Console, submit

HELP = "/venues/verriere/help"


@pytest.fixture
async def support(console: Console) -> httpx.AsyncClient:
    return await console.sign_in(Role.SUPPORT)


async def reader(console: Console, path: str) -> httpx.Response:
    return await (await console.client()).get(path)


async def publish(
    console: Console, who: httpx.AsyncClient, slug: str, lang: str, **fields: str
) -> httpx.Response:
    at = f"{console.at}/help/{slug}/{lang}"
    editor = (await who.get(at)).text.partition('<div class="editor">')[2]
    version = re.search(r'name="version" value="(\d+)"', editor)
    assert version is not None, editor
    fields = {
        "title": "Refunds here", "answer_md": "Until the **doors**.",
        "version": version[1], **fields,
    }  # fmt: skip
    return await who.post(at, data=fields)


async def test_the_list_names_every_article_with_its_languages(
    console: Console, support: httpx.AsyncClient
) -> None:
    page = await support.get(f"{console.at}/help")
    assert page.status_code == 200
    assert page.text.count('class="row-link"') == 50
    assert "As shipped" in page.text
    found = await support.get(f"{console.at}/help", params={"q": "PASSWÖRD"})
    assert found.text.count('class="row-link"') < 10
    table = await support.get(f"{console.at}/help", params={"format": "csv"})
    assert table.text.count("\n") == 51


async def test_what_is_published_reaches_viewers_and_only_in_that_language(
    console: Console, support: httpx.AsyncClient
) -> None:
    answer = await publish(console, support, "refund-request", "fr", title="Remboursements")
    assert answer.status_code == 303
    assert "Remboursements" in (await reader(console, f"{HELP}/refund-request?lang=fr")).text
    assert "Remboursements" not in (await reader(console, f"{HELP}/refund-request?lang=en")).text


async def test_a_draft_waits_and_an_old_version_comes_back(
    console: Console, support: httpx.AsyncClient
) -> None:
    at = f"{console.at}/help/refund-request/en"
    await publish(console, support, "refund-request", "en", title="First")
    await publish(console, support, "refund-request", "en", title="Second", act="draft")
    assert "First" in (await reader(console, f"{HELP}/refund-request?lang=en")).text
    page = await support.get(at)
    assert "a newer draft waits" in page.text
    await publish(console, support, "refund-request", "en", title="Third")
    assert "Third" in (await reader(console, f"{HELP}/refund-request?lang=en")).text
    old = await support.get(f"{at}/versions/2")
    assert "<del>First</del><ins>Second</ins>" in old.text
    version = re.search(r'name="version" value="(\d+)"', old.text)
    assert version is not None
    done = await support.post(f"{at}/versions/1/restore", data={"version": version[1]})
    assert done.status_code == 303
    assert "First" in (await reader(console, f"{HELP}/refund-request?lang=en")).text
    assert "Version 1 brought back" in (await support.get(at)).text


async def test_two_editors_do_not_overwrite_each_other(
    console: Console, support: httpx.AsyncClient
) -> None:
    other = await console.sign_in(Role.MANAGER)
    await publish(console, other, "refund-request", "en", title="Theirs")
    late = await publish(console, support, "refund-request", "en", title="Mine", version="0")
    assert late.status_code == 412
    assert "Mine" in late.text
    assert "Theirs" in (await reader(console, f"{HELP}/refund-request?lang=en")).text


async def test_hiding_can_be_undone(console: Console, support: httpx.AsyncClient) -> None:
    fields = {"hidden": "yes", "version": "0", "lang": "en"}
    hidden = await support.post(f"{console.at}/help/no-sound/settings", data=fields)
    assert hidden.status_code == 303
    assert (await reader(console, f"{HELP}/no-sound")).status_code == 404
    page = await support.get(hidden.headers["location"])
    assert "Undo" in page.text
    fields = {"hidden": "no", "version": "1", "lang": "en"}
    await support.post(f"{console.at}/help/no-sound/settings", data=fields)
    assert (await reader(console, f"{HELP}/no-sound")).status_code == 200


async def test_an_own_article_begins_as_a_draft(
    console: Console, support: httpx.AsyncClient
) -> None:
    made = await submit(
        support, f"{console.at}/help/new", category="venue", lang="fr",
        title="Où se garer ?", answer_md="Derrière la salle.", phrasings="parking\nparking\n\n",
    )  # fmt: skip
    assert made.headers["location"] == f"{console.at}/help/ou-se-garer/fr"
    assert (await reader(console, f"{HELP}/ou-se-garer")).status_code == 404
    page = await support.get(made.headers["location"])
    assert "Derrière la salle." in page.text
    await publish(console, support, "ou-se-garer", "fr", title="Où se garer ?")
    assert (await reader(console, f"{HELP}/ou-se-garer")).status_code == 200


async def test_what_was_typed_survives_a_mistake(
    console: Console, support: httpx.AsyncClient
) -> None:
    page = await publish(console, support, "refund-request", "en", title="", answer_md="Kept text")
    assert page.status_code == 422
    assert "Kept text" in page.text
    assert "Fill this in." in page.text


async def test_the_preview_passes_the_sanitiser(
    console: Console, support: httpx.AsyncClient
) -> None:
    typed = {"title": "T", "answer_md": "**bold** <script>alert(1)</script> [x](javascript:1)"}
    part = await support.post(f"{console.at}/help/preview", data=typed)
    assert "<strong>bold</strong>" in part.text
    assert "<script" not in part.text
    assert 'href="javascript' not in part.text


async def test_those_who_only_scan_see_no_help_and_readers_change_nothing(console: Console) -> None:
    scanner = await console.sign_in(Role.SCANNER)
    assert (await scanner.get(f"{console.at}/help")).status_code == 403
    marketing = await console.sign_in(Role.MARKETING)
    assert (await marketing.get(f"{console.at}/help/no-sound/en")).status_code == 403


async def test_texts_are_counted_and_noted_as_read_until_they_change(
    console: Console, support: httpx.AsyncClient
) -> None:
    at = f"{console.at}/help/languages"
    assert (await support.get(at)).text.count('class="row-link"') == 29
    page = await support.get(f"{at}/fr")
    subject = re.search(r'value="(article:refund-request \w{16})"', page.text)
    pages = re.search(r'value="(pages \w{16})"', page.text)
    assert subject is not None and pages is not None  # noqa: PT018
    chosen = {"subject": [subject[1], pages[1]], "name": "Inès"}
    assert (await support.post(f"{at}/fr", data=chosen)).status_code == 303
    assert (await support.get(f"{at}/fr")).text.count("Inès") == 2
    await publish(console, support, "refund-request", "fr", title="Autre chose")
    assert (await support.get(f"{at}/fr")).text.count("Inès") == 1
    nameless = await support.post(f"{at}/fr", data={"subject": [pages[1]], "name": ""})
    assert nameless.status_code == 422


async def test_the_operator_notes_for_every_venue(
    console: Console, support: httpx.AsyncClient
) -> None:
    operator = await console.operator()
    at = f"/console/{INSTALLATION}/languages"
    assert (await operator.get(at)).status_code == 200
    page = await operator.get(f"{at}/ja")
    mails = re.search(r'value="(mails \w{16})"', page.text)
    assert mails is not None
    await operator.post(f"{at}/ja", data={"subject": mails[1], "name": "Aiko"})
    assert "Aiko" in (await support.get(f"{console.at}/help/languages/ja")).text
