"""The settings that every service shares, read from the environment once, at start."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from environs import Env, EnvError
from marshmallow.validate import Length, OneOf, Range

from services.chassis.clock import Clock, SettableClock, SystemClock

PREFIX: Final = "HANDOFF_"
NAMES: Final = frozenset(
    {
        "HOME",
        "HOST",
        "KEYS",
        "LOG_LEVEL",
        "MODE",
        "PORT",
        "SETTABLE_CLOCK",
        "THREADS",
        "TOKEN_AUDIENCE",
        "TOKEN_ISSUER",
    }
)
_SAID: Final = Length(min=1, error="must not be empty: leave it out, or give a value")
LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class SettingError(Exception):
    """A setting is wrong; the text names it and says what would be right."""


class Mode(StrEnum):
    """Demo and tests may set the clock; production refuses to."""

    PRODUCTION = "production"
    DEMO = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """``home`` holds data and mail, ``keys`` the keys: back them up apart."""

    home: Path
    keys: Path
    mode: Mode
    settable_clock: bool
    log_level: str
    host: str
    port: int
    threads: int
    issuer: str
    audience: str

    @property
    def data(self) -> Path:
        """The folder of the databases."""
        return self.home / "data"

    @property
    def clock_file(self) -> Path:
        """Where the settable clock stands."""
        return self.home / "clock.txt"

    def database_url(self, name: str) -> str:
        """The address of one service's database."""
        return f"sqlite:///{self.data / f'{name}.sqlite'}"

    @property
    def key_store_url(self) -> str:
        """The address of the store of persons' keys."""
        return f"sqlite:///{self.keys / 'person_keys.sqlite'}"

    def clock(self) -> Clock:
        """The clock that these settings ask for."""
        return SettableClock(self.clock_file) if self.settable_clock else SystemClock()


def read() -> Settings:
    """Read and check the shared settings; raises SettingError naming the first wrong one."""
    env = Env(eager=True, prefix=PREFIX)
    try:
        home = Path(env.str("HOME", ".handoff", validate=_SAID)).resolve()
        settings = Settings(
            home=home,
            keys=Path(env.str("KEYS", str(home / "keys"), validate=_SAID)).resolve(),
            mode=Mode(env.str("MODE", "production", validate=OneOf(list(Mode)))),
            settable_clock=env.bool("SETTABLE_CLOCK", default=False),
            log_level=env.str("LOG_LEVEL", "info", validate=OneOf(LEVELS)),
            host=env.str("HOST", "127.0.0.1", validate=_SAID),
            port=env.int("PORT", 8000, validate=Range(0, 65535)),
            threads=env.int("THREADS", 8, validate=Range(1, 64)),
            issuer=env.str("TOKEN_ISSUER", "handoff", validate=_SAID),
            audience=env.str("TOKEN_AUDIENCE", "handoff", validate=_SAID),
        )
    except EnvError as error:
        raise SettingError(str(error)) from None
    if settings.settable_clock and settings.mode is Mode.PRODUCTION:
        raise SettingError("HANDOFF_SETTABLE_CLOCK is refused in production: set HANDOFF_MODE=demo")
    return settings


def refuse_unknown(known: frozenset[str]) -> None:
    """Raise SettingError for a HANDOFF_ name that nothing reads: it is a spelling mistake."""
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in known:
            raise SettingError(f"{name} is no setting; known: {', '.join(sorted(known))}")
