"""The fields that a submission or a correction brings, and what must hold of them together."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from contracts.problems import InvalidError
from contracts.vocabulary import Origin, SafeContact, Urgency

# Sealed in the person table under these names; need and urgency are columns.
SEALED: Final[tuple[str, ...]] = (
    "name",
    "phone",
    "email",
    "where_to_find",
    "safe_contact",
    "safe_contact_note",
    "language",
    "age",
    "household_size",
    "accommodations",
    "place",
    "note",
    "entry_door",
    "preferred_programs",
    "representative_name",
)
_TOP: Final = ("place", "note", "entry_door", "preferred_programs", "avoided_programs")
# An imported referral notifies nobody, so what it tells of must be over.
PAST_AFTER: Final = timedelta(hours=24)
_WAYS: Final = ("phone", "email", "where_to_find")


def said_in(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a body, the person's lifted up beside the others."""
    top = {name: body[name] for name in _TOP if name in body}
    return {**body.get("person", {}), **top}


def check_reachable(said: Mapping[str, Any]) -> None:
    """Raise InvalidError where nobody could ever find the person; no phone is normal."""
    if said["safe_contact"] == SafeContact.DO_NOT_CONTACT:
        return
    if not any(said.get(way) for way in _WAYS):
        right = "give a phone, an email or where_to_find, unless safe_contact is do_not_contact"
        raise InvalidError("person", right)


def check_wishes(preferred: list[str], avoided: list[str]) -> None:
    """Raise InvalidError for a program that is both preferred and avoided."""
    both = sorted(set(preferred) & set(avoided))
    if both:
        raise InvalidError("avoided_programs", f"preferred as well: {', '.join(both)}")


def check_origin(body: Mapping[str, Any], now: datetime, *, training: bool) -> None:
    """Raise InvalidError where what is said to be past may still go on: nobody would be told."""
    if body["origin"] is Origin.IMPORTED and body["occurred_at"] > now - PAST_AFTER:
        hours = PAST_AFTER // timedelta(hours=1)
        raise InvalidError("origin", f"imported is for what occurred {hours} hours ago or earlier")
    if silences(body["origin"], body["urgency"], training=training):
        raise InvalidError("origin", "imported notifies nobody: a crisis is live")


def silences(origin: Origin, urgency: Urgency, *, training: bool) -> bool:
    """Whether nobody would be told of a crisis; in training none is real."""
    return origin is Origin.IMPORTED and urgency is Urgency.CRISIS and not training


def check_times(body: Mapping[str, Any], now: datetime) -> None:
    """Raise InvalidError for an encounter still to come, or a consent that is over."""
    occurred, expires = body.get("occurred_at"), body["consent"].get("expires_at")
    if occurred is not None and occurred > now:
        raise InvalidError("occurred_at", "must not be in the future")
    if expires is not None and expires <= now:
        raise InvalidError("consent.expires_at", "must be in the future")
