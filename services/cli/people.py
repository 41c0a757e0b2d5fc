"""Who the commands act as, and how a folder's keys make them their tokens."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.chassis.settings import Settings
from services.chassis.tokens import LONGEST_LIFE
from services.cli import home
from services.cli.settings import clock_of

ADMIN: Final = Actor(subject="admin", role=Role.ADMIN)
COORDINATOR: Final = Actor(subject="coordinator", role=Role.COORDINATOR)
MANAGER: Final = Actor(subject="manager", role=Role.MANAGER)

SignIn = Callable[[Actor], Callable[[], str]]


def officer(unit_id: str, subject: str = "officer") -> Actor:
    """An officer of a unit."""
    return Actor(subject=subject, role=Role.OFFICER, unit_id=unit_id)


def partner(agency_id: str, subject: str | None = None) -> Actor:
    """Somebody who works at an agency."""
    return Actor(subject=subject or f"desk@{agency_id}", role=Role.PARTNER, agency_id=agency_id)


def sign_in(settings: Settings, life: timedelta = LONGEST_LIFE) -> SignIn:
    """Makes tokens with the keys of a folder, each by the folder's clock when it is asked for.

    Raises HomeError where the folder has no usable keys.
    """
    platform = home.platform(settings)
    clock = clock_of(settings)

    def as_actor(actor: Actor) -> Callable[[], str]:
        return lambda: platform.tokens.issue(actor, clock.now(), life)

    return as_actor


def given(token: str) -> Callable[[], str]:
    """A token that the user gave; what surrounds it was caught in copying."""
    return token.strip
