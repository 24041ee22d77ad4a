"""Why a training was taken up or refused: a code and its numbers; pages and commands say it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """The numbers of each stand behind it, in the order in which they are kept."""

    HOLDS = "holds"
    NOTHING_NEW = "nothing_new"
    BACK = "back"
    NOT_PRECISE = "not_precise"  # the wanted precision
    ANSWERS_LESS = "answers_less"  # share answered directly, of the new one, of the old one
    LESS_ACCURATE = "less_accurate"  # accuracy of the old one, of the new one
    SETTLES_LESS = "settles_less"  # known questions; settled by the new one, by the old one
    FINDS_LESS = "finds_less"  # known questions; articles found by the new one, by the old one


class Why(msgspec.Struct, frozen=True):
    """Why a version is used or not; `by_hand`: it was refused for this, and a person wanted it."""

    reason: Reason
    numbers: tuple[float, ...] = ()
    by_hand: bool = False
