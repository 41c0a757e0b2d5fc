"""Close: the coordinator ends a referral with what came of it."""

from contracts.events.lifecycle import OfferCompleted, OfferNotServed
from contracts.problems import InvalidError
from contracts.vocabulary import Outcome, Reason, ReferralState, Side
from services.chassis.ids import uuid7
from services.referral_api.domain import offer
from services.referral_api.domain.offer import Refused
from services.referral_api.domain.referral import Step
from services.referral_api.tables import Offer
from services.referral_api.usecases.lifecycle import Command

_WITHOUT_A_PROGRAM = frozenset({Outcome.INFORMATION_GIVEN, Outcome.NOT_SERVED})


def close(
    command: Command,
    outcome: Outcome,
    reason: Reason | None,
    side: Side | None,
    note: str | None,
) -> None:
    """End the referral, and with it an accepted offer, on behalf of its agency.

    Raises InvalidError for an outcome that needs a program where none has accepted, and
    ConflictError where only the person's side could end it now.
    """
    holder = command.holder
    if holder is None and outcome not in _WITHOUT_A_PROGRAM:
        right = " or ".join(sorted(_WITHOUT_A_PROGRAM))
        raise InvalidError("outcome", f"no program has accepted: {right}")
    if holder is not None:
        _end_for_agency(command, holder, outcome, reason, side)
    command.close(_step(command, side), outcome, reason, side)
    command.note(uuid7(command.now), note)
    command.publish("referral.close")


def _step(command: Command, side: Side | None) -> Step:
    """Unplaced and accepted referrals are the coordinator's to close; others the person's."""
    settled = command.referral.state in {ReferralState.UNPLACED, ReferralState.ACCEPTED}
    return Step.CLOSE_FOR_PERSON if side is Side.PERSON and not settled else Step.CLOSE


def _end_for_agency(
    command: Command, holder: Offer, outcome: Outcome, reason: Reason | None, side: Side | None
) -> None:
    if outcome is Outcome.NOT_SERVED:
        command.end(holder, offer.Step.NOT_SERVE)
        holder.reason, holder.side = reason, side
        command.offer_event(OfferNotServed, holder, reason=reason, side=side)
        if side is Side.PROVIDER:
            command.refuse(holder.program_id, Refused.DECLINED)
        return
    command.end(holder, offer.Step.COMPLETE)
    holder.outcome = outcome
    command.offer_event(OfferCompleted, holder, outcome=outcome)
