"""What stands beside the offers that are held: the officer's handoff, and possible doubles."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.likeness import DuplicateState
from contracts.vocabulary import ConsentStatus
from services.referral_api.domain.consent import standing
from services.referral_api.domain.offer import HOLDING
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import duplicates, handoffs, sight
from services.referral_api.store.handoffs import HandoffRow
from services.referral_api.store.offers import Offered
from services.referral_api.tables import Referral
from services.referral_api.usecases.record_consent import recipients_of_many


@dataclass(frozen=True, slots=True)
class BesideOffers:
    """The handoffs and the live doubles of held referrals, by the referrals' ids."""

    handoffs: Mapping[UUID, HandoffRow]
    doubles: Mapping[UUID, Sequence[Referral]]


def beside_offers(session: Session, shown: Sequence[Offered], now: datetime) -> BesideOffers:
    """In four queries however many offers are shown.

    A handoff is found in the caller's own view. A double is another referral, maybe with another
    agency: from there on the transaction sees every row, and asks for those of these ids alone.
    It is a fact about a person, so it is told only while the consents of both stand, and to an
    agency that the other one's consent includes.
    """
    held = {one.referral.id: one for one in shown if one.offer.state in HOLDING}
    if not held:
        return BesideOffers({}, {})
    found = handoffs.of_referrals(session, list(held))
    open_to = [mine for mine, one in held.items() if _is_given(one.referral, now)]
    if not open_to:
        return BesideOffers(found, {})
    sight.widen(session)
    pairs = _unsaid(session, open_to, now)
    named = recipients_of_many(session, {double.id for _, double in pairs})
    doubles: dict[UUID, list[Referral]] = defaultdict(list)
    for mine, double in pairs:
        if named[double.id].include(held[mine].offer.agency_id):
            doubles[mine].append(double)
    return BesideOffers(found, doubles)


def _unsaid(session: Session, ids: Collection[UUID], now: datetime) -> list[tuple[UUID, Referral]]:
    """The live doubles of which nobody has said anything yet, and whose own consent stands."""
    return [
        (mine, double.referral)
        for mine, double in duplicates.doubles(session, ids)
        if double.pair.state is DuplicateState.OPEN
        and double.referral.state in OPEN
        and _is_given(double.referral, now)
    ]


def _is_given(referral: Referral, now: datetime) -> bool:
    stands = standing(referral.consent_status, referral.consent_ends_at, now)
    return stands is ConsentStatus.GIVEN
