"""Rows as the bodies that each role is answered with."""

from datetime import datetime
from typing import Any, Final

from contracts.vocabulary import SECTOR_OF, Role
from services.chassis.actor import Actor
from services.referral_api.domain import disclosure
from services.referral_api.domain.offer import UNENDED
from services.referral_api.domain.referral import COARSE_STATUS, OWNER_OF
from services.referral_api.domain.worklist import can, can_answer
from services.referral_api.routes.desk import desk
from services.referral_api.store.worklist import Listed
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
    "erased_at",
)
_OFFERS: Final = (
    "program_id",
    "agency_id",
    "state",
    "offered_at",
    "deadline_at",
    "reason",
    "side",
    "over_capacity",
)


def receipt(referral: Referral, *, needs_attention: bool = False) -> dict[str, Any]:
    """All that an officer learns, at submission and ever after."""
    return {
        "needs_attention": needs_attention,
        "referral_id": referral.id,
        "reference": referral.reference,
        "status": COARSE_STATUS[referral.state],
        "submitted_at": referral.submitted_at,
    }


def referral_for(actor: Actor, seen: Seen, now: datetime) -> dict[str, Any]:
    """The referral: coarse for the officer, whole but without the person for the coordinator."""
    referral = seen.referral
    told = seen.needs_attention(desk().deadlines, now)
    coarse = receipt(referral, needs_attention=told)
    if actor.role is Role.OFFICER:
        return coarse
    return {
        **coarse,
        **{name: getattr(referral, name) for name in _COORDINATORS},
        "sector": SECTOR_OF[referral.need],
        "owner": OWNER_OF.get(referral.state),
        "version": referral.facts_version,
        "excluded": seen.excluded,
        "offers": [_placed(offer) for offer in seen.offers],
        "consent": referral.consent_status,
    }


def offer_view(offer: Offer, referral: Referral) -> dict[str, Any]:
    """The offer with the facts that an agency may see while it is live or held."""
    return {
        **{name: getattr(offer, name) for name in _OFFERS},
        **disclosure.in_offer(facts_of(referral), offer.state, referral.consent_status),
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
        "consent": referral.consent_status,
        "revocation": revocation(offer),
    }


def revocation(offer: Offer) -> dict[str, Any] | None:
    """How a revoked consent stands with the agency that held the offer; None where none was."""
    if offer.revoked_at is None:
        return None
    return {
        "offer_id": offer.id,
        "agency_id": offer.agency_id,
        "revoked_at": offer.revoked_at,
        "due_at": offer.revocation_due_at,
        "acknowledged_at": offer.revocation_acknowledged_at,
    }


def work_item(listed: Listed, shown: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """An item of the worklist around the referral that is ``shown`` to the coordinator."""
    reasons = seen.attentions
    live = [offer for offer in seen.offers if offer.state in UNENDED]
    return {
        "referral": shown,
        "why": [{"why": r.why, "since": r.since, "due_at": r.due_at} for r in reasons],
        "since": min(r.since for r in reasons),
        "due_at": listed.due_at,
        "assigned_to": listed.assigned_to,
        "can": can(listed.referral.state),
        "answers": [_open_answer(offer) for offer in live],
    }


def _open_answer(offer: Offer) -> dict[str, Any]:
    steps = can_answer(offer.state)
    return {"offer_id": offer.id, "agency_id": offer.agency_id, "can": steps}


def _placed(offer: Offer) -> dict[str, Any]:
    shown = {name: getattr(offer, name) for name in _OFFERS}
    return shown | {"offer_id": offer.id, "attempt": offer.attempt}
