"""The oracle's calendar: what ``within 90 days`` and its kin mean, as instants."""

from __future__ import annotations

import calendar
import datetime
from zoneinfo import ZoneInfo

_SECOND = datetime.timedelta(seconds=1)
_DAY = datetime.timedelta(days=1)


class Windows:
    """Spans and days seen from one moment, in the store's zone."""

    def __init__(self, now: datetime.datetime, zone: ZoneInfo) -> None:
        self.now = now.astimezone(datetime.UTC).replace(microsecond=0)
        self.zone = zone
        self.today = now.astimezone(zone).date()

    def since(self, span: str) -> datetime.datetime:
        """The first instant that is ``within`` *span*; what is older lies before it."""
        count, unit = self._parts(span)
        if unit in ("hour", "minute"):
            return self.now - count * datetime.timedelta(**{unit + "s": 1})
        return self.midnight(self._moved(-count, unit))

    def ahead(self, span: str) -> datetime.datetime:
        """The first instant after what is ``in next`` *span*."""
        count, unit = self._parts(span)
        if unit in ("hour", "minute"):
            return self.now + count * datetime.timedelta(**{unit + "s": 1}) + _SECOND
        return self.midnight(self._moved(count, unit) + _DAY)

    def next_begins(self, span: str) -> datetime.datetime:
        """The first instant that is ``in next`` *span*: today's midnight, or now."""
        return self.now if self._parts(span)[1] in ("hour", "minute") else self.midnight(self.today)

    def day(self, day: str) -> datetime.date:
        """*day* of the calendar: ``today``, ``yesterday`` or a date."""
        if day == "today":
            return self.today
        return self.today - _DAY if day == "yesterday" else datetime.date.fromisoformat(day)

    def midnight(self, day: datetime.date) -> datetime.datetime:
        """The instant at which *day* begins in the store."""
        local = datetime.datetime.combine(day, datetime.time(), self.zone)
        return local.astimezone(datetime.UTC)

    def birthdays(self, span: str) -> list[str]:
        """The days of the year (``MM-DD``) whose birthdays are ``in next`` *span*."""
        count, unit = self._parts(span)
        last = self._moved(count, unit)
        days = {self.today + _DAY * offset for offset in range((last - self.today).days + 1)}
        return self.celebrated(days)

    @staticmethod
    def celebrated(days: set[datetime.date]) -> list[str]:
        """The birthdays celebrated on *days*: 29 February on the 28th of a common year."""
        found = {f"{day:%m-%d}" for day in days}
        if any(f"{day:%m-%d}" == "02-28" and not calendar.isleap(day.year) for day in days):
            found.add("02-29")
        return sorted(found)

    @staticmethod
    def _parts(span: str) -> tuple[int, str]:
        count, unit = span.split()
        return int(count), unit.removesuffix("s")

    def _moved(self, count: int, unit: str) -> datetime.date:
        if unit in ("day", "week"):
            return self.today + _DAY * count * (7 if unit == "week" else 1)
        months = self.today.year * 12 + self.today.month - 1
        year, month = divmod(months + count * (12 if unit == "year" else 1), 12)
        last = calendar.monthrange(year, month + 1)[1]
        return datetime.date(year, month + 1, min(self.today.day, last))
