"""Ready actions to start from, with words in English and French that a venue makes its own.

Their levels and delays are our proposals, not findings: the hold-out tells what they are worth.
"""

from __future__ import annotations

import msgspec

from churn.triggers.acts import LetterText


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A form that is filled in already."""

    key: str
    name: str
    """English; goes through the catalogues."""
    occasion: str
    kind: str
    texts: dict[str, LetterText] = {}
    service: bool = False
    delay_h: int = 0
    again_after_days: int | None = None
    subscribers: bool = False
    """Only people with a running subscription."""
    title: str = ""
    """Of a task."""


def _both(en: tuple[str, str], fr: tuple[str, str]) -> dict[str, LetterText]:
    return {"en": LetterText(*en), "fr": LetterText(*fr)}


READY: tuple[Ready, ...] = (
    Ready(
        key="card_expires",
        name="The card expires soon",
        occasion="card_expires",
        kind="mail",
        service=True,
        again_after_days=60,
        texts=_both(
            (
                "Your card for {venue} expires soon",
                "Hello {name},\n\nThe card that pays for {plan} expires soon. Give a new one "
                "before the next payment, and nothing is interrupted.",
            ),
            (
                "Votre carte pour {venue} expire bientôt",
                "Bonjour {name},\n\nLa carte qui règle {plan} expire bientôt. Indiquez-en une "
                "nouvelle avant le prochain paiement, et rien ne s’interrompt.",
            ),
        ),
    ),
    Ready(
        key="payment_failed",
        name="A payment failed",
        occasion="payment_failed",
        kind="mail",
        service=True,
        delay_h=24,
        again_after_days=30,
        texts=_both(
            (
                "Your payment to {venue} did not go through",
                "Hello {name},\n\nThe last payment for {plan} failed. Check your card; we try "
                "again by ourselves.",
            ),
            (
                "Votre paiement à {venue} n’a pas abouti",
                "Bonjour {name},\n\nLe dernier paiement de {plan} a échoué. Vérifiez votre "
                "carte ; nous réessaierons de nous-mêmes.",
            ),
        ),
    ),
    Ready(
        key="trial_ends",
        name="The trial ends in three days",
        occasion="trial_ends",
        kind="mail",
        service=True,
        texts=_both(
            (
                "Your trial at {venue} ends in a few days",
                "Hello {name},\n\nYour trial of {plan} ends in three days. After that it costs "
                "what you agreed to. If it isn’t for you, cancel before.",
            ),
            (
                "Votre essai chez {venue} se termine dans quelques jours",
                "Bonjour {name},\n\nVotre essai de {plan} se termine dans trois jours. Ensuite, "
                "il coûte le prix convenu. S’il ne vous convient pas, résiliez avant.",
            ),
        ),
    ),
    Ready(
        key="discount_ends",
        name="A discount ends soon",
        occasion="discount_ends",
        kind="mail",
        service=True,
        again_after_days=90,
        texts=_both(
            (
                "Your discount at {venue} ends soon",
                "Hello {name},\n\nThe discount on {plan} ends within two weeks. From then on "
                "the list price applies.",
            ),
            (
                "Votre remise chez {venue} se termine bientôt",
                "Bonjour {name},\n\nLa remise sur {plan} se termine dans deux semaines au plus. "
                "Le prix normal s’applique ensuite.",
            ),
        ),
    ),
    Ready(
        key="risk_rising",
        name="The risk of leaving is high and rising",
        occasion="risk_rising",
        kind="free_days",
        again_after_days=180,
        texts=_both(
            (
                "Two weeks on us, {name}",
                "Hello {name},\n\nEvery concert at {venue} is open to you until {until}. Nothing "
                "to do, nothing to pay.",
            ),
            (
                "Deux semaines offertes, {name}",
                "Bonjour {name},\n\nTous les concerts de {venue} vous sont ouverts jusqu’au "
                "{until}. Rien à faire, rien à payer.",
            ),
        ),
    ),
    Ready(
        key="silent",
        name="Watched nothing for three weeks",
        occasion="silent",
        kind="mail",
        again_after_days=60,
        texts=_both(
            (
                "What is on at {venue}",
                "Hello {name},\n\nIt has been a while. These evenings may be for you:\n\n* …",
            ),
            (
                "Ce qui se joue à {venue}",
                "Bonjour {name},\n\nCela fait un moment. Ces soirées sont peut-être pour "
                "vous :\n\n* …",
            ),
        ),
    ),
    Ready(
        key="bad_stream",
        name="A bad stream last night",
        occasion="bad_stream",
        kind="coupon",
        delay_h=12,
        again_after_days=30,
        texts=_both(
            (
                "Last night’s picture was not good enough",
                "Hello {name},\n\nYour stream kept stopping. We are sorry. The code {code} takes "
                "{off} off your next concert until {until}.",
            ),
            (
                "L’image d’hier soir n’était pas à la hauteur",
                "Bonjour {name},\n\nVotre diffusion s’est interrompue plusieurs fois. Nous en "
                "sommes désolés. Le code {code} vous donne {off} de remise sur votre prochain "
                "concert jusqu’au {until}.",
            ),
        ),
    ),
    Ready(
        key="first_concert",
        name="After the first concert",
        occasion="first_concert",
        kind="mail",
        delay_h=24,
        again_after_days=365,
        texts=_both(
            (
                "How was it?",
                "Hello {name},\n\nThank you for watching at {venue}. If you liked it, this one "
                "comes next:\n\n* …",
            ),
            (
                "Alors, ce concert ?",
                "Bonjour {name},\n\nMerci d’avoir été avec nous à {venue}. Si cela vous a plu, "
                "voici la suite :\n\n* …",
            ),
        ),
    ),
    Ready(
        key="call",
        name="Call those who bring most",
        occasion="risk_rising",
        kind="task",
        again_after_days=180,
        subscribers=True,
        title="Call and ask how they like it",
    ),
)
BY_KEY = {one.key: one for one in READY}
