"""Who may see what of a person: agencies by their offer, and after acceptance by the consent."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from contracts.problems import ConflictError
from contracts.vocabulary import (
    PROTECTED_NEEDS,
    ConsentScope,
    ConsentStatus,
    OfferState,
    age_band,
)
from services.referral_api.domain.consent import check_opens
from services.referral_api.domain.facts import Facts
from services.referral_api.domain.offer import HOLDING, UNENDED

# What the agency that holds the referral reads of the person, in this order.
PERSON_FIELDS: Final = (
    "name",
    "phone",
    "email",
    "where_to_find",
    "safe_contact",
    "safe_contact_note",
    "place",
    "note",
    "age",
    "language",
    "household_size",
    "accommodations",
)
_BEYOND_CONTACT_AND_NEED: Final = frozenset({"note"})


def in_offer(facts: Facts, state: OfferState, status: ConsentStatus) -> dict[str, Any]:
    """The facts of the person that an offer shows: an age band, never an age; no place, no wishes.

    An offer that has ended shows none: the person is no longer that agency's concern. Nor does
    one to which nobody has consented, or no longer does: it tells of the need alone.
    """
    opens = state in UNENDED and status is ConsentStatus.GIVEN
    shown = facts if opens else Facts(need=facts.need, urgency=facts.urgency)
    return {
        "age_band": age_band(shown.age),
        "language": shown.language,
        "household_size": shown.household_size,
        "accommodations": shown.accommodations,
    }


def after_acceptance(said: Mapping[str, Any], scope: ConsentScope) -> dict[str, Any]:
    """The person's fields that the consent opens; what was not said, or is not open, is None."""
    hidden = _BEYOND_CONTACT_AND_NEED if scope is ConsentScope.CONTACT_AND_NEED else frozenset()
    shown = {name: None if name in hidden else said.get(name) for name in PERSON_FIELDS}
    return shown | {"accommodations": shown["accommodations"] or []}


def check_may_read(state: OfferState, status: ConsentStatus) -> None:
    """Raise ConflictError where an offer in this state, or the consent, opens nobody."""
    if state not in HOLDING:
        raise ConflictError(
            f"the person is open to an agency that has accepted; this offer is {state}"
        )
    check_opens(status)


def excluded(facts: Facts, refused: Collection[str]) -> tuple[str, ...]:
    """The programs that must not be asked, as events name them: those that said no or lapsed.

    The wish of a person with a protected need is merged in: beside the programs that said no
    it is obeyed without being told.
    """
    wished = facts.avoided if facts.need in PROTECTED_NEEDS else ()
    return tuple(sorted({*refused, *wished}))
