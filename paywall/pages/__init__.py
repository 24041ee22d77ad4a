"""The viewer's HTML pages, one file per noun. PAGES is sorted, one module a line."""

from paywall.pages import (
    account,
    checkout,
    components,
    event,
    home,
    login,
    mailbox,
    orders,
    posters_route,
    preferences,
    tickets,
    unsubscribe,
    venue,
    watch,
)

PAGES = [
    *[account.account, account.profile, account.password, account.consents],
    *[account.remove_passkey, account.end_session],
    *[checkout.show, checkout.requote, checkout.buy],
    *[components.components, components.sample_poster],
    *[event.event_page],
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
    *[unsubscribe.ask, unsubscribe.stop],
    *[venue.storefront_page, venue.theme, venue.terms, venue.imprint, venue.help_page],
    *[watch.watch],
]
