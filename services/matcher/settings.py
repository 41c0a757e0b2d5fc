"""The matcher's own settings, read from the environment once, at start."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from environs import Env, EnvError
from marshmallow.validate import Range

from services.chassis.settings import PREFIX, SettingError

NAMES: Final = frozenset({"CAPACITY_ALLOWANCE_S"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherSettings:
    """``capacity_allowance``: clock skew plus the longest request, by which counting errs safe."""

    capacity_allowance: timedelta


def read() -> MatcherSettings:
    """Read and check; raises SettingError naming the wrong one."""
    env = Env(eager=True, prefix=PREFIX)
    try:
        seconds = env.int("CAPACITY_ALLOWANCE_S", 60, validate=Range(0, 3600))
    except EnvError as error:
        raise SettingError(str(error)) from None
    return MatcherSettings(capacity_allowance=timedelta(seconds=seconds))
