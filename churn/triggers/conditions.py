"""Who: nested conditions over what is known of a person, as data and as SQL. Pure.

Nothing known is never true: `compare` on a feature that is null fails, and `not` of it holds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from churn.feature_list import FEATURES, SCORES, Feature, FeatureKind
from churn.tables import PERSON_TODAY
from infra.kernel.bounds import Ask
from infra.kernel.errors import Invalid

NODES_MAX = 40
DEPTH_MAX = 5
KNOWN: dict[str, Feature] = {one.name: one for one in (*FEATURES, *SCORES)}
"""What a condition may ask about."""

Op = Literal["lt", "le", "gt", "ge", "eq", "ne"]
FeatureName = Annotated[
    str,
    Meta(
        max_length=40,
        description="What is known of a person: " + ", ".join(f"`{name}`" for name in KNOWN) + ".",
        examples=["days_since_watched"],
    ),
]
Word = Annotated[str, Meta(max_length=64)]


class Compare(Ask, frozen=True, tag="compare"):
    """A feature against a value: a number (shares 0 to 1, money in minor units) or a word."""

    feature: FeatureName
    op: Op
    value: float | Word


class OneOf(Ask, frozen=True, tag="one_of"):
    """A category is one of these words."""

    feature: FeatureName
    values: Annotated[list[Word], Meta(min_length=1, max_length=50)]


class IsKnown(Ask, frozen=True, tag="known"):
    """There is something to know, or (`yes` false) there is nothing."""

    feature: FeatureName
    yes: bool = True


class MoreThan(Ask, frozen=True, tag="more_than"):
    """One number is above another of the same person, such as risk above risk_before."""

    feature: FeatureName
    other: FeatureName


class All(Ask, frozen=True, tag="all"):
    """Every one of these; none at all is true of everybody."""

    of: Annotated[list[Condition], Meta(max_length=NODES_MAX)] = msgspec.field(default_factory=list)


class AnyOf(Ask, frozen=True, tag="any"):
    """At least one of these; none at all is true of nobody."""

    of: Annotated[list[Condition], Meta(max_length=NODES_MAX)] = msgspec.field(default_factory=list)


class Not(Ask, frozen=True, tag="not"):
    """The opposite."""

    of: Condition


Condition: TypeAlias = All | AnyOf | Not | Compare | OneOf | IsKnown | MoreThan

EVERYBODY = All()


def stored(condition: Condition) -> dict[str, Any]:
    """As JSON for a row."""
    plain: dict[str, Any] = msgspec.to_builtins(condition)
    return plain


def read(raw: dict[str, Any]) -> Condition:
    """The condition of a row. Whoever wrote it has passed `check`."""
    found: Condition = msgspec.convert(raw, Condition)
    return found


def check(condition: Condition) -> None:
    """Invalid (field `who`) where a name, a kind of value or a size is not right."""
    for seen, (depth, node) in enumerate(_walk(condition), start=1):
        if seen > NODES_MAX or depth > DEPTH_MAX:
            raise Invalid(
                "who", f"At most {NODES_MAX} conditions, nested {DEPTH_MAX} deep. Leave some out."
            )
        if isinstance(node, Compare):
            _check_compare(node)
        elif isinstance(node, OneOf):
            _of_kind(node.feature, words=True)
        elif isinstance(node, IsKnown):
            _feature(node.feature)
        elif isinstance(node, MoreThan):
            _of_kind(node.feature, words=False)
            _of_kind(node.other, words=False)


def _walk(condition: Condition, depth: int = 1) -> Iterator[tuple[int, Condition]]:
    yield depth, condition
    if depth > DEPTH_MAX:
        return
    if isinstance(condition, All | AnyOf):
        for part in condition.of:
            yield from _walk(part, depth + 1)
    elif isinstance(condition, Not):
        yield from _walk(condition.of, depth + 1)


def _feature(name: str) -> Feature:
    if name not in KNOWN:
        raise Invalid("who", f"{name[:40]} is no feature. See the list of features.")
    return KNOWN[name]


def _of_kind(name: str, *, words: bool) -> None:
    if (_feature(name).kind is FeatureKind.CATEGORY) != words:
        kind = "words" if words else "numbers"
        raise Invalid("who", f"{name} can't be compared with {kind}.")


def _check_compare(node: Compare) -> None:
    words = isinstance(node.value, str)
    _of_kind(node.feature, words=words)
    if isinstance(node.value, str):
        if node.op not in ("eq", "ne"):
            raise Invalid("who", f"{node.feature} is a word: it is the same or it is another.")
    elif not math.isfinite(node.value):
        raise Invalid("who", f"{node.feature}: give a number.")


Live = Mapping[str, ColumnElement[Any]]
"""Features that are asked for at the moment itself, instead of as the night knew them."""


def sql(condition: Condition, live: Live) -> ColumnElement[bool]:
    """The condition over `PERSON_TODAY`; never null, so that `not` turns it round exactly."""
    if isinstance(condition, All):
        return and_(true(), *(sql(part, live) for part in condition.of))
    if isinstance(condition, AnyOf):
        return or_(false(), *(sql(part, live) for part in condition.of))
    if isinstance(condition, Not):
        return not_(sql(condition.of, live))
    return func.coalesce(_leaf(condition, live), false())


def _leaf(node: Compare | OneOf | IsKnown | MoreThan, live: Live) -> ColumnElement[bool]:
    column = _column(node.feature, live)
    if isinstance(node, IsKnown):
        return column.is_not(None) if node.yes else column.is_(None)
    if isinstance(node, OneOf):
        return column.in_(node.values)
    if isinstance(node, MoreThan):
        return column > _column(node.other, live)
    compared: dict[str, ColumnElement[bool]] = {
        "lt": column < node.value,
        "le": column <= node.value,
        "gt": column > node.value,
        "ge": column >= node.value,
        "eq": column == node.value,
        "ne": column != node.value,
    }
    return compared[node.op]


def _column(feature: str, live: Live) -> ColumnElement[Any]:
    return live[feature] if feature in live else PERSON_TODAY.c[feature]
