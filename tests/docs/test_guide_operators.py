"""The operators' guide knows every setting with its default, and every sentence for a person."""

from __future__ import annotations

import ast
import re

import msgspec

from infra.kernel.settings import Settings
from tests.docs.guide import DOCS, ROOT, table_of

GUIDE = "guide-operators.md"


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in table_of(GUIDE, "settings")}
    known = {
        f"PAYWALL_{field.name.upper()}": "" if field.default == "" else str(field.default).lower()
        for field in msgspec.structs.fields(Settings)
    }
    assert {name: value.lower() for name, value in told.items()} == known


def _pieces(value: ast.expr) -> list[str]:
    """The fixed parts of a sentence, f-string or not."""
    return [n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and n.value]


def _sentences() -> list[list[str]]:
    found = []
    for file in (ROOT / "paywall").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            value: ast.expr | None = None
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                value = node.value if node.targets[0].attr == "needs_person" else None
            elif isinstance(node, ast.keyword) and node.arg == "needs_person":
                value = node.value
            pieces = _pieces(value) if isinstance(value, ast.JoinedStr | ast.IfExp) else []
            if pieces:
                found.append(pieces)
    return found


def test_every_sentence_for_a_person_has_its_row() -> None:
    guide = re.sub(r"\s+", " ", (DOCS / GUIDE).read_text())
    sentences = _sentences()
    assert len(sentences) >= 6
    for pieces in sentences:
        first = str(pieces[0]).split(" of ")[0].strip()
        assert first in guide, f"no row begins with: {first}"
