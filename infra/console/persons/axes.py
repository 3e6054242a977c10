"""The two axes of time of a person's page, as an address says them: what was known when, and what was true when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from events.county_time import COUNTY_TIME
from infra.console.errors import FieldTrouble, Unprocessable


@dataclass(frozen=True, slots=True)
class Axes:
    """``known`` is a moment of the ledger (None: now), ``on`` a day (None: all), ``before`` a moment to compare."""

    known: datetime | None
    on: date | None
    before: datetime | None

    @property
    def current(self) -> bool:
        """Whether it is everything that is known now."""
        return self.known is None and self.on is None


def read_axes(given: Mapping[str, str]) -> Axes:
    """Read ``known``, ``on`` and ``before`` of an address. Raises ``Unprocessable``."""
    known = _moment(given.get("known", ""), "当时所知", "as known at")
    before = _moment(given.get("before", ""), "比较时点", "compared with")
    text, on = given.get("on", "").strip(), None
    if text:
        try:
            on = date.fromisoformat(text)
        except ValueError:
            raise Unprocessable(FieldTrouble("某日情况", f"“{text}”不是日期", "as true on: no day")) from None
    return Axes(known, on, before)


def address_moment(moment: datetime) -> str:
    """A moment as an address and a form carry it: county time, cut to the milliseconds that a form can hold."""
    return moment.astimezone(COUNTY_TIME).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _moment(text: str, chinese: str, english: str) -> datetime | None:
    text = text.strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unprocessable(FieldTrouble(chinese, f"“{text}”不是时间", f"{english}: no moment")) from None
    if not 1900 <= moment.year <= 2200:
        raise Unprocessable(FieldTrouble(chinese, f"“{text}”不在可查范围", f"{english}: out of range"))
    return moment if moment.tzinfo else moment.replace(tzinfo=COUNTY_TIME)
