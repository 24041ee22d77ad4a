"""Renders every template with sample data into build/gallery, to be looked at without a backend.

`python -m paywall.pages.gallery [language]`; `tests/pages/shoot_gallery.py` photographs the result.
"""
# ruff: noqa: E501 - sentences of sample copy stay on one line

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace as Row
from typing import Any

from markupsafe import Markup

from paywall.pages import gallery_samples as sample
from paywall.pages.environment import make_environment
from paywall.pages.i18n import Catalogues, compile_catalogues

ROOT = Path(__file__).parent.parent.parent
STATIC_DIR = ROOT / "paywall" / "static"
Page = tuple[str, dict[str, Any]]


def pages() -> dict[str, Page]:
    """Page name -> (template, context)."""
    shell, form = sample.shell, sample.form
    events = [sample.event(index) for index in range(10)]
    return {
        "home": (
            "home.html",
            shell(
                venue=None, live=[events[0]], upcoming=events[1:], venues=_venues(), more_url="#"
            ),
        ),
        "home-empty": (
            "home.html",
            shell(venue=None, live=[], upcoming=[], venues=[], more_url=None),
        ),
        "venue": ("venue.html", shell(account=sample.ACCOUNT) | _store(events)),
        "event-on-sale": ("event.html", sample.event_page("on_sale")),
        "event-not-yet": ("event.html", sample.event_page("not_yet", index=1)),
        "event-live": ("event.html", sample.event_page("live")),
        "event-sold-out": ("event.html", sample.event_page("sold_out", index=3)),
        "event-replay": (
            "event.html",
            sample.event_page(
                "replay",
                index=5,
                offer=sample.offer(kind="replay", price=sample.euros(800), was=sample.euros(1200)),
            ),
        ),
        "event-over": (
            "event.html",
            sample.event_page("over", index=4, offer=None, other_offers=[]),
        ),
        "event-owned": (
            "event.html",
            sample.event_page("live", owned=True, account=sample.ACCOUNT),
        ),
        "event-refused": (
            "event.html",
            sample.event_page(
                "on_sale",
                index=6,
                refusal=Row(
                    reason="This concert isn’t available in Canada.",
                    action_text="See other concerts",
                    action_url="#",
                ),
            ),
        ),
        "event-long": (
            "event.html",
            sample.event_page("on_sale", index=8, offer=sample.offer(places_left=3)),
        ),
        "checkout": ("checkout.html", sample.checkout()),
        "checkout-errors": (
            "checkout.html",
            sample.checkout(
                form=form(
                    {"email": "ines@", "country": "FR", "coupon": "SOMMER"},
                    {
                        "email": "Write the address in full, like name@example.org.",
                        "coupon": "This code ended on 30 September.",
                        "terms": "Accept the terms of sale to go on.",
                    },
                ),
                coupon_applied=None,
            ),
        ),
        "payment": ("payment.html", sample.payment("element")),
        "payment-waiting": ("payment.html", sample.payment("waiting", slow=True)),
        "payment-declined": ("payment.html", sample.payment("declined")),
        "receipt": (
            "receipt.html",
            shell(
                order=sample.order(held_until=None),
                email=sample.ACCOUNT.email,
                account_offer=True,
                calendar_url="#",
                next_step=Row(
                    text="Doors open on Saturday at 20:30. Come back to this page or use the mail.",
                    action_text="See my ticket",
                    action_url="#",
                ),
            ),
        ),
        "tickets": (
            "tickets.html",
            shell(
                account=sample.ACCOUNT,
                venue=None,
                current=[
                    sample.ticket(0, "live"),
                    sample.ticket(1, "upcoming"),
                    sample.ticket(5, "replay"),
                ],
                past=[sample.ticket(4, "past"), sample.ticket(6, "refunded")],
                more_url=None,
            ),
        ),
        "tickets-empty": (
            "tickets.html",
            shell(account=sample.ACCOUNT, venue=None, current=[], past=[], more_url=None),
        ),
        "watch": (
            "watch.html",
            shell(
                account=sample.ACCOUNT,
                event=sample.event(0),
                kind="live",
                sessions_url="/v1/playback/sessions",
                until=None,
                help_url="#",
            ),
        ),
        "login": ("login.html", shell(venue=None, form=form(), next="/", mail_sent_to=None)),
        "login-mailed": (
            "login.html",
            shell(
                venue=None,
                form=form({"email": sample.ACCOUNT.email}),
                next="/",
                mail_sent_to=sample.ACCOUNT.email,
            ),
        ),
        "login-errors": (
            "login.html",
            shell(
                venue=None,
                form=form(
                    {"email": sample.ACCOUNT.email},
                    {"password": "Address and password don’t match."},
                ),
                next="/",
                mail_sent_to=None,
            ),
        ),
        "login-link": (
            "login_link.html",
            shell(
                venue=None,
                purpose="login",
                link=Row(state="ready", token="t", email=sample.ACCOUNT.email, next="/"),
            ),
        ),
        "login-link-used": (
            "login_link.html",
            shell(
                venue=None, purpose="login", link=Row(state="used", token="", email="", next="/")
            ),
        ),
        "forgot": ("forgot.html", shell(venue=None, form=form(), sent_to=None)),
        "register": ("register.html", shell(venue=None, form=form(), next="/")),
        "account": ("account.html", sample.account_page()),
        "error": (
            "error.html",
            shell(
                problem=Row(
                    status=403,
                    title="This page isn’t yours to open",
                    detail="The link belongs to another account. Log in with the address the mail was sent to.",
                    reference="req_7f2c91",
                    actions=[("Log in", "#"), ("Get help", "#")],
                )
            ),
        ),
        "mailbox": (
            "mailbox.html",
            shell(
                venue=None, mode="test", messages=[sample.message()] * 3, message=None, tz=sample.TZ
            ),
        ),
        "mailbox-message": (
            "mailbox.html",
            shell(venue=None, mode="test", messages=[], message=sample.message(), tz=sample.TZ),
        ),
        "components": (
            "components.html",
            shell(
                venue=None,
                sample=specimens(events),
                notices=[Row(kind="good", title="", text="Your profile is saved.")],
            ),
        ),
        **{
            f"mail-{name.replace('_', '-')}": (f"mail/{name}.html", sample.mail())
            for name in (
                "login_link",
                "confirm_registration",
                "already_registered",
                "account_changed",
                "receipt",
                "refund",
                "invitation",
                "webhook_disabled",
            )
        },
    }


