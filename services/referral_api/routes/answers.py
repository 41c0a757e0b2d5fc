"""Rows as the bodies that each role is answered with."""

from typing import Any, Final

from contracts.vocabulary import SECTOR_OF, Role
from services.chassis.actor import Actor
from services.referral_api.domain import disclosure
from services.referral_api.domain.referral import COARSE_STATUS, OWNER_OF
from services.referral_api.tables import Offer, Referral
from services.referral_api.usecases.read import Seen
from services.referral_api.usecases.snapshot import facts_of

_COORDINATORS: Final = (
    "state",
    "need",
    "urgency",
    "unit_id",
    "review_at",
    "attempt",
    "outcome",
    "reason",
    "side",
    "origin",
    "training",
)
_OFFERS: Final = (
    "program_id",
    "agency_id",
    "state",
    "offered_at",
    "deadline_at",
    "reason",
    "side",
)


def receipt(referral: Referral) -> dict[str, Any]:
    """All that an officer learns, at submission and ever after."""
    return {
        "referral_id": referral.id,
        "reference": referral.reference,
        "status": COARSE_STATUS[referral.state],
        "submitted_at": referral.submitted_at,
    }


def referral_for(actor: Actor, seen: Seen) -> dict[str, Any]:
    """The referral: coarse for the officer, whole but without the person for the coordinator."""
    referral = seen.referral
    if actor.role is Role.OFFICER:
        return receipt(referral)
    return {
        **receipt(referral),
        **{name: getattr(referral, name) for name in _COORDINATORS},
        "sector": SECTOR_OF[referral.need],
        "owner": OWNER_OF.get(referral.state),
        "version": referral.facts_version,
        "excluded": seen.excluded,
        "offers": [_placed(offer) for offer in seen.offers],
    }


def offer_view(offer: Offer, referral: Referral) -> dict[str, Any]:
    """The offer with the facts that an agency may see while it is live or held."""
    return {
        **{name: getattr(offer, name) for name in _OFFERS},
        **disclosure.in_offer(facts_of(referral), offer.state),
        "need": offer.need,
        "urgency": offer.urgency,
        "sector": SECTOR_OF[offer.need],
        "offer_id": offer.id,
        "referral_id": referral.id,
        "reference": referral.reference,
        "answered_at": offer.answered_at,
        "rescinded_for": offer.rescinded_for,
        "outcome": offer.outcome,
        "origin": referral.origin,
        "training": referral.training,
    }


def _placed(offer: Offer) -> dict[str, Any]:
    shown = {name: getattr(offer, name) for name in _OFFERS}
    return shown | {"offer_id": offer.id, "attempt": offer.attempt}
