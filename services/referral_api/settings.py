"""The settings of referral_api: where the deadlines and the rules of consent stand."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from environs import Env, EnvError

from services.chassis.settings import PREFIX, SettingError
from services.referral_api.domain.consent import ConsentRules, rules_from
from services.referral_api.domain.deadlines import Deadlines, from_tables

NAMES: Final = frozenset({"CONSENT_RULES", "DEADLINES"})
BUNDLED: Final = Path(__file__).parent / "deadlines.toml"
BUNDLED_RULES: Final = Path(__file__).parent / "consent.toml"
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralApiSettings:
    """Both come from the bundled files, or from those that the settings name.

    ``deadlines`` = HANDOFF_DEADLINES, ``consent_rules`` = HANDOFF_CONSENT_RULES.
    """

    deadlines: Deadlines
    consent_rules: ConsentRules


def read() -> ReferralApiSettings:
    """Read and check; raises SettingError naming what is wrong in which file."""
    return ReferralApiSettings(
        deadlines=_from_file("DEADLINES", BUNDLED, from_tables),
        consent_rules=_from_file("CONSENT_RULES", BUNDLED_RULES, rules_from),
    )


def _from_file(name: str, bundled: Path, made_of: Callable[[Mapping[str, Any]], Made]) -> Made:
    env = Env(eager=True, prefix=PREFIX)
    try:
        path = Path(env.str(name, str(bundled)))
    except EnvError as error:
        raise SettingError(str(error)) from None
    try:
        return made_of(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SettingError(f"{PREFIX}{name}: {path.name}: {error}") from None
