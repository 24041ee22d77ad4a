"""Which two languages a question is most likely written in: py3langid and the interface's own."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

from support_bot.languages import canonical

INTERFACE_ODDS = 8.0
"""How much likelier the interface's language is than another, before a word was read."""

READ_MAX = 400
"""Characters that are enough to tell a language."""


class LanguageIdentifier:
    """Loads py3langid's model (about a second) when it is asked for the first time."""

    @cached_property
    def _model(self) -> Any:
        from py3langid.langid import MODEL_FILE
        from py3langid.langid import LanguageIdentifier as Model

        return Model.from_model_file(MODEL_FILE, norm_probs=True)

    def likeliest(
        self, folded: str, interface: str, known: Collection[str]
    ) -> list[tuple[str, float]]:
        """Up to two of the known languages, the likeliest first, with probabilities that sum to 1.

        `interface` is the reader's chosen language, "" if there is none; with one known language or
        none there is nothing to tell.
        """
        interface = canonical(interface)
        if not known:
            return []
        if len(known) == 1:
            return [(next(iter(known)), 1.0)]
        odds: dict[str, float] = {}
        for code, share in self._model.rank(folded[:READ_MAX]):
            code = canonical(code)
            if code in known:
                odds[code] = max(odds.get(code, 0.0), float(share))
        for code in known:
            odds.setdefault(code, 1e-6)  # a language that py3langid does not know
        if interface in odds:
            odds[interface] *= INTERFACE_ODDS
        best = sorted(odds.items(), key=lambda pair: (-pair[1], pair[0]))[:2]
        total = sum(share for _, share in best) or 1.0
        return [(code, share / total) for code, share in best]
