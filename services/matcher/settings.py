"""The matcher's own settings, read from the environment once, at start."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from environs import Env
from marshmallow.validate import Regexp

from services.chassis.settings import PREFIX, seal, within

NAMES: Final = frozenset({"CAPACITY_ALLOWANCE_S", "CRISIS_LINE", "PAUSE_AFTER_LAPSES"})
# Of the United States: answers calls and texts day and night (988lifeline.org).
CRISIS_LINE: Final = "988"
_LINE: Final = Regexp(r"[+0-9][ -~]{1,79}\Z", error="must be a number to call, such as 988")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherSettings:
    """``capacity_allowance``: clock skew plus the longest request, by which counting errs safe.

    ``pause_after_lapses``: after so many in a row a silent agency is paused; 0 = never.
    ``crisis_line``: whom to call where no program is open, or none can be found.
    """

    capacity_allowance: timedelta
    pause_after_lapses: int = 3
    crisis_line: str = CRISIS_LINE


def read() -> MatcherSettings:
    """Read and check; raises SettingError naming the wrong one."""
    env = Env(eager=False, prefix=PREFIX)
    seconds = env.int("CAPACITY_ALLOWANCE_S", 60, validate=within(0, 3600))
    lapses = env.int("PAUSE_AFTER_LAPSES", 3, validate=within(0, 100))
    line = env.str("CRISIS_LINE", CRISIS_LINE, validate=_LINE)
    seal(env)
    return MatcherSettings(
        capacity_allowance=timedelta(seconds=seconds), pause_after_lapses=lapses, crisis_line=line
    )
