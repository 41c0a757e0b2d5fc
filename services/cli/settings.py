"""The settings of a command: the suite's, with the options of the command line on top."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from services.chassis import names
from services.chassis import settings as shared
from services.chassis.clock import Clock, SettableClock
from services.chassis.kafka import settings as kafka
from services.chassis.settings import Mode, Settings
from services.matcher import settings as matcher
from services.notifier import settings as notifier
from services.referral_api import settings as referral_api

URL: Final = "HANDOFF_URL"
TOKEN: Final = "HANDOFF_TOKEN"  # noqa: S105 - the name of a setting, not a token
COORDINATOR_TOKEN: Final = "HANDOFF_COORDINATOR_TOKEN"  # noqa: S105 - as above
SOURCE_TOKEN: Final = "HANDOFF_SOURCE_TOKEN"  # noqa: S105 - as above
NAMES: Final = frozenset({"URL", "TOKEN", "COORDINATOR_TOKEN", "SOURCE_TOKEN"})


def read(
    home: Path | None = None, port: int | None = None, *, demo_clock: bool = False
) -> Settings:
    """The settings of this process; raises SettingError naming the first wrong one.

    Keys follow the home folder unless HANDOFF_KEYS puts them elsewhere.
    """
    found = names.read_settings()
    if home is not None:
        apart = found.keys != found.home / "keys"
        home = home.resolve()
        found = replace(found, home=home, keys=found.keys if apart else home / "keys")
    if port is not None:
        found = replace(found, port=port)
    if demo_clock:
        found = replace(found, mode=Mode.DEMO, settable_clock=True)
    return found


def check_services() -> None:
    """Read the settings of every service, so that a wrong one is named; raises SettingError."""
    kafka.of(shared.read())
    referral_api.read()
    matcher.read()
    notifier.read()


def environment(found: Settings, own: Mapping[str, str]) -> dict[str, str]:
    """What a process finds in its environment that is to run on these settings.

    The rest of this process's own goes with it, what only one service reads too; ``own`` are
    settings (without HANDOFF_) that stand in no ``Settings``.
    """
    stated = {
        "HOME": str(found.home),
        "KEYS": str(found.keys),
        "MODE": found.mode.value,
        "SETTABLE_CLOCK": str(found.settable_clock).lower(),
        "LOG_LEVEL": found.log_level,
        "THREADS": str(found.threads),
        "REQUESTS_A_MINUTE": str(found.limits.of_caller),
        "STRANGERS_A_MINUTE": str(found.limits.of_address),
        "TOKEN_ISSUER": found.issuer,
        "TOKEN_AUDIENCE": found.audience,
        **{f"{store.upper()}_DATABASE": url for store, url in found.databases.items()},
        **own,
    }
    if found.jwks_url is not None:
        stated["JWKS_URL"] = found.jwks_url
    if found.failpoints is not None:
        stated["FAILPOINTS"] = str(found.failpoints)
    # The role that owns the tables is for migrations: no process that serves is told of it.
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_MIGRATION_DATABASE")}
    return kept | {f"{shared.PREFIX}{name}": value for name, value in stated.items()}


def clock_of(found: Settings) -> Clock:
    """The clock that a folder lives by: a settable one where its file stands there."""
    settable = found.settable_clock or found.clock_file.exists()
    return SettableClock(found.clock_file) if settable else found.clock()


def address_of(found: Settings) -> str:
    """Where a suite on these settings answers."""
    host = "127.0.0.1" if found.host in {"0.0.0.0", "::"} else found.host  # noqa: S104
    named = f"[{host}]" if ":" in host else host
    return f"http://{named}:{found.port}"
