"""State machines as tables: an enum, a mapping of allowed steps, and one `move`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, TypeVar

from infra.kernel.errors import BadTransition

S = TypeVar("S", bound=StrEnum)


class HasState(Protocol[S]):
    id: str
    state: S


def move(thing: HasState[S], to: S, transitions: Mapping[S, frozenset[S]]) -> None:
    """Set thing.state, or raise BadTransition with both names; the only place that assigns it."""
    if to not in transitions[thing.state]:
        raise BadTransition(
            f"{thing.id} is {thing.state.value}; it can't become {to.value}.",
            current=thing.state.value,
            target=to.value,
        )
    thing.state = to
