"""Opening hours as people write them: told where every word is understood, and else unknown."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.matcher.domain.directory import Hours

Span = tuple[int, int]

LONGEST: Final = 400
ALL_DAY: Final = (0, 0)
_HALF_DAY: Final = 12 * 60
_DAY: Final = 24 * 60
_LAST_ON_DIAL: Final = 12
_NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ALL: Final = frozenset(range(1, 8))
_SETS: Final = {"weekdays": frozenset(range(1, 6)), "weekends": frozenset({6, 7})}
# What a text is made of; a word that is none of these makes the hours unknown.
_TOKENS: Final = re.compile(
    r"""\s*(?:
    (?P<always>24\s*/\s*7\b)
  | (?P<all_day>(?:24|twenty-four)[\s-]*(?:hours?|hrs?)\b\.?(?:\s*(?:a|per)\s*day\b)?)
  | (?P<every>(?:7|seven)\s*days(?:\s*(?:a|per)\s*week\b|\s*/\s*week\b)?|daily\b|every\s*day\b)
  | (?P<set>weekdays?\b|weekends?\b)
  | (?P<work>m\s*-\s*f\b)
  | (?P<day>mon(?:days?)?\b|tue(?:s|sdays?)?\b|wed(?:s|nesdays?)?\b|thu(?:r|rs|rsdays?)?\b
      |fri(?:days?)?\b|sat(?:urdays?)?\b|sun(?:days?)?\b)\.?
  | (?P<named>noon\b|midnight\b)
  | (?P<hour>\d{1,2})(?::(?P<minute>[0-5]\d)(?!\d)|(?!\s*[:.]?\d))
      \s*(?P<half>[ap](?:\.?\s?m)?\b\.?)?
  | (?P<dash>-|\u2013|\u2014|to\b|through\b|thru\b|until\b|till\b)
  | (?P<also>,|;|&|\+|/|and\b)
  | (?P<closed>closed\b)
  | (?P<noise>:|\(|\)|\.(?!\d)|from\b|open\b|hours?\b)
    )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time as written: the minutes of the day that it may mean, on a 24-hour clock the first."""

    minutes: tuple[int, ...] = ()
    of_24_hours: bool = False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    days: frozenset[int] = frozenset()
    clock: _Clock = _Clock()


class _UncertainError(Exception):
    """The text may mean several things, or nothing that is known here."""


def hours_in(text: str) -> tuple[Hours, ...] | None:
    """The weekly hours that a text says; None = it does not say them with certainty.

    A time without am or pm takes what makes the opening at most twelve hours long; where both or
    neither do, nothing is certain.
    """
    if len(text) > LONGEST:
        return None
    try:
        return _Reader(_tokens(text)).read()
    except _UncertainError:
        return None


def hours_of_cells(days: str, opens: str, closes: str) -> tuple[Hours, ...] | None:
    """The hours of three cells: the days, and the times unless the first says them already."""
    said = hours_in(days)
    if said is not None or not (opens and closes):
        return said
    try:
        tokens = _tokens(days)
        if not tokens or any(token.kind not in {"day", "dash", "also"} for token in tokens):
            return None
        times = [_only_clock(cell) for cell in (opens, closes)]
        return _Reader([*tokens, times[0], _Token("dash"), times[1]]).read()
    except _UncertainError:
        return None


def _only_clock(cell: str) -> _Token:
    tokens = _tokens(cell) if len(cell) <= LONGEST else []
    if [token.kind for token in tokens] != ["clock"]:
        raise _UncertainError
    return tokens[0]


def _tokens(text: str) -> list[_Token]:
    """Raises _UncertainError for the first word that is not understood."""
    found: list[_Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKENS.match(text, place, end)
        if match is None:
            raise _UncertainError
        found += _meant(match)
        place = match.end()
    return found


def _meant(match: re.Match[str]) -> list[_Token]:
    kind = str(match.lastgroup)
    if kind in {"hour", "minute", "half", "named"}:
        return [_Token("clock", clock=_clock(match))]
    if kind == "always":
        return [_Token("day", _ALL), _Token("all_day")]
    days = _days(kind, match)
    if days:
        return [_Token("day", days)]
    return [] if kind == "noise" else [_Token(kind)]


def _days(kind: str, match: re.Match[str]) -> frozenset[int]:
    text = match[0].strip().lower()
    if kind == "day":
        return frozenset({_NAMES.index(text[:3]) + 1})
    if kind == "set":
        return _SETS[text if text.endswith("s") else f"{text}s"]
    return {"every": _ALL, "work": _SETS["weekdays"]}.get(kind, frozenset())


def _clock(match: re.Match[str]) -> _Clock:
    if match["named"]:
        return _Clock((_HALF_DAY if match["named"].lower() == "noon" else 0,))
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half"]:
        if not 1 <= hour <= _LAST_ON_DIAL:
            raise _UncertainError
        late = match["half"][0].lower() == "p"
        return _Clock((hour % 12 * 60 + minute + late * _HALF_DAY,))
    if hour == 0 or hour > _LAST_ON_DIAL:
        if match["minute"] is None or hour * 60 + minute > _DAY:
            raise _UncertainError
        return _Clock((hour * 60 + minute,), of_24_hours=True)
    first = hour * 60 + minute
    return _Clock((first, (first + _HALF_DAY) % _DAY))


def _span(opens: _Clock, closes: _Clock) -> Span:
    """Minutes of the day; raises _UncertainError where several, or no, lengths make sense."""
    both = [opens.minutes, closes.minutes]
    if opens.of_24_hours or closes.of_24_hours:
        both = [minutes[:1] for minutes in both]
    pairs = [(start % _DAY, end % _DAY) for start in both[0] for end in both[1]]
    if len(pairs) > 1:
        pairs = [(s, e) for s, e in pairs if 0 < (e - s) % _DAY <= _HALF_DAY]
    # From midnight to midnight is day and night; from nine to nine may be half of it.
    if len(pairs) != 1 or pairs[0][0] == pairs[0][1] != 0:
        raise _UncertainError
    return pairs[0]


class _Reader:
    """Reads tokens as groups of days with their times, or of times with their days."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._left = list(tokens)
        self._open: dict[Span, set[int]] = {}
        self._closed: set[int] = set()

    def read(self) -> tuple[Hours, ...]:
        """The hours; raises _UncertainError where the tokens do not follow one another so."""
        if [token.kind for token in self._left] == ["all_day"]:
            self._open[ALL_DAY] = set(_ALL)
            return self._hours()
        days_first = self._next() in {"day", "closed"}
        while self._left:
            self._group_of_days() if days_first else self._group_of_times()
            while self._next() == "also":
                self._left.pop(0)
        return self._hours()

    def _group_of_days(self) -> None:
        if self._skipped("closed"):
            self._closed |= self._days()
            return
        days = self._days()
        self._skipped("also" if self._follow("also", "all_day") else "dash")
        if self._skipped("closed"):
            self._closed |= days
        else:
            self._note(self._times(), days)

    def _group_of_times(self) -> None:
        spans = self._times()
        if spans == [ALL_DAY]:
            self._skipped("also")
        self._note(spans, self._days())

    def _note(self, spans: Iterable[Span], days: set[int]) -> None:
        for span in spans:
            self._open.setdefault(span, set()).update(days)

    def _days(self) -> set[int]:
        found = set(self._some_days())
        while self._next() == "day" or self._follow("also", "day"):
            self._skipped("also")
            found |= self._some_days()
        return found

    def _some_days(self) -> frozenset[int]:
        """One name, or from one to another; raises _UncertainError for a range of ranges."""
        first = self._take("day").days
        if not self._follow("dash", "day"):
            return first
        self._take("dash")
        last = self._take("day").days
        if len(first) != 1 or len(last) != 1:
            raise _UncertainError
        (start,), (end,) = first, last
        return frozenset((start - 1 + step) % 7 + 1 for step in range((end - start) % 7 + 1))

    def _times(self) -> list[Span]:
        spans = [self._time()]
        while self._follow("also", "clock"):
            self._take("also")
            spans.append(self._time())
        return spans

    def _time(self) -> Span:
        if self._skipped("all_day"):
            return ALL_DAY
        opens = self._take("clock").clock
        self._take("dash")
        return _span(opens, self._take("clock").clock)

    def _hours(self) -> tuple[Hours, ...]:
        if not self._open or any(self._closed & days for days in self._open.values()):
            raise _UncertainError
        spans = sorted(self._open.items(), key=lambda item: (min(item[1]), item[0]))
        return tuple(Hours(tuple(sorted(d)), _text(span[0]), _text(span[1])) for span, d in spans)

    def _next(self) -> str:
        return self._left[0].kind if self._left else ""

    def _follow(self, *kinds: str) -> bool:
        return [token.kind for token in self._left[: len(kinds)]] == list(kinds)

    def _skipped(self, kind: str) -> bool:
        if self._next() != kind:
            return False
        self._left.pop(0)
        return True

    def _take(self, kind: str) -> _Token:
        if self._next() != kind:
            raise _UncertainError
        return self._left.pop(0)


def _text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
