"""What stands beside the offers that are held: the officer's handoff, and possible doubles."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from contracts.likeness import DuplicateState
from contracts.vocabulary import ConsentStatus
from services.referral_api.domain.offer import HOLDING
from services.referral_api.domain.referral import OPEN
from services.referral_api.store import duplicates, handoffs, sight
from services.referral_api.store.handoffs import HandoffRow
from services.referral_api.store.offers import Offered
from services.referral_api.tables import Referral


@dataclass(frozen=True, slots=True)
class BesideOffers:
    """The handoffs and the live doubles of held referrals, by the referrals' ids."""

    handoffs: Mapping[UUID, HandoffRow]
    doubles: Mapping[UUID, Sequence[Referral]]


def beside_offers(session: Session, shown: Sequence[Offered]) -> BesideOffers:
    """In three queries however many offers are shown.

    A handoff is found in the caller's own view. A double is another referral, maybe with another
    agency: from there on the transaction sees every row, and asks for those of these ids alone.
    """
    held = [one.referral for one in shown if one.offer.state in HOLDING]
    if not held:
        return BesideOffers({}, {})
    found = handoffs.of_referrals(session, [one.id for one in held])
    open_to = [one.id for one in held if one.consent_status is ConsentStatus.GIVEN]
    doubles: dict[UUID, list[Referral]] = defaultdict(list)
    if open_to:
        sight.widen(session)
        for mine, double in duplicates.doubles(session, open_to):
            unsaid = double.pair.state is DuplicateState.OPEN
            if unsaid and double.referral.state in OPEN:
                doubles[mine].append(double.referral)
    return BesideOffers(found, doubles)
