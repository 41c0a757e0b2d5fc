"""The settings of referral_api: where the deadlines stand."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from environs import Env, EnvError

from services.chassis.settings import PREFIX, SettingError
from services.referral_api.domain.deadlines import Deadlines, from_tables

NAMES: Final = frozenset({"DEADLINES"})
BUNDLED: Final = Path(__file__).parent / "deadlines.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralApiSettings:
    """``deadlines`` come from the bundled file, or the one that HANDOFF_DEADLINES names."""

    deadlines: Deadlines


def read() -> ReferralApiSettings:
    """Read and check; raises SettingError naming what is wrong in which file."""
    env = Env(eager=True, prefix=PREFIX)
    try:
        path = Path(env.str("DEADLINES", str(BUNDLED)))
    except EnvError as error:
        raise SettingError(str(error)) from None
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return ReferralApiSettings(deadlines=from_tables(tables))
    except (OSError, ValueError) as error:
        raise SettingError(f"HANDOFF_DEADLINES: {path.name}: {error}") from None
