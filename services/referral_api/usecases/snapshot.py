"""The snapshot that every lifecycle event carries, made from the rows as they will commit."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from contracts.events.snapshot import Facts, Holder, LiveOffer, OpenAttempt, Snapshot
from contracts.questions import EligibilityCode, Question
from contracts.vocabulary import PROTECTED_NEEDS, Accommodation, Origin
from services.referral_api.domain import disclosure, facts
from services.referral_api.domain.offer import HOLDING, LIVE
from services.referral_api.tables import Offer, Referral


def facts_of(referral: Referral) -> facts.Facts:
    """The coarse facts that the row keeps."""
    return facts.Facts(
        need=referral.need,
        urgency=referral.urgency,
        entry_door=referral.entry_door,
        language=referral.language,
        age=referral.age,
        household_size=referral.household_size,
        accommodations=tuple(Accommodation(a) for a in referral.accommodations),
        cell=referral.cell,
        preferred=tuple(referral.preferred),
        avoided=tuple(referral.avoided),
        also_speaks=tuple(referral.also_speaks),
        eligibility=tuple(map(EligibilityCode, referral.eligibility)),
        answered=tuple(map(Question, referral.answered)),
    )


def keep_facts(referral: Referral, known: facts.Facts) -> None:
    """Write the coarse facts into the row; what was asked about another need is asked no more."""
    if referral.need is not known.need:
        referral.questions = []
    referral.need, referral.urgency = known.need, known.urgency
    referral.entry_door, referral.language = known.entry_door, known.language
    referral.age, referral.household_size = known.age, known.household_size
    referral.accommodations, referral.cell = list(known.accommodations), known.cell
    referral.preferred, referral.avoided = list(known.preferred), list(known.avoided)
    referral.also_speaks, referral.eligibility = list(known.also_speaks), list(known.eligibility)
    referral.answered = list(known.answered)


def take(referral: Referral, offers: Sequence[Offer], refused: Collection[str]) -> Snapshot:
    """The referral as events tell of it; ``offers`` are all that had not ended before."""
    known = facts_of(referral)
    return Snapshot(
        referral_id=referral.id,
        reference=referral.reference,
        unit_id=referral.unit_id,
        state=referral.state,
        submitted_at=referral.submitted_at,
        facts=_published(referral, known),
        occurred_at=_day_of_the_past(referral),
        open_attempt=_open_attempt(referral),
        live_offers=tuple(_live(offer) for offer in offers if offer.state in LIVE),
        holder=_holder(offers),
        excluded=disclosure.excluded(known, refused),
    )


def _day_of_the_past(referral: Referral) -> datetime | None:
    """Figures need no more than the day; the very minute could be looked up in a dispatch log."""
    if referral.origin is not Origin.IMPORTED or referral.occurred_at is None:
        return None
    day = referral.occurred_at.astimezone(UTC)
    return day.replace(hour=0, minute=0, second=0, microsecond=0)


def _published(referral: Referral, known: facts.Facts) -> Facts:
    return Facts(
        sector=known.sector,
        need=known.need,
        urgency=known.urgency,
        entry_door=known.entry_door,
        language=known.language,
        age=known.age,
        cell=known.cell,
        household_size=known.household_size,
        accommodations=known.accommodations,
        preferred=known.preferred,
        avoided=() if known.need in PROTECTED_NEEDS else known.avoided,
        training=referral.training,
        origin=referral.origin,
        also_speaks=known.also_speaks,
        eligibility=known.eligibility,
    )


def _open_attempt(referral: Referral) -> OpenAttempt | None:
    if not referral.attempt_open:
        return None
    return OpenAttempt(
        number=referral.attempt,
        opened_at=referral.attempt_opened_at,
        program_id=referral.hand_program,
    )


def _live(offer: Offer) -> LiveOffer:
    return LiveOffer(
        offer_id=offer.id,
        program_id=offer.program_id,
        agency_id=offer.agency_id,
        attempt=offer.attempt,
        state=offer.state,
        deadline_at=offer.deadline_at,
        over_capacity=offer.over_capacity,
    )


def _holder(offers: Sequence[Offer]) -> Holder | None:
    held = next((offer for offer in offers if offer.state in HOLDING), None)
    if held is None or held.answered_at is None:
        return None
    return Holder(
        offer_id=held.id,
        program_id=held.program_id,
        agency_id=held.agency_id,
        accepted_at=held.answered_at,
        over_capacity=held.over_capacity,
    )
