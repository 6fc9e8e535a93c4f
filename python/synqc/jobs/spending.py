"""Budgets in integers: what a call may cost at most is reserved before it, what it did cost is settled after it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Amount", "Meter", "Spending"]


@dataclass(frozen=True, slots=True)
class Amount:
    """Money and tokens.

    Args:
        usd_micros: Millionths of a US dollar.
        tokens: Tokens of language models.
    """

    usd_micros: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Meter:
    """One counted thing.

    Args:
        limit: What `reserved` and `spent` together may come to; None: anything.
        reserved: What calls under way may come to.
        spent: What has been settled.
    """

    limit: int | None = None
    reserved: int = 0
    spent: int = 0

    def allows(self, amount: int) -> bool:
        """Whether so much more may be reserved."""
        return self.limit is None or self.reserved + self.spent + amount <= self.limit

    def with_reserved(self, amount: int) -> Meter:
        """After a reservation."""
        return Meter(self.limit, self.reserved + amount, self.spent)

    def with_settled(self, reserved: int, spent: int) -> Meter:
        """After a call that had reserved so much and did cost so much, which may be more."""
        return Meter(self.limit, self.reserved - reserved, self.spent + spent)


@dataclass(frozen=True, slots=True)
class Spending:
    """A job's meters, which also count what its items and children spend.

    Examples:
        >>> meters = Spending(usd_micros=Meter(limit=100)).with_reserved(Amount(usd_micros=80))
        >>> meters.allows(Amount(usd_micros=30))
        False
        >>> meters.with_settled(Amount(usd_micros=80), Amount(usd_micros=50)).allows(Amount(usd_micros=30))
        True
    """

    usd_micros: Meter = Meter()
    tokens: Meter = Meter()

    def allows(self, amount: Amount) -> bool:
        """Whether so much more may be reserved."""
        return self.usd_micros.allows(amount.usd_micros) and self.tokens.allows(amount.tokens)

    def with_reserved(self, amount: Amount) -> Spending:
        """After a reservation."""
        return Spending(
            self.usd_micros.with_reserved(amount.usd_micros), self.tokens.with_reserved(amount.tokens)
        )  # fmt: skip

    def with_settled(self, reserved: Amount, spent: Amount) -> Spending:
        """After a call that had reserved so much and did cost so much."""
        return Spending(
            self.usd_micros.with_settled(reserved.usd_micros, spent.usd_micros),
            self.tokens.with_settled(reserved.tokens, spent.tokens),
        )
