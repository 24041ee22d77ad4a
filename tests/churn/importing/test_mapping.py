"""Mappings: the shipped ones can be read, and a wrong one says what is wrong in it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from churn.importing.choices import CHOICES, NEEDED
from churn.importing.lines import Lines
from churn.importing.mapping import load, parse, ready
from infra.kernel.errors import Invalid
from infra.kernel.facts import BY_NAME

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SAMPLES = Path(__file__).parent / "samples"
GOOD = """
name = "x"
[[facts]]
table = "visits"
id = ["id"]
person = "who"
[facts.columns]
event_at = "at"
"""


def test_every_shipped_mapping_has_a_sample_and_says_where_its_columns_are_from() -> None:
    assert {sample.stem for sample in SAMPLES.glob("*.csv")} == set(ready())
    for name in ready():
        mapping = load(name)
        assert mapping.source, name
        assert mapping.read, name


@pytest.mark.parametrize("name", ready())
def test_a_shipped_mapping_takes_every_line_of_its_sample(name: str) -> None:
    mapping = load(name)
    with (SAMPLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    lines = Lines(mapping, header, NOW)
    taken = [fact for row in rows for fact in lines.read(row)]
    assert {fact.table for fact in taken} == {facts.table for facts in mapping.facts}
    assert all(fact.row["known_at"] <= NOW for fact in taken)


def test_choices_and_needs_are_those_that_the_facts_describe() -> None:
    for (table, column), words in CHOICES.items():
        (found,) = [one for one in BY_NAME[table].columns if one.name == column]
        assert all(f"`{word}`" in found.meaning for word in words), (table, column)
    for table, needed in NEEDED.items():
        assert needed <= set(BY_NAME[table].names), table
    assert set(NEEDED) == set(BY_NAME)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('table = "visits"', 'table = "visitors"'), "no table visitors"),
        (('event_at = "at"', 'page = "p"'), "event_at is needed"),
        (('event_at = "at"', 'event_at = "at"\npages = "p"'), "no column pages"),
        (('event_at = "at"', 'event_at = "at"\nperson = "p"'), "no column person"),
        (('event_at = "at"', 'event_at = "at"\ndevice = "=fridge"'), "fridge is none of"),
        (('event_at = "at"', 'event_at = { column = "at", time_zone = "Mars" }'), "no time zone"),
        (('person = "who"', ""), "say who"),
        (('name = "x"', 'name = "a b"'), "name"),
        (('id = ["id"]', "id = []"), "id names"),
        (('id = ["id"]', 'id = ["id"]\ncolour = "red"'), "colour"),
        (('name = "x"', "name = x"), "can't be read"),
        (('name = "x"', 'name = "x"\n[file]\ndecimal = ";"'), "decimal"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(change: tuple[str, str], words: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(GOOD.replace(*change))
    assert words in refused.value.detail


def test_money_says_what_it_is_written_in() -> None:
    text = GOOD.replace("visits", "payments").replace(
        'event_at = "at"',
        'event_at = "at"\noutcome = "=captured"\ncurrency = "=EUR"\namount_minor = "a"',
    )
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert 'money = "units"' in refused.value.detail


def test_a_column_that_the_file_lacks_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        Lines(parse(GOOD), ["id", "at"], NOW)
    assert "the column who" in refused.value.detail
    with pytest.raises(Invalid):
        load("nobody-has-this")
