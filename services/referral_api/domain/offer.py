"""An offer's states: what may follow what, and what FHIR, HUD and findhelp call them."""

from enum import StrEnum
from typing import Final

from contracts.problems import ConflictError
from contracts.vocabulary import OfferState, Reason, Side


class Step(StrEnum):
    """Everything that can move an offer."""

    ACKNOWLEDGE = "acknowledge"
    ACCEPT = "accept"
    DECLINE = "decline"
    LAPSE = "lapse"
    ENGAGE = "engage"
    COMPLETE = "complete"
    NOT_SERVE = "not_serve"
    RESCIND = "rescind"


class Refused(StrEnum):
    """How a program came to be excluded from a referral."""

    DECLINED = "declined"
    LAPSED = "lapsed"
    # Nobody's no: the person's consent names other agencies.
    NOT_NAMED = "not_named"


_OPEN, _ACKNOWLEDGED = OfferState.OPEN, OfferState.ACKNOWLEDGED
_ACCEPTED, _ENGAGED = OfferState.ACCEPTED, OfferState.ENGAGED

LIVE: Final = (_OPEN, _ACKNOWLEDGED)
HOLDING: Final = (_ACCEPTED, _ENGAGED)
UNENDED: Final = (*LIVE, *HOLDING)

TABLE: Final[dict[tuple[OfferState, Step], OfferState]] = {
    (_OPEN, Step.ACKNOWLEDGE): _ACKNOWLEDGED,
    # Acknowledging may be skipped, and so may engaging; accepting may not: it decides who wins.
    (_OPEN, Step.ACCEPT): _ACCEPTED,
    (_ACKNOWLEDGED, Step.ACCEPT): _ACCEPTED,
    (_ACCEPTED, Step.ENGAGE): _ENGAGED,
    (_ENGAGED, Step.COMPLETE): OfferState.COMPLETED,
    (_ACCEPTED, Step.COMPLETE): OfferState.COMPLETED,
    (_OPEN, Step.DECLINE): OfferState.DECLINED,
    (_ACKNOWLEDGED, Step.DECLINE): OfferState.DECLINED,
    # BSeR lets an agency decline after it has accepted, and so do we.
    (_ACCEPTED, Step.DECLINE): OfferState.DECLINED,
    (_ENGAGED, Step.DECLINE): OfferState.DECLINED,
    # Acknowledging does not stop the clock: only an answer does.
    (_OPEN, Step.LAPSE): OfferState.LAPSED,
    (_ACKNOWLEDGED, Step.LAPSE): OfferState.LAPSED,
    (_ACCEPTED, Step.NOT_SERVE): OfferState.NOT_SERVED,
    (_ENGAGED, Step.NOT_SERVE): OfferState.NOT_SERVED,
    **{(state, Step.RESCIND): OfferState.RESCINDED for state in UNENDED},
}

# HL7 FHIR R4 Task.status, as the Gravity guide uses it; it drops ``received``.
FHIR_TASK: Final[dict[OfferState, str]] = {
    _OPEN: "requested",
    _ACKNOWLEDGED: "requested",
    _ACCEPTED: "accepted",
    _ENGAGED: "in-progress",
    OfferState.COMPLETED: "completed",
    OfferState.DECLINED: "rejected",
    OfferState.LAPSED: "cancelled",
    OfferState.NOT_SERVED: "failed",
    OfferState.RESCINDED: "cancelled",
}

_FINDHELP: Final[dict[OfferState, str]] = {
    _OPEN: "Not updated",
    _ACKNOWLEDGED: "Pending",
    _ACCEPTED: "Eligible",
    _ENGAGED: "Pending",
    OfferState.COMPLETED: "Got help",
    OfferState.DECLINED: "No capacity",
    OfferState.LAPSED: "Not updated",
    OfferState.NOT_SERVED: "Couldn't get help",
    OfferState.RESCINDED: "No longer interested",
}
_FINDHELP_BY_REASON: Final[dict[Reason, str]] = {
    Reason.NOT_ELIGIBLE: "Not eligible",
    Reason.UNABLE_TO_CONTACT: "Couldn't contact",
}

# HUD ReferralResult (HMIS event record): 1 accepted, 2 client rejected, 3 provider rejected.
_HUD_ACCEPTED: Final = 1
_HUD_BY_SIDE: Final[dict[Side, int]] = {Side.PERSON: 2, Side.PROVIDER: 3}


def advance(state: OfferState, step: Step) -> OfferState:
    """The state after a step; raises ConflictError where the table does not allow it."""
    after = TABLE.get((state, step))
    if after is None:
        did = step.value.replace("_", " ")
        raise ConflictError(f"an offer that is {state.replace('_', ' ')} does not allow: {did}")
    return after


def hud_result(state: OfferState, side: Side | None = None) -> int | None:
    """HUD's ReferralResult; None while there is none. It counts enrolment, not a promise."""
    if state in {_ENGAGED, OfferState.COMPLETED}:
        return _HUD_ACCEPTED
    if state is OfferState.LAPSED:
        return _HUD_BY_SIDE[Side.PROVIDER]
    if state in {OfferState.DECLINED, OfferState.NOT_SERVED} and side is not None:
        return _HUD_BY_SIDE[side]
    return None


def findhelp_status(state: OfferState, reason: Reason | None = None) -> str:
    """The referral status that findhelp shows: by reason for some, by state for the rest."""
    by_state = _FINDHELP[state]
    return by_state if reason is None else _FINDHELP_BY_REASON.get(reason, by_state)
