"""Sentences that use cases say to staff, marked for translation: the domain itself speaks English.

A test holds each of them to the module that says it.
"""

from __future__ import annotations

from paywall.pages.console.nav import N_

SENTENCES = (
    # catalogue
    N_("The season must end after it starts: move ends_at later."),
    N_("The event must end after it starts: move ends_at later."),
    N_("One of the season's events starts before. Move starts_at."),
    N_("One of the season's events ends after. Move ends_at later."),
    N_("Somebody changed this season meanwhile. Read it again."),
    N_("Somebody changed this event meanwhile. Read it again."),
    N_("Somebody changed this stream meanwhile. Read it again."),
    N_("Somebody changed this recording meanwhile. Read it again."),
    N_("Somebody changed these settings meanwhile. Read them again."),
    N_("The season still has events. Move them out of it first."),
    N_("A cancelled event can't be changed. Make a new one."),
    N_("Only a draft can be deleted. Take it back to draft, or cancel it."),
    N_("There is no such season at this venue."),
    N_("Use an IANA time zone, such as Europe/Paris."),
    N_("This event has a stream. Change that one, or delete it first."),
    N_("This event has a recording. Change that one, or delete it first."),
    N_("It must lie after available_from: move it later."),
    N_("Name the folder with small letters, digits and hyphens: grande-salle."),
    N_("Give the playlist's whole https address."),
    N_("Give an https address of a playlist, on the usual port."),
    N_("Leave user names, passwords and # parts out of the address."),
    N_("The address must lead to an HLS playlist that ends in .m3u8."),
    N_("Give an https address of your terms."),
    N_("Give each site as https://app.example.org, with nothing after it."),
    # support
    N_("An answer is already on its way. Undo it, or wait a moment."),
    N_("The answer has left already; it can’t be taken back."),
    # offers and coupons
    N_("Publish the event."),
    N_("Publish an event of the season."),
    N_("Give the event a stream."),
    N_("Give the event a recording."),
    N_("The event was cancelled."),
    N_("Add a price."),
    N_("Say for how many seconds from the first play it opens."),
    N_("Say when the replay closes, whatever was played."),
    N_("It must lie after on_sale_from: move it later."),
    N_("It must lie after valid_from: move it later."),
    N_("Somebody changed this offer meanwhile. Read it again."),
    N_("An archived offer can't be changed. Make a new one."),
    N_("Somebody changed this coupon meanwhile. Read it again."),
    N_("Take off more than nothing."),
    N_("This event was cancelled. Choose another."),
    # help
    N_("Somebody changed this text meanwhile. Read it again."),
    N_("Somebody changed this article meanwhile. Read it again."),
    # people
    N_("The code is not right."),
    N_("The password is not right."),
    N_("This code was used already. Wait for the next one."),
    N_("Choose at least one scope."),
    N_("Give the key a name of 1 to 80 characters."),
    N_("Sign in with a passkey or an authenticator code to see money or people."),
    # webhooks
    N_("This is not an address a browser would take."),
    N_("Give a whole address that begins with https://."),
    N_("A live venue's webhooks go to https:// addresses only."),
    N_("The endpoint was changed meanwhile; load it again."),
    N_("The endpoint is disabled; enable it first."),
    # actions
    N_(
        "Only a mail about a running subscription is a service notice: an expiring card, a failed"
        " payment, the end of a trial or of a discount. Anything else needs consent."
    ),
    N_("Give either percent_bps or amount_off."),
    N_("Name languages by two letters, such as en and fr."),
    N_("Cost and budget are in one currency."),
    N_("Somebody changed this action meanwhile. Read it again."),
    N_("This action has ended. Make a new one."),
    N_("It has begun: what was measured so far would mean nothing. Make a new action."),
    N_("Give a time such as 21:00, or leave both empty."),
    N_("There is no such offer on sale at this venue."),
    N_("This season is over. Choose one that runs."),
    N_("There is no such event at this venue."),
    N_("This event is over, cancelled or not published yet."),
    N_("Add a webhook endpoint that hears action.due first."),
    # payment accounts
    N_("Somebody changed this payment account meanwhile. Read it again."),
    N_("The sandbox does not answer. Start it, then try again."),
    # going live
    N_(
        "People would come over http or to this machine alone. The operator sets"
        " PAYWALL_PUBLIC_URL to the installation's https address."
    ),
    N_(
        "Receipts and log-ins would not be mailed. The operator sets PAYWALL_SMTP_URL and"
        " PAYWALL_MAIL_FROM."
    ),
    N_(
        "Buyers must see who sells. Fill in the legal name, the address and the contact under"
        " Settings."
    ),
    N_(
        "No account takes real money. Add Stripe or Adyen with live keys under Payment"
        " accounts; the sandbox stays behind."
    ),
    N_(
        "No live account takes your own currency from your own country. Widen one under"
        " Payment accounts."
    ),
    N_(
        "The venue's clock runs ahead of the world's. End the tests: test orders are closed,"
        " and the clock comes back."
    ),
    N_("A webhook goes to an address that is not https. Change or remove it under Webhooks."),
    N_("The venue is live; the sandbox and test keys can't be used here."),
    # kinds of webhooks
    N_("An order's payment was captured and its grants were made."),
    N_("Nobody paid an order in time; its places are free again."),
    N_("Money went back to the buyer."),
    N_("The processor could not give the money back."),
    N_("A buyer's bank asks for the money of a payment back."),
    N_("A dispute was won or lost."),
    N_("A customer may watch something from now on."),
    N_("A right to watch ended for good: refunded, or a dispute was lost."),
    N_("An event became visible to viewers."),
    N_("An event will not take place."),
    N_("The last place of an offer was taken."),
)