def _venues() -> list[Row]:
    return [
        Row(name="La Verrière", city="Lyon", url="venue.html", next_text="Tonight"),
        Row(name="Kulturhaus Ost", city="Leipzig", url="#", next_text="4 October"),
        Row(name="Sala Tramontana", city="Girona", url="#", next_text="9 October"),
    ]


def _store(events: list[Row]) -> dict[str, Any]:
    about = Markup(
        "<p>A glass roof, 640 seats, and since 1987 the songs of people who mean them.</p>"
    )
    return {
        "store": Row(name="La Verrière", city="Lyon", about_html=about),
        "featured": events[0],
        "season": Row(title="Season 2026/27", text="October to March"),
        "events": events[1:4] + events[7:10],
        "replays": [events[4], sample.event(5, state="replay", owned=True)],
        "pass_offer": Row(
            title="All 14 concerts, one pass",
            text="Live and replay until 30 April, on one device at a time.",
            price=sample.euros(8900),
            url="#",
        ),
        "more_url": None,
    }


def specimens(events: list[Row]) -> Row:
    states = ("live", "upcoming", "replay", "past", "refunded")
    return Row(
        events=events[:7],
        tickets=[sample.ticket(index, state) for index, state in enumerate(states)],
        order=sample.order(),
        form=sample.form(
            {"email": "ines@", "country": "DE"}, {"email": "Write the address in full."}
        ),
        posters=[f"posters/wall-{index}.svg" for index in range(16)],
    )


def build(target: Path, language: str = "en") -> list[Path]:
    """Writes pages, plain-text mails, posters and assets; returns the pages."""
    compile_catalogues()
    catalogues = Catalogues()
    environment = make_environment(STATIC_DIR, catalogues)
    translator = catalogues.translator(language)
    shutil.rmtree(target, ignore_errors=True)
    (target / "posters").mkdir(parents=True)
    shutil.copytree(STATIC_DIR / "dist", target / "static" / "dist")
    for name, svg in sample.poster_files().items():
        (target / name).write_text(svg)
    written = []
    for name, (template, context) in pages().items():
        page = target / f"{name}.html"
        page.write_text(environment.get_template(template).render(context, locale=translator))
        written.append(page)
        if template.startswith("mail/"):
            twin = environment.get_template(template.replace(".html", ".txt"))
            page.with_suffix(".txt").write_text(twin.render(context, locale=translator))
    return written


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else "en"
    made = build(ROOT / "build" / "gallery", chosen)
    sys.stdout.write(f"{len(made)} pages in {ROOT / 'build' / 'gallery'}\n")
