"""Chance that can be repeated: the same seed draws the same, on every machine and in every process."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, TypeVar

T = TypeVar("T")

WORTH: Final = {"DKK": 1.0, "EUR": 7.5, "SEK": 0.65}
"""What a currency is worth in kroner, roughly."""


class Draw(Random):
    """The draws for one record, which its seed determines; nothing in here is a secret."""

    def chance(self, share: float) -> bool:
        """Whether something happens that happens in this share of the cases."""
        return self.random() < share

    def early(self, things: Sequence[T]) -> T:
        """One of the things; the number k is drawn about k times as rarely as the first."""
        return things[int((len(things) + 1) ** self.random()) - 1]

    def weighted(self, shares: Mapping[T, float]) -> T:
        """One of the things, each in its share of the cases; the last in what is left."""
        things, rest = list(shares), self.random()
        for thing in things:
            rest -= shares[thing]
            if rest < 0:
                return thing
        return things[-1]

    def any(self, things: Sequence[T]) -> T:
        """One of the things, each as often."""
        return things[int(self.random() * len(things))]

    def day(self, first: date, last: date) -> date:
        """A day from the first to the last."""
        return first + timedelta(days=self.randint(0, (last - first).days))

    def text(self, patterns: Sequence[str], words: Mapping[str, Sequence[str]], place: str) -> str:
        """One of the patterns, filled with words; it begins with a capital."""
        chosen = {name: self.any(all_) for name, all_ in words.items()}
        filled = self.any(patterns).format(place=place, **chosen)
        return filled[0].upper() + filled[1:]

    def money(self, median: float, currency: str) -> dict[str, Any]:
        """An amount around a median in kroner, log-normal; most are in whole thousands."""
        amount = min(self.lognormvariate(0, 1.3) * median / WORTH[currency], 1e9)
        whole = Decimal(1000 * max(1, round(amount / 1000)))
        return {"amount": whole if self.chance(0.7) else Decimal(round(100 * amount) + 1) / 100, "currency": currency}
