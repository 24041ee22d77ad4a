"""Our own sentences for use cases that speak to people: the catalogues behind the port Wording."""

from __future__ import annotations

from datetime import datetime

from infra.kernel.money import Money, exponent
from paywall.catalogue import prose
from paywall.pages.i18n import LANGUAGES, SOURCE_LANGUAGE, Catalogues, Translator


class CatalogueWording:
    """Implements support_bot.ports.Wording. An unknown language is answered in the source's."""

    def __init__(self) -> None:
        self._catalogues = Catalogues(exponent=exponent)

    def _in(self, lang: str) -> Translator:
        return self._catalogues.translator(lang if lang in LANGUAGES else SOURCE_LANGUAGE)

    def words(self, lang: str, message: str) -> str:
        return self._in(lang).gettext(message)

    def money(self, lang: str, amount: Money) -> str:
        return self._in(lang).money(amount)

    def moment(self, lang: str, at: datetime, zone: str) -> str:
        return self._in(lang).datetime(at, zone)

    def html(self, markdown: str) -> str:
        return prose.html(markdown)

    def language_name(self, code: str) -> str:
        return self._catalogues.translator(code).name if code in LANGUAGES else ""
