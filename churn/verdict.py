"""The sentence under an uplift training: target, treat all, leave it, or it did harm."""

from __future__ import annotations

from churn.qini import Interval


def verdict(qini: Interval, response: Interval, effect: Interval) -> tuple[str, str]:
    """A code and its sentence. `effect` counts in the better direction: above 0 it helped.

    Only intervals decide: a figure whose interval holds 0 is no finding.
    """
    found = f"qini {qini.value:.3f}, 95 % {qini.low:.3f} to {qini.high:.3f}"
    by_response = (
        "Ranking by response alone finds them no better than chance."
        if response.low <= 0
        else "Ranking by response alone finds some of them too."
    )
    if qini.low > 0:
        if effect.high < 0:
            return "target", (
                f"On the whole it did harm, yet not to everybody: treat only the highest ranks "
                f"({found}). {by_response}"
            )
        return "target", (
            f"Target: it moves some people more than others, and they can be told apart ({found}). "
            f"{by_response}"
        )
    if effect.high < 0:
        return (
            "harm",
            f"It did harm, and nobody can be told for whom it did not ({found}). Stop it.",
        )
    if effect.low > 0:
        return "no_gain_to_target", (
            f"No gain to target: it helps about alike all who can be told apart ({found}). "
            "Treat everybody for whom it pays, or nobody."
        )
    return "no_effect", (
        f"No gain to target and no effect to be seen in so many people ({found}). "
        "Too early to say, or it does nothing."
    )
