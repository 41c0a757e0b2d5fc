"""The settings that every service shares, read from the environment once, at start."""

import ipaddress
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from environs import Env, EnvValidationError
from marshmallow import ValidationError
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
HOST_IS: Final = "must be an address or a name of this machine, such as 127.0.0.1"
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
    """Read and check the shared settings; raises SettingError naming every wrong one."""
    env = Env(eager=False, prefix=PREFIX)
    home = env.str("HOME", ".handoff", validate=_SAID)
    keys = env.str("KEYS", None, validate=_SAID)
    mode = env.str("MODE", "production", validate=one_of(Mode))
    settable_clock = env.bool("SETTABLE_CLOCK", default=False)
    log_level = env.str("LOG_LEVEL", "info", validate=one_of(LEVELS))
    host = env.str("HOST", "127.0.0.1", validate=[_SAID, _check_host])
    port = env.int("PORT", 8000, validate=within(0, 65535))
    threads = env.int("THREADS", 8, validate=within(1, 64))
    issuer = env.str("TOKEN_ISSUER", "handoff", validate=_SAID)
    audience = env.str("TOKEN_AUDIENCE", "handoff", validate=_SAID)
    seal(env)
    settings = Settings(
        home=Path(home).resolve(),
        keys=Path(keys or Path(home) / "keys").resolve(),
        mode=Mode(mode),
        settable_clock=settable_clock,
        log_level=log_level,
        host=host,
        port=port,
        threads=threads,
        issuer=issuer,
        audience=audience,
    )
    if settings.settable_clock and settings.mode is Mode.PRODUCTION:
        raise SettingError("HANDOFF_SETTABLE_CLOCK is refused in production: set HANDOFF_MODE=demo")
    return settings


def seal(env: Env) -> None:
    """End the reading of deferred settings; raises SettingError naming every wrong one."""
    try:
        env.seal()
    except EnvValidationError as error:
        wrong: dict[str, list[str]] = dict(error.error_messages)  # type: ignore[arg-type]
        said = [f'{name} "{os.environ[name]}": {_joined(texts)}' for name, texts in wrong.items()]
        raise SettingError("; ".join(said)) from None


def one_of(words: Iterable[str]) -> OneOf:
    """The setting must be one of these words."""
    return OneOf(list(words), error="must be one of {choices}")


def within(least: int, most: int) -> Range:
    """The setting must be a whole number from ``least`` to ``most``."""
    return Range(least, most, error="must be from {min} to {max}")


def refuse_unknown(known: frozenset[str]) -> None:
    """Raise SettingError for HANDOFF_ names that nothing reads: they are spelling mistakes."""
    names = [name for name in sorted(os.environ) if name.startswith(PREFIX)]
    strange = [name for name in names if name.removeprefix(PREFIX) not in known]
    if strange:
        are = "is no setting" if len(strange) == 1 else "are no settings"
        listed = ", ".join(PREFIX + name for name in sorted(known))
        raise SettingError(f"{', '.join(strange)} {are}; known: {listed}")


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(text[:1].lower() + text[1:].rstrip(".") for text in texts)


def _check_host(host: str) -> None:
    """A name, or an address as it is written; whether the machine has it shows at the start."""
    if re.fullmatch(r"[0-9.]+|.*:.*", host):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValidationError(HOST_IS) from None
    elif not re.fullmatch(r"[A-Za-z0-9_.-]+", host):
        raise ValidationError(HOST_IS)
