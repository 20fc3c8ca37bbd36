"""
An account in which each unit is moved by itself: slow, and without a thought for sums.

A cause holds a pile of units that it took, the last on top; each says from which lot, or
that nobody has paid for it yet.
"""

from __future__ import annotations

from typing import Any

OWED = "owed"


class Tokens:
    """One customer's account; lots and causes are dictionaries, in the order they came."""

    def __init__(self) -> None:
        self.lots: list[dict[str, Any]] = []
        self.causes: dict[str, dict[str, Any]] = {}

    # -- what is looked at -------------------------------------------------------------

    def owed(self) -> int:
        return sum(cause["pile"].count(OWED) for cause in self.causes.values())

    def available(self) -> int:
        opened: int = sum(lot["units"] for lot in self.lots if lot["open"])
        return opened - self.owed()

    def pending(self) -> int:
        return sum(lot["units"] for lot in self.lots if not lot["open"])

    # -- what happens ------------------------------------------------------------------

    def post(self, name: str, kin: list[str], takes: str, target: int, at: int, terms: Any) -> None:
        if target == (self.causes[name]["posted"] if name in self.causes else 0):
            return
        cause = self.causes.setdefault(name, {"posted": 0, "lot": None, "pile": []})
        while cause["posted"] > target:
            self._take_one(cause, [self.causes[k] for k in kin if k in self.causes], takes, at)
            cause["posted"] -= 1
        while cause["posted"] < target:
            self._give_one(cause, at, terms)
            cause["posted"] += 1
        self._pay(at)

    def open(self, at: int) -> None:
        for lot in self.lots:
            lot["open"] = lot["open"] or lot["from"] <= at
        self._pay(at)

    def end(self, at: int) -> int:
        gone = 0
        for lot in self.lots:
            if lot["until"] <= at:
                gone += lot["units"]
                lot["units"] = 0
        return gone

    # -- one unit ----------------------------------------------------------------------

    def _take_one(self, cause: Any, kin: list[Any], takes: str, at: int) -> None:
        own = [c["lot"] for c in (cause, *kin) if c["lot"] is not None and c["lot"]["units"]]
        closed = [lot for lot in own if not lot["open"]]
        chosen = closed[0] if closed else own[0] if own else None
        if chosen is None and takes == "newest":
            for lot in self.lots:
                if lot["units"] and (chosen is None or lot["came"] >= chosen["came"]):
                    chosen = lot
        if chosen is None and takes == "soonest":
            chosen = self._soonest(at)
        if chosen is not None:
            chosen["units"] -= 1
        if chosen is None or chosen is not cause["lot"]:
            cause["pile"].append(OWED if chosen is None else chosen)

    def _give_one(self, cause: Any, at: int, terms: Any) -> None:
        if cause["pile"]:
            back = cause["pile"].pop()
            if back is OWED:
                return
            back["units"] += 1
            if back["until"] <= at and at < terms["restored"]:
                back["until"] = terms["restored"]
            return
        if cause["lot"] is None:
            lot = {
                "units": 0,
                "came": terms["came"],
                "from": terms["from"],
                "until": terms["until"],
                "open": terms["from"] <= at,
            }
            cause["lot"] = lot
            self.lots.append(lot)
        cause["lot"]["units"] += 1

    def _soonest(self, at: int) -> Any:
        best = None
        for lot in self.lots:
            if lot["units"] and lot["open"] and lot["until"] > at:
                key = (lot["until"], lot["came"])
                if best is None or key < (best["until"], best["came"]):
                    best = lot
        return best

    def _pay(self, at: int) -> None:
        for cause in self.causes.values():
            while OWED in cause["pile"]:
                lot = self._soonest(at)
                if lot is None:
                    return
                lot["units"] -= 1
                cause["pile"][cause["pile"].index(OWED)] = lot
