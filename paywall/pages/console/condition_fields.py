"""Nested conditions as flat fields of a form, and back: works with htmx, and without any script.

A node n has `c<n>.in` (its group's number), `c<n>.is` (a group's `all`, `any`, `none`; `test` for a
leaf) and a leaf's `c<n>.f`, `c<n>.op`, `c<n>.v`. Buttons named `do` add and remove nodes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import get_args

from churn.feature_list import FeatureKind
from churn.triggers.conditions import (
    DEPTH_MAX,
    KNOWN,
    NODES_MAX,
    All,
    AnyOf,
    Compare,
    Condition,
    IsKnown,
    MoreThan,
    Not,
    OneOf,
    Op,
)
from infra.kernel.errors import Invalid
from infra.kernel.money import exponent
from paywall.pages.console.nav import N_

_NUMBER = re.compile(r"c(\d{1,3})\.is")
_PLAIN_OPS = frozenset(get_args(Op))


@dataclass
class Node:
    """One group or one test, as the form shows it."""

    number: int
    mode: str = "test"
    feature: str = "risk"
    op: str = "gt"
    value: str = ""
    parts: list[Node] = field(default_factory=list)
    fresh: bool = False
    """Just added: the keyboard goes there."""

    @property
    def is_group(self) -> bool:
        return self.mode != "test"


def from_condition(condition: Condition, currency: str) -> Node:
    """The form's root: always a group."""
    root = _node(condition, currency)
    return _renumbered(root if root.is_group else Node(0, "all", parts=[root]))


def _node(condition: Condition, currency: str) -> Node:
    if isinstance(condition, All):
        return Node(0, "all", parts=[_node(part, currency) for part in condition.of])
    if isinstance(condition, AnyOf):
        return Node(0, "any", parts=[_node(part, currency) for part in condition.of])
    if isinstance(condition, Not):
        inner = condition.of
        parts = inner.of if isinstance(inner, AnyOf) else [inner]
        return Node(0, "none", parts=[_node(part, currency) for part in parts])
    return _leaf_node(condition, currency)


def _leaf_node(leaf: Compare | OneOf | IsKnown | MoreThan, currency: str) -> Node:
    if isinstance(leaf, OneOf):
        return Node(0, feature=leaf.feature, op="one_of", value=", ".join(leaf.values))
    if isinstance(leaf, IsKnown):
        return Node(0, feature=leaf.feature, op="known" if leaf.yes else "unknown")
    if isinstance(leaf, MoreThan):
        return Node(0, feature=leaf.feature, op="more_than", value=leaf.other)
    shown = _shown(leaf.feature, leaf.value, currency)
    return Node(0, feature=leaf.feature, op=leaf.op, value=shown)


def _renumbered(root: Node) -> Node:
    for number, node in enumerate(_all(root)):
        node.number = number
    return root


def _all(node: Node) -> list[Node]:
    return [node, *(below for part in node.parts for below in _all(part))]


def _shown(feature: str, value: float | str, currency: str) -> str:
    """A value as people type it: shares in per cent, money in whole units."""
    if isinstance(value, str):
        return value
    exact = Decimal(repr(float(value)))
    kind = KNOWN[feature].kind
    if kind is FeatureKind.SHARE:
        exact *= 100
    elif kind is FeatureKind.MONEY:
        exact = exact.scaleb(-exponent(currency))
    return f"{exact.normalize():f}"


def from_fields(fields: Mapping[str, str]) -> Node:
    """The tree that was posted; what hangs on nothing is left out."""
    numbers = sorted(int(found[1]) for name in fields if (found := _NUMBER.fullmatch(name)))
    nodes: dict[int, Node] = {}
    for number in numbers[: NODES_MAX * 2]:
        at = f"c{number}."
        mode = fields.get(at + "is", "test")
        nodes[number] = Node(
            number,
            mode if mode in ("all", "any", "none") else "test",
            fields.get(at + "f", "risk"),
            fields.get(at + "op", "gt"),
            fields.get(at + "v", "").strip()[:400],
        )
    root = nodes.get(0) or Node(0, "all")
    if not root.is_group:
        root = Node(0, "all")
    nodes[0] = root
    for number, node in nodes.items():
        above = fields.get(f"c{number}.in", "")
        # Only ever under a group with a smaller number: no circle can be made.
        if number and above.isdecimal() and int(above) < number and int(above) in nodes:
            group = nodes[int(above)]
            if group.is_group:
                group.parts.append(node)
    return root


def edited(root: Node, command: str) -> Node:
    """The tree after a button: `test:<n>`, `group:<n>` add under n, `drop:<n>` takes n out."""
    verb, _, target = command.partition(":")
    nodes = {node.number: node for node in _all(root)}
    if not target.isdecimal() or int(target) not in nodes:
        return root
    chosen = nodes[int(target)]
    if verb == "drop" and chosen is not root:
        for node in nodes.values():
            if chosen in node.parts:
                node.parts.remove(chosen)
                node.fresh = True
    elif verb in ("test", "group") and chosen.is_group and len(nodes) < NODES_MAX:
        made = Node(0, fresh=True)
        if verb == "group":
            made = Node(0, "any", parts=[Node(0, fresh=True)])
        chosen.parts.append(made)
    return _renumbered(root)


def to_condition(root: Node, currency: str, depth: int = 1) -> Condition:
    """The condition that the form says; Invalid (field `who`) names what can't be read."""
    if depth > DEPTH_MAX * 2:
        raise Invalid("who", N_("These conditions are nested too deep."))
    if not root.is_group:
        return _leaf(root, currency)
    parts = [to_condition(part, currency, depth + 1) for part in root.parts]
    if root.mode == "all":
        return All(parts)
    if root.mode == "any":
        return AnyOf(parts) if parts else All()
    return Not(AnyOf(parts)) if parts else All()


def _leaf(node: Node, currency: str) -> Condition:
    known = KNOWN.get(node.feature)
    if known is None:
        raise Invalid("who", N_("Choose what the condition asks about."))
    if node.op in ("known", "unknown"):
        return IsKnown(node.feature, node.op == "known")
    if node.op == "more_than":
        if node.value not in KNOWN:
            raise Invalid("who", N_("Name another figure, such as risk_before."))
        return MoreThan(node.feature, node.value)
    words = known.kind is FeatureKind.CATEGORY
    if not node.value:
        raise Invalid("who", N_("Fill in what each condition compares with."))
    if node.op == "one_of" or (words and "," in node.value):
        return OneOf(node.feature, [word.strip()[:64] for word in node.value.split(",")][:50])
    op = node.op if node.op in _PLAIN_OPS else "eq"
    if words:
        return Compare(node.feature, "ne" if op == "ne" else "eq", node.value[:64])
    return Compare(node.feature, op, _number(node.value, known.kind, currency))  # type: ignore[arg-type]


def _number(text: str, kind: FeatureKind, currency: str) -> float:
    if kind is FeatureKind.YES and text.lower() in ("yes", "oui"):
        return 1.0
    if kind is FeatureKind.YES and text.lower() in ("no", "non"):
        return 0.0
    plain = re.sub(r"[\s\u202f\u00a0%]", "", text).replace(",", ".").replace("−", "-")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Invalid("who", N_("Compare a figure with a number.")) from None
    if not value.is_finite() or abs(value) > 10**12:
        raise Invalid("who", N_("Compare a figure with a number."))
    if kind is FeatureKind.SHARE:
        value /= 100
    elif kind is FeatureKind.MONEY:
        value = value.scaleb(exponent(currency))
    return float(value)
