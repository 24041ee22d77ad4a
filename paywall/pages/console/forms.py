"""Forms of the console: one description of the fields, shown again with what was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Response

from infra.kernel.errors import Problem
from paywall.pages.console.desk import Desk
from paywall.pages.console.table import Link
from paywall.pages.console.typed import Typed
from paywall.pages.forms import Form as Shown


@dataclass(frozen=True)
class Input:
    """One field. `type`: text, textarea, select, check, checks, moment, number, color, password."""

    name: str
    label: str
    type: str = "text"
    hint: str = ""
    required: bool = False
    options: Sequence[tuple[str, str]] = ()
    attrs: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    """A heading that stands above this field and the ones after it."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """A page that is one form. `hidden` go along as they are; `draft` names the kept draft."""

    section: str
    title: str
    action: str
    submit: str
    inputs: Sequence[Input]
    values: Mapping[str, str | Sequence[str]]
    hidden: Mapping[str, str] = field(default_factory=dict)
    draft: str = ""
    lead: str = ""
    trail: Sequence[Link] = ()
    danger: bool = False


def show_form(
    desk: Desk,
    form: Form,
    typed: Typed | None = None,
    problem: Problem | None = None,
    *,
    template: str = "form.html",
    **context: Any,
) -> Response[str]:
    """The form; after a mistake with what was typed and the sentence beside its field."""
    values: dict[str, str | Sequence[str]] = dict(form.values)
    errors: dict[str, str] = {}
    hidden = dict(form.hidden)
    if typed is not None:
        checks = {one.name for one in form.inputs if one.type == "checks"}
        values = {
            one.name: typed.many(one.name) if one.name in checks else typed.values.get(one.name, "")
            for one in form.inputs
        }
        hidden |= {name: typed.values[name] for name in hidden if name in typed.values}
    if problem is not None:
        known = {one.name for one in form.inputs}
        place = problem.field if problem.field in known else form.inputs[0].name
        errors[place or form.inputs[0].name] = desk.words_for(problem)
    return desk.page(
        template,
        status=200 if problem is None else max(400, problem.status),
        section=form.section,
        form=Shown(values, errors),
        spec=form,
        hidden=hidden,
        **context,
    )
