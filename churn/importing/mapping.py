"""Mappings: which column of a CSV becomes which column of which facts. Read from TOML. Pure."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from churn.importing.choices import CHOICES, NEEDED
from infra.kernel.errors import Invalid
from infra.kernel.facts import BY_NAME, Kind, Table

PACKAGE = "churn.importing"
FOLDER = "ready"
OURS = frozenset({"fact_id", "origin", "person"})
"""Columns that the import itself fills."""
CONSTANT = "="


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value comes from, and what is done with it.

    In short: `"Plan"` is the column Plan, `"=paid"` is always paid.
    """

    column: str = ""
    value: str = ""
    """A constant, where no column is named."""
    values: dict[str, str] = {}
    """What a cell says -> what it means. Upper and lower case are alike."""
    otherwise: str | None = None
    """What all other cells mean; missing: a cell that `values` lacks is not taken."""
    money: str = ""
    """`units` (12.50) or `minor` (1250): what the amount is written in."""
    times: float = 1.0
    """Minutes to seconds: 60."""
    negative: str = ""
    """`flip`: an amount below zero is meant as the same above it, as some exports write refunds."""
    dates: list[str] = []
    time_zone: str = ""


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only lines where the column is filled, or says one of these, or none of those."""

    column: str
    filled: bool | None = None
    is_: list[str] = msgspec.field(default=[], name="is")
    is_not: list[str] = []


class FactsOfLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one line says: a fact of a table, where its conditions hold."""

    table: str
    id: list[str]
    """Columns and constants that together name the fact for ever, such as `["Id", "=started"]`."""
    columns: dict[str, str | Cell]
    person: str = ""
    """The column that says who: the other system's id of the person."""
    email: str = ""
    """The column with their mail address, to find the customer who is here already."""
    when: list[When] = []


class FileForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the file is written."""

    delimiter: str = ""
    """Empty: the one of `, ; tab |` that the first line has most of."""
    encoding: str = "utf-8-sig"
    decimal: str = "."
    time_zone: str = "UTC"
    dates: list[str] = msgspec.field(default_factory=lambda: ["iso"])
    """Tried in turn: `iso`, `unix`, `unix_ms`, or a form such as `%d/%m/%Y %H:%M`."""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping. `name` becomes the facts' `origin` and part of their ids."""

    name: str
    facts: list[FactsOfLine]
    about: str = ""
    source: str = ""
    read: str = ""
    """Where the file's columns are described, and when that was read."""
    file: FileForm = FileForm()


def ready() -> list[str]:
    """The names of the mappings that are shipped."""
    folder = resources.files(PACKAGE) / FOLDER
    return sorted(
        f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")
    )


def load(name_or_path: str) -> Mapping:
    """A mapping from a file, or a shipped one by its name; Invalid says what is wrong in it."""
    if name_or_path in ready():
        text = (resources.files(PACKAGE) / FOLDER / f"{name_or_path}.toml").read_text("utf-8")
    elif Path(name_or_path).is_file():
        text = Path(name_or_path).read_text("utf-8")
    else:
        raise Invalid(
            "mapping",
            f"There is no file {name_or_path}, and no ready mapping of that name: "
            f"{', '.join(ready())}.",
        )
    return parse(text)


def parse(text: str) -> Mapping:
    """A mapping from TOML, checked against the tables of facts; or Invalid."""
    try:
        mapping = msgspec.convert(tomllib.loads(text), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Invalid("mapping", f"The mapping can't be read: {error}") from error
    if not mapping.name.replace("-", "").replace("_", "").isalnum() or len(mapping.name) > 40:
        raise Invalid("mapping", "name: up to 40 letters, digits, - and _.")
    if not mapping.facts:
        raise Invalid("mapping", "It has no [[facts]]: nothing would be taken.")
    _check_file(mapping.file)
    for facts in mapping.facts:
        _check_facts(facts)
    return mapping


def cell_of(given: str | Cell) -> Cell:
    """The long form of a cell."""
    if isinstance(given, Cell):
        return given
    if given.startswith(CONSTANT):
        return Cell(value=given.removeprefix(CONSTANT))
    return Cell(column=given)


def _check_file(form: FileForm) -> None:
    if form.decimal not in {".", ","}:
        raise Invalid("mapping", 'file.decimal: "." or ",".')
    if len(form.delimiter) > 1:
        raise Invalid("mapping", "file.delimiter: one character.")
    _check_zone(form.time_zone)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid("mapping", f"There is no time zone {name}; use Europe/Paris.") from error


def _check_facts(facts: FactsOfLine) -> None:
    table = BY_NAME.get(facts.table)
    if table is None:
        raise Invalid("mapping", f"There is no table {facts.table}: {', '.join(sorted(BY_NAME))}.")
    where = f"facts of {facts.table}"
    known = set(table.names) - OURS
    if unknown := sorted(set(facts.columns) - known):
        raise Invalid("mapping", f"{where}: no column {unknown[0]}. It has {_words(known)}.")
    needed = (NEEDED[facts.table] | {"event_at"}) - {"person"}
    if missing := sorted(needed - set(facts.columns)):
        raise Invalid("mapping", f"{where}: {missing[0]} is needed.")
    if "person" in table.names and not facts.person and not facts.email:
        raise Invalid("mapping", f"{where}: say who: person = or email = with a column.")
    if not facts.id:
        raise Invalid("mapping", f"{where}: id names the columns that name the fact.")
    for name, given in facts.columns.items():
        _check_cell(f"{where}: {name}", table, name, cell_of(given))


def _check_cell(where: str, table: Table, name: str, cell: Cell) -> None:
    if not cell.column and not cell.value:
        raise Invalid("mapping", f"{where}: name a column, or a value.")
    column = next(column for column in table.columns if column.name == name)
    if name.endswith("_minor"):
        if cell.money not in {"units", "minor"}:
            raise Invalid("mapping", f'{where}: say money = "units" (12.50) or "minor" (1250).')
        if cell.money == "units" and "currency" in table.names:
            return
    elif cell.money:
        raise Invalid("mapping", f"{where}: it is no amount of money.")
    if cell.negative not in {"", "flip"}:
        raise Invalid("mapping", f'{where}: negative = "flip", or leave it out.')
    if cell.time_zone:
        _check_zone(cell.time_zone)
    choices = CHOICES.get((table.name, name))
    meant = [*cell.values.values(), cell.otherwise or "", cell.value]
    wrong = [word for word in meant if choices and word and word not in choices]
    if choices and wrong and column.kind is Kind.TEXT:
        raise Invalid("mapping", f"{where}: {wrong[0]} is none of {_words(choices)}.")


def _words(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))
