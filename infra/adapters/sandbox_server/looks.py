"""Words, markup and style of the sandbox's pages: dark, phone first, without script."""

from __future__ import annotations

WORDS = {
    "en": {
        "test": "Sandbox: no real money moves",
        "pay": "Pay",
        "save": "Save this card",
        "to": "to",
        "agree": "lets {merchant} charge this card later. Nothing is charged now.",
        "number": "Card number",
        "expiry": "Expiry (MM/YY)",
        "cvc": "Security code",
        "cards": "Test cards",
        "card": "Number",
        "outcome": "What happens",
        "any": "Any date to come and any three digits will do.",
        "bad_number": "Check the card number: a digit is missing or wrong.",
        "real_number": "This is not a test card. Use one from the list below.",
        "bad_expiry": "Write the month and the year, such as 12/34.",
        "past_expiry": "This date is over. Use a date in the future.",
        "bad_cvc": "The security code has three or four digits.",
        "bank": "Your bank asks",
        "confirm": "Is this payment yours?",
        "approve": "Approve the payment",
        "refuse": "Refuse",
    },
    "fr": {
        "test": "Bac à sable : aucun argent ne bouge",
        "pay": "Payer",
        "save": "Enregistrer cette carte",
        "to": "à",
        "agree": "permet à {merchant} de débiter cette carte plus tard. Rien n’est débité maintenant.",  # noqa: E501
        "number": "Numéro de carte",
        "expiry": "Expiration (MM/AA)",
        "cvc": "Code de sécurité",
        "cards": "Cartes de test",
        "card": "Numéro",
        "outcome": "Ce qui se passe",
        "any": "Toute date à venir et trois chiffres quelconques conviennent.",
        "bad_number": "Vérifiez le numéro de carte : un chiffre manque ou est faux.",
        "real_number": "Ce n’est pas une carte de test. Prenez-en une de la liste ci-dessous.",
        "bad_expiry": "Écrivez le mois et l’année, par exemple 12/34.",
        "past_expiry": "Cette date est passée. Donnez une date à venir.",
        "bad_cvc": "Le code de sécurité a trois ou quatre chiffres.",
        "bank": "Votre banque demande",
        "confirm": "Ce paiement est-il le vôtre ?",
        "approve": "Accepter le paiement",
        "refuse": "Refuser",
    },
}

_FRAME = """\
<!doctype html>
<html lang="{{ lang }}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{% block title %}{% endblock %}</title>
<link rel="stylesheet" href="/assets/sandbox.css">
</head>
<body>
<p class="banner">{{ words.test }}</p>
<main>
{% block main %}{% endblock %}
</main>
</body>
</html>
"""

_CARD = """\
{% extends "frame.html" %}
{% macro field(name, label, autocomplete, value, length) %}
<div class="field">
<label for="{{ name }}">{{ label }}</label>
<input id="{{ name }}" name="{{ name }}" autocomplete="{{ autocomplete }}" inputmode="numeric"
 required maxlength="{{ length }}" value="{{ value }}"
{% if name in wrong %} aria-invalid="true" aria-describedby="{{ name }}-error"{% endif %}>
{% if name in wrong %}
<p class="error" id="{{ name }}-error">{{ wrong[name] }}</p>
{% endif %}
</div>
{% endmacro %}
{% set action = words.save if mandate else words.pay ~ " " ~ amount %}
{% block title %}{{ action }}, {{ merchant }}{% endblock %}
{% block main %}
{% if mandate %}
<h1>{{ words.save }}</h1>
<p>{{ words.save }} {{ words.agree.format(merchant=merchant) }}</p>
{% else %}
<h1>
<span class="amount">{{ amount }}</span> <span class="to">{{ words.to }} {{ merchant }}</span>
</h1>
<p>{{ description }}</p>
{% endif %}
<form method="post" novalidate>
{{ field("number", words.number, "cc-number", form.number, 23) }}
<div class="pair">
{{ field("expiry", words.expiry, "cc-exp", form.expiry, 9) }}
{{ field("cvc", words.cvc, "cc-csc", "", 4) }}
</div>
<button type="submit">{{ action }}</button>
</form>
<section aria-labelledby="cards">
<h2 id="cards">{{ words.cards }}</h2>
<table>
<thead>
<tr><th scope="col">{{ words.card }}</th><th scope="col">{{ words.outcome }}</th></tr>
</thead>
<tbody>
{% for card in cards %}
<tr><td class="number">{{ spaced(card.number) }}</td>
<td>{{ card.french if lang == "fr" else card.english }}</td></tr>
{% endfor %}
</tbody>
</table>
<p class="note">{{ words.any }}</p>
</section>
{% endblock %}
"""

_CHALLENGE = """\
{% extends "frame.html" %}
{% block title %}3-D Secure, {{ merchant }}{% endblock %}
{% block main %}
<p class="to">{{ words.bank }}</p>
<h1>{{ words.confirm }}</h1>
<p><span class="amount">{{ amount }}</span> {{ words.to }} {{ merchant }}</p>
<p>{{ method }}</p>
<form method="post">
<button type="submit" name="answer" value="approve">{{ words.approve }}</button>
<button type="submit" name="answer" value="refuse" class="quiet">{{ words.refuse }}</button>
</form>
{% endblock %}
"""

TEMPLATES = {"frame.html": _FRAME, "card.html": _CARD, "challenge.html": _CHALLENGE}

CSS = """\
:root { color-scheme: dark; --ground: #14110f; --raised: #211c19; --line: #80746a;
  --text: #f4efe9; --soft: #c3b8ad; --accent: #ffb454; --on-accent: #241400; --error: #ff9d8a; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; }
.banner { margin: 0; padding: 8px 16px; background: var(--raised); color: var(--soft);
  text-align: center; font-size: .875rem; }
main { max-inline-size: 480px; margin-inline: auto; padding: 24px 16px 48px; }
h1 { font-size: 1.5625rem; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 1rem; margin: 40px 0 8px; }
.amount { font-size: 1.953rem; font-variant-numeric: tabular-nums; }
.to, .note { color: var(--soft); font-weight: 400; font-size: 1rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; align-items: start; }
.field { margin-block-start: 16px; }
label { display: block; margin-block-end: 4px; color: var(--soft); }
input { inline-size: 100%; min-block-size: 48px; padding: 8px 12px; border: 1px solid var(--line);
  border-radius: 8px; background: var(--raised); color: var(--text); font: inherit;
  font-variant-numeric: tabular-nums; }
input[aria-invalid] { border-color: var(--error); }
.error { margin: 4px 0 0; color: var(--error); }
button { inline-size: 100%; min-block-size: 48px; margin-block-start: 24px; border: 0;
  border-radius: 8px; background: var(--accent); color: var(--on-accent); font: inherit;
  font-weight: 600; cursor: pointer; }
button.quiet { margin-block-start: 12px; background: transparent; color: var(--text);
  border: 1px solid var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
table { inline-size: 100%; border-collapse: collapse; font-size: .875rem; }
th, td { text-align: start; padding: 8px 8px 8px 0; border-block-end: 1px solid var(--raised);
  vertical-align: top; }
th { color: var(--soft); font-weight: 400; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
"""
