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


def officer(unit_id: str, subject: str | None = None) -> Actor:
    """An officer of a unit."""
    return named(Role.OFFICER, subject, unit_id=unit_id)


def partner(agency_id: str, subject: str | None = None) -> Actor:
    """Somebody who works at an agency."""
    return named(Role.PARTNER, subject, agency_id=agency_id)


def named(
    role: Role,
    subject: str | None = None,
    *,
    agency_id: str | None = None,
    unit_id: str | None = None,
) -> Actor:
    """A caller; who gives no name is one of their unit or agency, so that no two are one."""
    subject = subject or _usual_subject(role, agency_id, unit_id)
    return Actor(subject=subject, role=role, agency_id=agency_id, unit_id=unit_id)


def _usual_subject(role: Role, agency_id: str | None, unit_id: str | None) -> str:
    if role is Role.OFFICER and unit_id:
        return f"officer@{unit_id}"
    if role is Role.PARTNER and agency_id:
        return f"desk@{agency_id}"
    return role.value


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
