"""The settings that every service shares, read from the environment once, at start."""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.validate import Length, OneOf, Range
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.chassis import limits
from services.chassis.clock import Clock, SettableClock, SystemClock
from services.chassis.limits import Limits

PREFIX: Final = "HANDOFF_"
KEY_STORE: Final = "key_store"
# One database for each service, and one for the keys of persons, apart from what they open.
STORES: Final = ("referral_api", "matcher", "notifier", KEY_STORE)
NAMES: Final = frozenset(
    {
        *(f"{store.upper()}_DATABASE" for store in STORES),
        *(f"{store.upper()}_MIGRATION_DATABASE" for store in STORES),
        *limits.NAMES,
        "FAILPOINTS",
        "HOME",
        "HOST",
        "JWKS_URL",
        "KEYS",
        "LOG_LEVEL",
        "MEMBER",
        "MODE",
        "PORT",
        "PROCESSES",
        "SETTABLE_CLOCK",
        "THREADS",
        "TOKEN_AUDIENCE",
        "TOKEN_ISSUER",
    }
)
_SAID: Final = Length(min=1, error="must not be empty: leave it out, or give a value")
_SECRET: Final = re.compile(r"_(DATABASE|PASSWORD)$")
POSTGRESQL: Final = "postgresql"
# An address of these leads to nobody but this machine.
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
METRICS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name
DATABASE_IS: Final = "postgresql://role:password@host:5432/database"
KEYS_ADDRESS_IS: Final = "must look like https://login.example.org/keys"
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
    """``home`` holds data and mail, ``keys`` the keys: back them up apart.

    ``databases`` are the PostgreSQL addresses of the stores for the role that serves,
    ``migration_databases`` those for the role that owns the tables; without any, every store is a
    SQLite file of the home folder. ``jwks_url`` is where the identity provider publishes its keys;
    without it, tokens are signed and verified with the key file. ``processes`` is how many serve
    one port; ``member`` is what a worker is called in its consumer groups, the same after a restart
    and another one for each worker (None: named after the machine and the port). ``limits``: how
    often one caller may ask. ``failpoints`` is where a process that is to be killed for a test
    looks for charges (see failpoints.py).
    """

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
    jwks_url: str | None = None
    processes: int = 2
    member: str | None = None
    limits: Limits = Limits()  # noqa: RUF009 - it is frozen
    failpoints: Path | None = None
    databases: Mapping[str, str] = field(default_factory=dict, repr=False)
    migration_databases: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def data(self) -> Path:
        """The folder of the databases."""
        return self.home / "data"

    @property
    def clock_file(self) -> Path:
        """Where the settable clock stands."""
        return self.home / "clock.txt"

    @property
    def on_servers(self) -> bool:
        """Whether this is the production column: PostgreSQL and Kafka, a process for each task."""
        return bool(self.databases)

    def database_url(self, name: str) -> str:
        """The address of one service's database; raises SettingError where it is missing."""
        if self.on_servers:
            return _named(self.databases, name, "_DATABASE")
        return f"sqlite:///{self.data / f'{name}.sqlite'}"

    def migration_url(self, name: str) -> str:
        """The same database for the role that owns its tables; raises SettingError."""
        if self.on_servers:
            return _named(self.migration_databases, name, "_MIGRATION_DATABASE")
        return self.key_store_url if name == KEY_STORE else self.database_url(name)

    @property
    def key_store_url(self) -> str:
        """The address of the store of persons' keys."""
        if self.on_servers:
            return self.database_url(KEY_STORE)
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
    issuer, audience = (_in_tokens(env, f"TOKEN_{each}") for each in ("ISSUER", "AUDIENCE"))
    jwks_url = env.str("JWKS_URL", None, validate=_check_keys_address)
    processes = env.int("PROCESSES", 2, validate=within(1, 64))
    member = env.str("MEMBER", None, validate=_check_member)
    limited = limits.read(env)
    failpoints = env.str("FAILPOINTS", None, validate=_SAID)
    databases, owners = (_databases(env, each) for each in ("_DATABASE", "_MIGRATION_DATABASE"))
    seal(env)
    found = Settings(
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
        jwks_url=jwks_url,
        processes=processes,
        member=member,
        limits=limited,
        failpoints=Path(failpoints).resolve() if failpoints else None,
        databases=_for_driver(databases),
        migration_databases=_for_driver(owners),
    )
    _refuse_in_production(found)
    return found


def _in_tokens(env: Env, name: str) -> str:
    return env.str(name, "handoff", validate=_SAID)


def _refuse_in_production(settings: Settings) -> None:
    for name, given in (
        ("SETTABLE_CLOCK", settings.settable_clock),
        ("FAILPOINTS", settings.failpoints is not None),
    ):
        if given and settings.mode is Mode.PRODUCTION:
            raise SettingError(f"{PREFIX}{name} is refused in production: set HANDOFF_MODE=demo")


def _databases(env: Env, suffix: str) -> dict[str, str | None]:
    """The PostgreSQL address of each store, as it is set."""
    return {
        store: env.str(f"{store.upper()}{suffix}", None, validate=_check_database)
        for store in STORES
    }


def _for_driver(addresses: Mapping[str, str | None]) -> dict[str, str]:
    """The addresses that are set, with the name of our driver."""
    found: dict[str, str] = {}
    for store, address in addresses.items():
        if address is not None:
            url = make_url(address).set(drivername=f"{POSTGRESQL}+psycopg")
            found[store] = url.render_as_string(hide_password=False)
    return found


def _named(urls: Mapping[str, str], name: str, suffix: str) -> str:
    if name not in urls:
        setting = f"{PREFIX}{name.upper()}{suffix}"
        raise SettingError(f"{setting} is missing: it must look like {DATABASE_IS}")
    return urls[name]


def seal(env: Env) -> None:
    """End the reading of deferred settings; raises SettingError naming every wrong one."""
    try:
        env.seal()
    except EnvValidationError as error:
        wrong: dict[str, list[str]] = dict(error.error_messages)  # type: ignore[arg-type]
        said = [f"{_shown(name)}: {_joined(texts)}" for name, texts in wrong.items()]
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


def _shown(name: str) -> str:
    """A setting with its value, unless that is, or may hold, a password."""
    return name if _SECRET.search(name) else f'{name} "{os.environ[name]}"'


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


def _check_keys_address(url: str) -> None:
    """Whoever is on an open wire could put keys of their own into the answer."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise ValidationError(KEYS_ADDRESS_IS) from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ValidationError(KEYS_ADDRESS_IS)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValidationError("must be an https address: http is for this machine alone")


def _check_database(address: str) -> None:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        url = make_url("unreadable://")
    if url.drivername not in {POSTGRESQL, f"{POSTGRESQL}+psycopg"} or not url.database:
        raise ValidationError(f"must look like {DATABASE_IS}")


def _check_member(name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", name):
        raise ValidationError("must be letters, digits, '.', '_' or '-', at most 100 of them")


def metrics_folder() -> Path | None:
    """Where the processes of one port share their request metrics; gunicorn's settings name it."""
    folder = os.environ.get(METRICS_FOLDER)
    return Path(folder) if folder else None
