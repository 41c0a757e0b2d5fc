"""Rows as the bodies that each role is answered with."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from contracts.likeness import Likeness
from contracts.questions import ASKED_AS, Question
from contracts.vocabulary import SECTOR_OF, ReferralState, Role
from services.chassis.actor import Actor
from services.chassis.api import Answer, Call
from services.referral_api.domain import disclosure
from services.referral_api.domain.facts import still_open
from services.referral_api.domain.offer import HOLDING, UNENDED
from services.referral_api.domain.referral import COARSE_STATUS, OWNER_OF, SEEKING
from services.referral_api.domain.worklist import can, can_answer
from services.referral_api.routes.desk import desk
from services.referral_api.store.duplicates import Double
from services.referral_api.store.handoffs import HandoffRow
from services.referral_api.store.offers import Offered
from services.referral_api.store.worklist import Listed
from services.referral_api.tables import Offer, Referral
from services.referral_api.usecases import read
from services.referral_api.usecases.beside_offer import BesideOffers
from services.referral_api.usecases.offered import OfferCommand
from services.referral_api.usecases.read import Seen
from services.referral_api.usecases.receiver import receiver_of
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
_HANDOFF: Final = ("kind", "called_at", "arrived_at", "left_at", "recorded_at")
_PAIR: Final = ("state", "found_at", "settled_at", "settled_by")


def receipt(referral: Referral, *, needs_attention: bool = False) -> dict[str, Any]:
    """All that an officer learns, at submission and ever after."""
    return {
        "needs_attention": needs_attention,
        "questions": _open_questions(referral),
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


def answer_of(call: Call, referral: Referral) -> Answer:
    """A referral as its caller may see it, with the ETag that an edit of its facts has to name."""
    (seen,) = read.beside(call.session, [referral])
    return Answer(referral_for(call.actor, seen, call.now()), referral.facts_version)


def reading(call: Call, referral: Referral) -> Answer:
    """The same with the receiver of a person in a crisis, for whoever may still be with them."""
    (seen,) = read.beside(call.session, [referral])
    now = call.now()
    receiver = receiver_of(call.session, seen, desk().deadlines, now)
    shown = referral_for(call.actor, seen, now) | {"receiver": receiver}
    return Answer(shown, referral.facts_version)


def offer_of(on: OfferCommand) -> dict[str, Any]:
    """The offer that a step was taken on."""
    return offer_view(on.offer, on.command.referral)


def offer_view(offer: Offer, referral: Referral) -> dict[str, Any]:
    """The offer with the facts that an agency may see while it is live or held."""
    return {
        **{name: getattr(offer, name) for name in _OFFERS},
        **_facts_in(offer, referral),
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


def offer_reading(one: Offered, beside: BesideOffers) -> dict[str, Any]:
    """The offer with what its agency learns of handoff and doubles while it holds the referral."""
    holds, referral = one.offer.state in HOLDING, one.referral
    record = beside.handoffs.get(referral.id) if holds else None
    doubles = beside.doubles.get(referral.id, ()) if holds else ()
    return {
        **offer_view(one.offer, referral),
        "handoff": None if record is None else handoff(record),
        "duplicates": [_double(double) for double in doubles],
    }


def handoff(record: HandoffRow | None) -> dict[str, Any]:
    """How the person was handed over; null throughout where nothing is recorded."""
    return {name: getattr(record, name, None) for name in _HANDOFF}


def duplicate(double: Double) -> dict[str, Any]:
    """The other referral of a pair as the coordinator sees it, and why it seems to be one."""
    pair, referral = double.pair, double.referral
    return {
        **{name: getattr(pair, name) for name in _PAIR},
        **_double(referral),
        **{name: getattr(referral, name) for name in ("urgency", "unit_id", "submitted_at")},
        "referral_state": referral.state,
        "newer": pair.referral_id == referral.id,
        "why": [Likeness(word) for word in pair.why],
    }


def asked(questions: Iterable[Question]) -> list[dict[str, Any]]:
    """Questions with the words in which one asks them."""
    return [{"question": question, "ask": ASKED_AS[question]} for question in questions]


def _open_questions(referral: Referral) -> list[dict[str, Any]]:
    """What is still to be asked while a program is sought; then it is between holder and person."""
    sought = referral.state in {*SEEKING, ReferralState.OFFERED}
    return asked(still_open(referral.questions, referral.answered)) if sought else []


def _facts_in(offer: Offer, referral: Referral) -> dict[str, Any]:
    consent = disclosure.Openness(referral.consent_status, referral.consent_scope)
    shown = disclosure.in_offer(facts_of(referral), offer.state, consent, offer.questions)
    return shown | {"questions": asked(shown["questions"])}


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
        "can": can(listed.referral.state, [r.why for r in reasons]),
        "answers": [_open_answer(offer) for offer in live],
    }


def _open_answer(offer: Offer) -> dict[str, Any]:
    steps = can_answer(offer.state)
    return {"offer_id": offer.id, "agency_id": offer.agency_id, "can": steps}


def _placed(offer: Offer) -> dict[str, Any]:
    shown = {name: getattr(offer, name) for name in _OFFERS}
    return shown | {"offer_id": offer.id, "attempt": offer.attempt}


def _double(referral: Referral) -> dict[str, Any]:
    return {
        "referral_id": referral.id,
        "reference": referral.reference,
        "need": referral.need,
        "sector": SECTOR_OF[referral.need],
    }
