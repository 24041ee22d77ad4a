"""The viewer's HTML pages, one file per noun. PAGES is sorted, one module a line."""

from paywall.pages import (
    account,
    checkout,
    components,
    event,
    help,
    home,
    login,
    mailbox,
    orders,
    posters_route,
    preferences,
    tickets,
    venue,
    watch,
)

PAGES = [
    *[account.account, account.profile, account.password, account.consents],
    *[account.remove_passkey, account.end_session],
    *[checkout.show, checkout.requote, checkout.buy],
    *[components.components, components.sample_poster],
    *[event.event_page],
    *[help.help_front, help.help_article, help.venue_help, help.venue_help_article, help.vote],
    *[home.home],
    *[login.login_page, login.login, login.mail_link, login.forgot_page, login.forgot],
    *[login.link_page, login.redeem, login.register_page, login.register],
    *[login.logout, login.logout_everywhere],
    *[mailbox.mailbox, mailbox.message, mailbox.html_part, mailbox.attachment],
    *[orders.payment, orders.payment_status, orders.retry, orders.receipt, orders.mail_link],
    *[orders.receipt_pdf],
    *[posters_route.poster],
    *[preferences.choose],
    *[tickets.tickets],
    *[venue.storefront_page, venue.theme, venue.terms, venue.imprint],
    *[watch.watch],
]
