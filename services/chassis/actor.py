"""Who acts: the caller that a token names, as use cases and the audit know it."""

from dataclasses import dataclass

from contracts.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One caller with one role; partners carry an agency, officers a unit."""

    subject: str
    role: Role
    agency_id: str | None = None
    unit_id: str | None = None


def service_actor(name: str) -> Actor:
    """A service acting by itself: a timer, an event handler."""
    return Actor(subject=name, role=Role.SERVICE)
