"""What a coordinator can do with a referral now: read off the tables of states, nowhere else."""

from collections.abc import Collection, Mapping
from typing import Final

from contracts.vocabulary import (
    AnswerStep,
    Attention,
    OfferState,
    ReferralState,
    WorklistStep,
)
from services.referral_api.domain import offer, referral

STEPS_OF: Final[Mapping[WorklistStep, tuple[referral.Step, ...]]] = {
    WorklistStep.CORRECT: (referral.Step.CORRECT,),
    WorklistStep.PLACE: (referral.Step.PLACE,),
    WorklistStep.REROUTE: (referral.Step.REROUTE,),
    # While a program may still be found, only the person's side ends it.
    WorklistStep.CLOSE: (referral.Step.CLOSE, referral.Step.CLOSE_FOR_PERSON),
    WorklistStep.WITHDRAW: (referral.Step.WITHDRAW,),
    WorklistStep.ENTER_IN_ERROR: (referral.Step.ENTER_IN_ERROR,),
}

ANSWERS_OF: Final[Mapping[AnswerStep, offer.Step]] = {
    AnswerStep.ACKNOWLEDGE: offer.Step.ACKNOWLEDGE,
    AnswerStep.ACCEPT: offer.Step.ACCEPT,
    AnswerStep.DECLINE: offer.Step.DECLINE,
    AnswerStep.ENGAGE: offer.Step.ENGAGE,
    AnswerStep.COMPLETE: offer.Step.COMPLETE,
    AnswerStep.NOT_SERVED: offer.Step.NOT_SERVE,
}


def can(state: ReferralState, reasons: Collection[Attention] = ()) -> list[WorklistStep]:
    """The steps that the table allows a coordinator in this state, and that a reason asks for."""
    moves = [
        name
        for name, steps in STEPS_OF.items()
        if any((state, step) in referral.TABLE for step in steps)
    ]
    asked = Attention.DUPLICATE in reasons
    return [*moves, WorklistStep.SETTLE_DUPLICATE] if asked else moves


def can_answer(state: OfferState) -> list[AnswerStep]:
    """The answers that a coordinator may record for the agency; a contact moves no state."""
    moves = [name for name, step in ANSWERS_OF.items() if (state, step) in offer.TABLE]
    return [AnswerStep.CONTACT, *moves] if state in offer.HOLDING else moves
