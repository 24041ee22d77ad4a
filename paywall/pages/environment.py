"""The Jinja environment of pages and mails: strict, escaped, translated per request."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from paywall.pages.i18n import Catalogues, DateStyle, MoneyLike, Translator
from paywall.pages.paths import path as default_path

TEMPLATES_DIR = Path(__file__).parent / "templates"
STATIC_URL = "/static/dist"


def asset_url(static_dir: Path, static_url: str = STATIC_URL) -> Callable[[str], str]:
    """Plain name -> address of the built file. Before a build the plain name itself is given."""
    manifest_file = static_dir / "dist" / "manifest.json"
    manifest: dict[str, str] = {}
    if manifest_file.exists():
        manifest = json.loads(manifest_file.read_text())

    def asset(name: str) -> str:
        assert not manifest or name in manifest, f"{name} is not among the built assets"
        return f"{static_url}/{manifest.get(name, name)}"

    return asset


def _translator(context: Context) -> Translator:
    translator = context["locale"]
    assert isinstance(translator, Translator), "every page is rendered with locale=Translator"
    return translator


@pass_context
def _gettext(context: Context, message: str) -> str:
    return _translator(context).gettext(message)


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int) -> str:
    return _translator(context).ngettext(one, many, count)


@pass_context
def _pgettext(context: Context, about: str, message: str) -> str:
    return _translator(context).pgettext(about, message)


@pass_context
def _npgettext(context: Context, about: str, one: str, many: str, count: int) -> str:
    return _translator(context).npgettext(about, one, many, count)


@pass_context
def _money(context: Context, amount: MoneyLike) -> str:
    return _translator(context).money(amount)


@pass_context
def _date(
    context: Context, when: datetime | date, tz: str = "UTC", style: DateStyle = "long"
) -> str:
    return _translator(context).date(when, tz, style)


@pass_context
def _datetime(context: Context, when: datetime, tz: str = "UTC", style: DateStyle = "long") -> str:
    return _translator(context).datetime(when, tz, style)


@pass_context
def _time(context: Context, when: datetime, tz: str = "UTC") -> str:
    return _translator(context).time(when, tz)


@pass_context
def _number(context: Context, value: int | Decimal) -> str:
    return _translator(context).number(value)


def _json_block(value: Any) -> Markup:
    """JSON that is safe inside <script type="application/json">."""
    text = json.dumps(value, ensure_ascii=False)
    return Markup(  # noqa: S704 - no "<" or "&" is left in it
        text.replace("<", "\\u003c").replace("&", "\\u0026")
    )


def make_environment(
    static_dir: Path,
    catalogues: Catalogues,
    *,
    path: Callable[..., str] = default_path,
    extra_globals: Mapping[str, Any] | None = None,
) -> Environment:
    """Every render needs `locale` (a Translator); pages also the shell described in base.html."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_DIR),
        autoescape=lambda name: name is None or not name.endswith(".txt"),  # noqa: S701 - on for all but plain-text mails
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        _gettext, _ngettext, newstyle=True, pgettext=_pgettext, npgettext=_npgettext
    )
    environment.filters |= {
        "money": _money, "date": _date, "datetime": _datetime, "time": _time,
        "number": _number, "json_block": _json_block,
        "iso": lambda when: when.isoformat().replace("+00:00", "Z"),
    }  # fmt: skip
    environment.globals |= {
        "asset": asset_url(static_dir),
        "path": path,
        "languages": catalogues.languages(),
        **(extra_globals or {}),
    }
    return environment
