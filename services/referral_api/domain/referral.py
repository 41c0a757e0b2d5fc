"""A referral's states: what may follow what, who owns each, and what others call them."""

from enum import StrEnum
from typing import Final

from contracts.problems import ConflictError
from contracts.vocabulary import CoarseStatus, Owner, ReferralState


class Step(StrEnum):
    """Everything that can move a referral."""

    OFFER = "offer"
    WAITLIST = "waitlist"
    HOLD = "hold"
    UNPLACE = "unplace"
    RETRY = "retry"
    CORRECT = "correct"
    ADD_FACTS = "add_facts"
    PLACE = "place"
    REROUTE = "reroute"
    ACCEPT = "accept"
    RETURN = "return"
    CLOSE = "close"
    CLOSE_FOR_PERSON = "close_for_person"
    WITHDRAW = "withdraw"
    ENTER_IN_ERROR = "enter_in_error"


_ROUTING, _OFFERED = ReferralState.ROUTING, ReferralState.OFFERED
_WAITLISTED, _UNPLACED = ReferralState.WAITLISTED, ReferralState.UNPLACED
_ACCEPTED, _CLOSED = ReferralState.ACCEPTED, ReferralState.CLOSED
_WITHDRAWN, _ERROR = ReferralState.WITHDRAWN, ReferralState.ENTERED_IN_ERROR

OPEN: Final = (_ROUTING, _OFFERED, _WAITLISTED, _UNPLACED, _ACCEPTED)
# In these states an attempt is open and waits for a proposal.
SEEKING: Final = (_ROUTING, _WAITLISTED, _UNPLACED)
# In these states a review timer runs; in ``offered`` the offers' own deadlines do.
REVIEWED: Final = (_ROUTING, _WAITLISTED, _UNPLACED, _ACCEPTED)

TABLE: Final[dict[tuple[ReferralState, Step], ReferralState]] = {
    (_ROUTING, Step.OFFER): _OFFERED,
    (_ROUTING, Step.WAITLIST): _WAITLISTED,
    (_ROUTING, Step.UNPLACE): _UNPLACED,
    # Every choice was refused, by a newer directory entry, before any offer was made.
    (_ROUTING, Step.RETRY): _ROUTING,
    (_ROUTING, Step.CORRECT): _ROUTING,
    # An answer of the matcher that is under way knows less by now.
    (_ROUTING, Step.ADD_FACTS): _ROUTING,
    # A coordinator need not wait for the matcher to answer the attempt that is open.
    (_ROUTING, Step.PLACE): _ROUTING,
    # Waitlisted and unplaced keep their attempt open: a freed place is proposed later.
    (_WAITLISTED, Step.OFFER): _OFFERED,
    (_WAITLISTED, Step.UNPLACE): _UNPLACED,
    (_UNPLACED, Step.OFFER): _OFFERED,
    (_UNPLACED, Step.WAITLIST): _WAITLISTED,
    # A later decision on the same attempt may say the same again.
    (_WAITLISTED, Step.WAITLIST): _WAITLISTED,
    (_UNPLACED, Step.UNPLACE): _UNPLACED,
    # There is a place, and it is held back for somebody more urgent who is expected.
    (_ROUTING, Step.HOLD): _ROUTING,
    (_WAITLISTED, Step.HOLD): _ROUTING,
    (_UNPLACED, Step.HOLD): _ROUTING,
    # The freed place was proposed and then refused by a newer directory entry.
    (_WAITLISTED, Step.RETRY): _ROUTING,
    (_UNPLACED, Step.RETRY): _ROUTING,
    (_WAITLISTED, Step.CORRECT): _ROUTING,
    (_UNPLACED, Step.CORRECT): _ROUTING,
    (_WAITLISTED, Step.ADD_FACTS): _ROUTING,
    (_UNPLACED, Step.ADD_FACTS): _ROUTING,
    (_WAITLISTED, Step.PLACE): _ROUTING,
    (_UNPLACED, Step.PLACE): _ROUTING,
    (_WAITLISTED, Step.REROUTE): _ROUTING,
    (_UNPLACED, Step.REROUTE): _ROUTING,
    (_UNPLACED, Step.CLOSE): _CLOSED,
    (_OFFERED, Step.ACCEPT): _ACCEPTED,
    # Every offer was declined or lapsed.
    (_OFFERED, Step.RETRY): _ROUTING,
    (_OFFERED, Step.CORRECT): _ROUTING,
    # The provider could not serve after all: the same referral is routed again.
    (_ACCEPTED, Step.RETURN): _ROUTING,
    (_ACCEPTED, Step.CLOSE): _CLOSED,
    **{(state, Step.CLOSE_FOR_PERSON): _CLOSED for state in OPEN},
    **{(state, Step.WITHDRAW): _WITHDRAWN for state in OPEN},
    # A record that should never have been is marked so, even after it ended.
    **{(state, Step.ENTER_IN_ERROR): _ERROR for state in (*OPEN, _CLOSED, _WITHDRAWN)},
}

OWNER_OF: Final[dict[ReferralState, Owner]] = {
    _ROUTING: Owner.MATCHER,
    _OFFERED: Owner.AGENCY,
    _WAITLISTED: Owner.COORDINATOR,
    _UNPLACED: Owner.COORDINATOR,
    _ACCEPTED: Owner.AGENCY,
}

# Withdrawn and entered in error read as closed: an officer learns that it is over, never why.
COARSE_STATUS: Final[dict[ReferralState, CoarseStatus]] = {
    _ROUTING: CoarseStatus.RECEIVED,
    _OFFERED: CoarseStatus.RECEIVED,
    _WAITLISTED: CoarseStatus.RECEIVED,
    _UNPLACED: CoarseStatus.RECEIVED,
    _ACCEPTED: CoarseStatus.WITH_A_PROGRAM,
    _CLOSED: CoarseStatus.CLOSED,
    _WITHDRAWN: CoarseStatus.CLOSED,
    _ERROR: CoarseStatus.CLOSED,
}

# HL7 FHIR R4 ServiceRequest.status; Gravity re-files a rejected Task under the same request.
FHIR_SERVICE_REQUEST: Final[dict[ReferralState, str]] = {
    _ROUTING: "active",
    _OFFERED: "active",
    _WAITLISTED: "active",
    _UNPLACED: "active",
    _ACCEPTED: "active",
    _CLOSED: "completed",
    _WITHDRAWN: "revoked",
    _ERROR: "entered-in-error",
}


def advance(state: ReferralState, step: Step, told: StrEnum | None = None) -> ReferralState:
    """The state after a step; raises ConflictError where the table does not allow it.

    The error names the state, or ``told`` where the caller must not learn as much.
    """
    after = TABLE.get((state, step))
    if after is None:
        raise ConflictError(
            f"a referral that is {_said(told or state)} does not allow: {_said(step)}"
        )
    return after


def _said(word: StrEnum) -> str:
    return word.value.replace("_", " ")
