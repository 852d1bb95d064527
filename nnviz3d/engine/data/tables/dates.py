"""Dates and times: one format for a whole column, and what a network is given of them: seconds, and parts that come around."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

EPOCH = datetime(1970, 1, 1)
MIDNIGHT = datetime(1900, 1, 1)  # what a time without a day is read as
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y",
         "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y")  # fmt: skip
_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
FORMATS = (
    *_DAYS,
    *(f"{day} {time}" for day in _DAYS for time in _TIMES),
    *(f"{day}T{time}" for day in _DAYS[:1] for time in _TIMES[:3]),
    "%Y-%m", "%m/%Y", "%Y/%m", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y", "%Y-%b", "%Y %b", "%YM%m", *_TIMES,
)  # fmt: skip
_SPOKEN = {
    "%Y": "YYYY", "%y": "YY", "%m": "MM", "%b": "Mon", "%B": "month", "%d": "DD", "%H": "hh", "%I": "hh", "%M": "mm",
    "%S": "ss", "%f": "ffffff", "%p": "AM/PM",
}  # fmt: skip
_SAMPLE = 20
DECIMALS = 12  # of sines: what should be equal (March and October) is equal
_EITHER = {"%m/%d/%Y": "%d/%m/%Y", "%m-%d-%Y": "%d-%m-%Y", "%m/%d/%y": "%d/%m/%y"}


def read(texts: Sequence[str]) -> tuple[list[datetime], str] | None:
    """Every text as a moment (of UTC where a zone is given), and the format; None where one of them is no date."""
    first = texts[0] if texts else ""
    if len(first) > 40 or not any(sign in first for sign in "-/.: M") or not any(letter.isdigit() for letter in first):
        return None
    for name, parse in (("ISO 8601", _iso), *((name, _parser(name)) for name in FORMATS)):
        try:
            for text in texts[:_SAMPLE]:
                parse(text)
            return [parse(text) for text in texts], name
        except (ValueError, OverflowError):
            continue
    return None


def form_of_most(texts: Sequence[str], odd: int) -> str:
    """The first format that all but so many texts have; "" for none."""
    tried = next((text for text in texts if len(text) <= 40 and any(letter.isdigit() for letter in text)), "")
    for name in ("ISO 8601", *FORMATS) if tried else ():
        if fits(tried, name) and sum(1 for text in texts if not fits(text, name)) <= odd < len(texts) - odd:
            return name
    return ""


def spoken(name: str) -> str:
    """A format as people write it: "DD.MM.YYYY", "MM/DD/YYYY hh:mm"."""
    for code, text in _SPOKEN.items():
        name = name.replace(code, text)
    return name


def fits(text: str, name: str) -> bool:
    try:
        _parse(name)(text)
    except (ValueError, OverflowError):
        return False
    return True


def _parse(name: str) -> Callable[[str], datetime]:
    return _iso if name == "ISO 8601" else _parser(name)


def ambiguous(texts: Sequence[str], name: str) -> bool:
    """Whether day and month could be the other way round in every row."""
    day = next((day for day in _EITHER if name.startswith(day)), "")
    if not day:
        return False
    try:
        other = _parser(name.replace(day, _EITHER[day]))
        return all(other(text) for text in texts)
    except ValueError:
        return False


def parts(moments: Sequence[datetime], name: str) -> list[tuple[str, np.ndarray]]:
    """(what, values (n,) float64): seconds since 1970 (of a time alone: since midnight), and sine and cosine of the parts that differ."""
    has_year = name == "ISO 8601" or "%Y" in name or "%y" in name
    begin = EPOCH if has_year else MIDNIGHT
    found = [("seconds", np.array([(moment - begin).total_seconds() for moment in moments]))]
    has_day = name == "ISO 8601" or "%d" in name
    cycles: list[tuple[str, float, Callable[[datetime], float]]] = []
    if has_year:
        cycles.append(("month", 12.0, lambda moment: moment.month - 1.0))
    if has_day:
        cycles.append(("weekday", 7.0, lambda moment: float(moment.weekday())))
    cycles.append(("hour", 24.0, lambda moment: moment.hour + moment.minute / 60 + moment.second / 3600))
    for what, period, value in cycles:
        turns = np.array([value(moment) for moment in moments]) * (2 * np.pi / period)
        if len(turns) and turns.min() < turns.max():
            found += [(f"{what} sin", np.sin(turns).round(DECIMALS)), (f"{what} cos", np.cos(turns).round(DECIMALS))]
    return found


def _iso(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _parser(name: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, name)
