"""Every number of the simulated audience. Published ones name their source, the rest are beliefs.

Rates are a day unless a name says otherwise; "log" terms are added to the log of a daily rate.
docs/simulator.md explains them and shows which published figures come out.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec


class Status(IntEnum):
    """Where a person stands with the venue."""

    NOT_YET = -1
    NONE = 0
    FREE = 1
    TRIAL = 2
    PAID = 3
    ASKED = 4  # pays until the period ends, then is gone
    OWING = 5  # a renewal was declined and is tried again


# People ---------------------------------------------------------------------------------------
LAUNCH_SHARE = 0.22  # the hall's own public, invited when streaming begins
LAUNCH_DAYS = 30.0
BEGIN_AS = {"buyer": 0.28, "free": 0.24, "trial": 0.48}
COUNTRIES = {"FR": 0.79, "BE": 0.08, "CH": 0.05, "CA": 0.04, "DE": 0.04}
LANGUAGE = {"FR": "fr", "BE": "fr", "CH": "fr", "CA": "fr", "DE": "de"}
CITIES = {
    "FR": ("Paris", "Montreuil", "Lyon", "Nantes", "Lille", "Marseille"),
    "BE": ("Bruxelles", "Liège"),
    "CH": ("Genève", "Lausanne"),
    "CA": ("Montréal", "Québec"),
    "DE": ("Berlin", "Köln"),
}
SOURCES = {"search": 0.27, "social": 0.29, "partner": 0.12, "mail": 0.14, "direct": 0.18}
SOURCE_INTEREST = {"search": 0.0, "social": -0.3, "partner": 0.1, "mail": 0.3, "direct": 0.2}
CONSENT_SHARE = 0.64
APPLE_MAIL_SHARE = 0.52  # 52.7 % of opens came through Apple's privacy relay: Litmus, July 2022
METHODS = {"card": 0.80, "sepa_debit": 0.12, "paypal": 0.08}
CARD_LIFE_DAYS = 1095  # three to five years between issue and expiry; three left at most here
DEVICES = {"web": 0.45, "phone": 0.24, "tv": 0.31}
OTHER_DEVICE_SHARE = 0.18

# Interest: a person's own level, a slow wander, and fading before leaving ---------------------
INTEREST_SD = 0.8
WANDER_KEEPS, WANDER_SD = 0.985, 0.12  # a standing spread of 0.7 and a memory of two months
FADE_BEGINS, FADE_PER_DAY, FADE_MAX, FADE_ENDS = 0.0026, 0.05, 2.8, 0.008
FAVOURITE_NEAR = 0.35  # a favourite artist plays within two weeks, or did last week

# Concerts -------------------------------------------------------------------------------------
ARTISTS, GENRES = 36, 6
CONCERT_WEEKDAYS = (1, 3, 4, 5)  # Tuesday, Thursday, Friday, Saturday
CONCERT_CHANCE = 0.55  # two a week from mid-September to mid-June
FESTIVAL_DAYS = 9  # every evening in early July
ANNOUNCED_DAYS = (35, 90)
BAD_NIGHT_SHARE = 0.045  # of concerts, the stream itself is bad

# Watching -------------------------------------------------------------------------------------
LIVE_LEVEL, LIVE_BY_INTEREST = -2.75, 1.1
REPLAY_RATE, REPLAY_BY_INTEREST = 0.04, 0.85
FREE_FACTOR = 0.18
GENRE_MATCH, ARTIST_MATCH = 0.7, 1.7
LIVE_MINUTES, REPLAY_MINUTES = 74.0, 38.0
FAILED_START = 0.009  # 2.6 % for all of video: Conviva, 2015; below 1 % is usual for one venue
FAILED_START_BAD_NIGHT = 0.11
REBUFFER_MEDIAN, REBUFFER_SPREAD = 0.0022, 1.1  # below 0.5 % is what broadcasters ask: Akamai, 2019
REBUFFER_BAD_NIGHT = 0.035
BAD_SESSION_SHARE = 0.02  # waiting more than this share of the time is a bad session
STARTUP_MS_MEDIAN = 1350.0
BAD_MEMORY = 0.955  # of a bad session, kept from day to day: half is gone after two weeks

# Contacts -------------------------------------------------------------------------------------
CASE_RATE, CASE_AFTER_BAD, CASE_AFTER_DECLINE = 0.0005, 0.10, 0.12
UNSATISFIED_SHARE, CASE_MEMORY = 0.24, 0.96
NEWS_EVERY_DAYS = 14
OPEN_SHARE, CLICK_OF_OPENED = 0.34, 0.11
UNSUBSCRIBE, COMPLAIN, BOUNCE = 0.0018, 0.0001, 0.003
VISIT_RATE = 0.045

# Money ----------------------------------------------------------------------------------------
LIST_MINOR = {1: 990, 2: 1490}  # basic and premium a month; a year costs ten months
YEAR_MONTHS_PAID = 10
RISE_MINOR = 100  # all list prices, in the February of the second year
RISE_FEELS_DAYS = 45
TRIAL_DAYS = 14
YEARLY_SHARE, PREMIUM_SHARE = 0.20, 0.30
DISCOUNT_SHARE, DISCOUNTS, DISCOUNT_MONTHS = 0.32, (0.3, 0.5), (3, 6)
TICKET_MINOR, ADMISSION_MINOR, VAT_BPS = 1200, 2200, 550
COUPON_SHARE, REFUND_SHARE = 0.05, 0.012

# Cards and declines: 1.4 % of subscribers a month are lost to payments (Recurly, 2019-2020), a
# fifth to two fifths of all losses; about half to two thirds of declined renewals are won back.
CARD_RENEWED = 0.42  # by the schemes' updater or the person, before it expires
EXPIRED_RECOVERS = 0.20  # a try, after the mail that asks for a new card
DECLINE_MEDIAN, DECLINE_SPREAD = 0.021, 0.9
DECLINE_RECOVERS = 0.34  # a try
RETRY_AFTER_DAYS = (3, 4, 7)  # days 3, 7 and 14

# Leaving by choice: log terms on a daily rate -------------------------------------------------
LEAVE_RATE = 0.00080
BY_INTEREST, BY_PRICE_SENSE = -0.85, 0.30
DISCOUNT_ENDED, DISCOUNT_ENDED_BY_SENSE, DISCOUNT_FEELS_DAYS = 0.55, 0.5, 35
PRICE_ROSE, PRICE_ROSE_BY_SENSE = 0.35, 0.4
BAD_SESSION, UNSATISFIED = 0.55, 0.65
NO_CONCERTS, FAVOURITE_AHEAD = 0.30, -0.40
EARLY, EARLY_DAYS = 0.30, 60
IDLE, IDLE_DAYS = 0.40, 30
BEFORE_RENEWAL, BEFORE_RENEWAL_DAYS = 0.85, 3
YEARLY_FAR, YEARLY_NEAR, YEARLY_NEAR_DAYS = -1.7, 1.0, 30
WITHDRAW_RATE = 0.004
TRIAL_LEVEL, TRIAL_BY_INTEREST = -0.30, 0.8  # 38.6 % convert in digital media: Recurly, 2021
REASONS = ("price", "content", "quality", "time", "other")

# Moving ---------------------------------------------------------------------------------------
UPGRADE_RATE, DOWNGRADE_RATE = 0.00035, 0.00012
FREE_TO_TRIAL, BUYER_TO_TRIAL = 0.0013, 0.0007
# 34 % of new subscriptions were of people who had left within a year: Antenna, 2024. A single
# hall has less to come back to.
COME_BACK_RATE, COME_BACK_AFTER_PAYMENT = 0.0008, 3.0

HORIZON_DAYS = 60
"""A person is kept who pays, and has not asked to leave, so many days after the coin fell."""


class Planted(msgspec.Struct, frozen=True):
    """One action of the two years with a known effect."""

    action_id: str
    act: str
    held_out: float
    cost_minor: int
    days: int
    meaning: str


ACTIONS = (
    Planted(
        "sim_free_weeks", "free_days", 0.15, 462, 75,
        "Two free weeks for who watched nothing for 21 days: it keeps, the more the price weighs.",
    ),
    Planted(
        "sim_coupon", "coupon", 0.15, 500, 60,
        "5 EUR off a ticket for who watched nothing for 21 days: taken gladly, it keeps nobody.",
    ),
    Planted(
        "sim_card_mail", "mail", 0.20, 1, 0,
        "A mail 30 days before the card expires: readers of mails put in a new card.",
    ),
    Planted(
        "sim_plan_advice", "webhook", 0.20, 1, 75,
        "The app proposes a cheaper plan to settled subscribers, which reminds them that they "
        "could leave. 10 % left after it, 6.4 % without: Ascarza, Iyengar and Schleicher, 2016.",
    ),
)  # fmt: skip
FREE_WEEKS, COUPON, CARD_MAIL, PLAN_ADVICE = range(4)
GROUPS = {COUPON: (0.0, 0.22), FREE_WEEKS: (0.22, 0.50), PLAN_ADVICE: (0.50, 1.0)}
"""Which of the three may reach a person, by a coin; the card mail may reach all. One action a
person, ever, so that no effect blurs another."""
FREE_WEEKS_DAYS = 14
ACT_WHEN_IDLE_DAYS = 21
FREE_WEEKS_LOG, FREE_WEEKS_BY_SENSE = -1.1, -0.6
CARD_MAIL_RENEWS = 0.75  # times the chance that the person reads mails
ADVICE_LOG, ADVICE_BY_INTEREST, ADVICE_AFTER_DAYS = 0.75, -0.40, 60
