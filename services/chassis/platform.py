"""What every service is built on: settings, clock, tokens and master keys."""

from dataclasses import dataclass

from services.chassis.clock import Clock
from services.chassis.keys import MasterKeys
from services.chassis.settings import Settings
from services.chassis.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Handed to the ``build`` of each service's app."""

    settings: Settings
    clock: Clock
    tokens: Tokens
    masters: MasterKeys
