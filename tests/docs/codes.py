"""The codes that the program's text can give to a problem, found in its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.docs.guide import ROOT

PACKAGES = ("paywall", "offers", "entitlements", "churn/triggers", "support_bot", "infra/kernel")
"""What speaks over HTTP. Other refusals of churn and of the engine go to a command line only."""

NEVER_SENT = {"problem", "bad_knowledge", "bad_table", "bot_away"}
"""The base class's own; files that a command reads; what the page says in its own words."""

BESIDE_THE_DOMAIN = {"internal_error", "malformed", "method_not_allowed", "too_large"}
"""What paywall.http.problems makes of crashes and of the framework's refusals."""


def problem_codes() -> set[str]:
    """`code = "..."` of a Problem's class, and `code="..."` where one is raised."""
    found: set[str] = set()
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            if not {"cli", "node_modules", "engine"} & set(file.parts):
                found.update(_in(file))
    return (found - NEVER_SENT) | BESIDE_THE_DOMAIN


def _in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                target = _assigned(line)
                if target is not None:
                    yield target
        elif isinstance(node, ast.Call):
            yield from (_text(k.value) for k in node.keywords if k.arg == "code" and _text(k.value))


def _assigned(line: ast.stmt) -> str | None:
    if isinstance(line, ast.Assign):
        target, value = line.targets[0], line.value
    elif isinstance(line, ast.AnnAssign) and line.value is not None:
        target, value = line.target, line.value
    else:
        return None
    if isinstance(target, ast.Name) and target.id == "code":
        return _text(value) or None
    return None


def _text(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    return ""
