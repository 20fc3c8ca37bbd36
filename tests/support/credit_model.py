"""
One customer's store credit told by moving every single unit of it by itself.

It shares nothing with the program: amounts are whole units, and each is an object.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

#: What something is, e.g. ``("issue", 3)`` or ``("native", 12)``.
Name = tuple[str, int]

_NEVER = 10**18


@dataclass(eq=False)
class Bucket:
    """
    Attributes:
        until: From when on it cannot be spent.
        paid: The customer paid for it.
        number: Before which others it came.
    """

    name: Name
    until: int
    paid: bool
    number: int


@dataclass(eq=False)
class Coin:
    """
    Attributes:
        by: What spent it; None: nothing did.
    """

    bucket: Bucket
    where: Literal["here", "spent", "expired", "gone"] = "here"
    by: Name | None = None


@dataclass
class Purse:
    """
    Attributes:
        owed: A name for each unit that something took and that was not there.
        fortnight: Until when something is good that comes back too late, by now.
    """

    coins: list[Coin] = field(default_factory=list)
    buckets: dict[Name, Bucket] = field(default_factory=dict)
    owed: list[Name] = field(default_factory=list)
    ages: dict[Name, int] = field(default_factory=dict)
    made: int = 0

    @property
    def available(self) -> int:
        return sum(coin.where == "here" for coin in self.coins) - len(self.owed)

    def left(self) -> dict[Name, int]:
        """What is in each bucket that has something."""
        found: dict[Name, int] = {}
        for coin in self.coins:
            if coin.where == "here":
                found[coin.bucket.name] = found.get(coin.bucket.name, 0) + 1
        return found

    def give(
        self, name: Name, units: int, now: int, until: int | None = None, *, paid: bool = False
    ) -> None:
        self._age(name)
        self.made += 1
        bucket = Bucket(name, _NEVER if until is None else until, paid, self.made)
        self.buckets[name] = bucket
        self.coins += [Coin(bucket) for _ in range(units)]
        self._pay(now)

    def take(self, name: Name, units: int) -> None:
        """The store let it be spent: also of what should have expired, which nobody had seen."""
        self._age(name)
        self._spend(name, units, sorted(self._here(), key=_soonest))

    def take_back(self, name: Name, now: int, fortnight: int) -> None:
        """What *name* took comes back."""
        self.owed = [other for other in self.owed if other != name]
        for coin in self.coins:
            if coin.where == "spent" and coin.by == name:
                coin.where, coin.by = "here", None
                if coin.bucket.until <= now:
                    coin.bucket.until = fortnight
        self._pay(now)

    def revoke(self, name: Name, *, newest: bool) -> None:
        """What *name* gave is taken away; of what was spent of it, others are."""
        theirs = [coin for coin in self.coins if coin.bucket.name == name]
        missing = sum(coin.where == "spent" for coin in theirs)
        for coin in theirs:
            if coin.where in ("here", "expired"):
                coin.where = "gone"
        here = sorted(self._here(), key=_soonest)
        if newest:
            here = sorted(here, key=lambda c: (c.bucket.paid, c.bucket.number), reverse=True)
        self._spend(name, missing, here)

    def end(self, name: Name, now: int) -> None:
        self.buckets[name].until = now
        self.expire(now)

    def expire(self, now: int) -> None:
        for coin in self._here():
            if coin.bucket.until <= now:
                coin.where = "expired"

    def _here(self) -> list[Coin]:
        return [coin for coin in self.coins if coin.where == "here"]

    def _spend(self, name: Name, units: int, coins: Iterable[Coin]) -> None:
        for coin in list(coins)[:units]:
            coin.where, coin.by = "spent", name
            units -= 1
        self.owed += [name] * units

    def _pay(self, now: int) -> None:
        self.owed.sort(key=lambda name: self.ages[name])
        good = [coin for coin in self._here() if coin.bucket.until > now]
        for coin in sorted(good, key=_soonest)[: len(self.owed)]:
            coin.where, coin.by = "spent", self.owed.pop(0)

    def _age(self, name: Name) -> None:
        self.ages.setdefault(name, len(self.ages))


def _soonest(coin: Coin) -> tuple[int, bool, int]:
    return coin.bucket.until, coin.bucket.paid, coin.bucket.number
