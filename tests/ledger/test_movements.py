"""The books under random lives of a sale: always balanced, and nothing left after all went back."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.kernel.money import Money
from paywall.ledger.movements import (
    charge_sides,
    dispute_sides,
    dispute_won_sides,
    fee_sides,
    give_back_sides,
    shares,
)

SOURCE = "processor:1"
SHARES = ("tax", "platform", "venue")


class Books:
    """A sale's postings, as `OrderConsequences` makes them, summed by account."""

    def __init__(self, gross: int, tax: int, fee_bps: int, currency: str) -> None:
        self.currency = currency
        self.gross = Money(gross, currency)
        self.sale = shares(self.gross, Money(tax, currency), fee_bps)
        self.sums: Counter[str] = Counter()
        self.back: Counter[str] = Counter()  # what give-backs took from each share
        self.post(charge_sides(SOURCE, self.gross, Money(tax, currency), fee_bps))

    @property
    def gone(self) -> int:
        return sum(self.back[name] for name in SHARES)

    def post(self, sides: list[tuple[str, Money]]) -> None:
        assert sum(money.minor for _, money in sides) == 0
        assert all(money.currency == self.currency for _, money in sides)
        for account, money in sides:
            self.sums[account] += money.minor

    def give_back(self, minor: int, source: str = SOURCE) -> None:
        """Positive: back to the buyer; negative: that failed after all."""
        amount = Money(minor, self.currency)
        back = Money(self.gone + minor, self.currency)
        sides = give_back_sides(source, amount, self.sale, back, dict(self.back))
        self.post(sides)
        for account, money in sides:
            if account in SHARES:
                self.back[account] += money.minor


@st.composite
def sales(draw: st.DrawFn) -> Books:
    gross = draw(st.integers(1, 10**9))
    fee_bps = draw(st.integers(0, 3000))
    tax = draw(st.integers(0, gross * 3 // 10))
    return Books(gross, tax, fee_bps, draw(st.sampled_from(["EUR", "JPY", "KWD"])))


STEPS = st.lists(
    st.tuples(st.sampled_from(["refund", "fails", "dispute", "won", "lost"]), st.floats(0, 1)),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(sales(), STEPS, st.integers(0, 500))
def test_a_sale_balances_through_any_life_and_ends_at_zero_when_all_is_back(
    books: Books, steps: list[tuple[str, float]], fee: int
) -> None:
    if fee:
        books.post(fee_sides(SOURCE, Money(fee, books.currency)))
    refunds: list[int] = []
    held: list[int] = []
    for what, part in steps:
        left = books.gross.minor - books.gone - sum(held)
        some = max(1, round(left * part))
        if what == "refund" and left:
            books.give_back(some)
            refunds.append(some)
        elif what == "fails" and refunds:
            books.give_back(-refunds.pop(int(part * (len(refunds) - 1))))
        elif what == "dispute" and left:
            books.post(dispute_sides(SOURCE, Money(some, books.currency)))
            held.append(some)
        elif what == "won" and held:
            books.post(dispute_won_sides(SOURCE, Money(held.pop(), books.currency)))
        elif what == "lost" and held:
            minor = held.pop()
            books.give_back(minor, "disputed")
        assert sum(books.sums.values()) == 0
        assert books.sums["disputed"] == sum(held)
        for name in SHARES:  # no share gives back more than it got, or goes the other way
            assert 0 <= books.back[name] <= books.sale[name].minor, (name, steps)
    for minor in held:
        books.post(dispute_won_sides(SOURCE, Money(minor, books.currency)))
    rest = books.gross.minor - books.gone
    if rest:
        books.give_back(rest)
    assert [books.sums[name] for name in SHARES] == [0, 0, 0]
    assert books.sums[SOURCE] == -fee


@settings(max_examples=200, deadline=None)
@given(sales())
def test_the_shares_of_a_sale_are_the_sale(books: Books) -> None:
    assert sum(money.minor for money in books.sale.values()) == books.gross.minor
