"""Lapse: live offers past their deadline count as a no, and the next program is asked."""

from contracts.events.lifecycle import OfferLapsed
from contracts.vocabulary import Attention, Urgency
from services.referral_api.domain import offer
from services.referral_api.domain.offer import Refused
from services.referral_api.domain.referral import Step
from services.referral_api.usecases.lifecycle import Command


def lapse(command: Command) -> int:
    """End every live offer whose deadline has passed; returns how many there still were."""
    late = [o for o in command.live if o.deadline_at <= command.now]
    for overdue in late:
        command.end(overdue, offer.Step.LAPSE)
        command.refuse(overdue.program_id, Refused.LAPSED)
        if overdue.urgency is Urgency.CRISIS:
            command.attend(Attention.CRISIS_LAPSED)
        command.offer_event(OfferLapsed, overdue)
    if late:
        if not command.live:
            command.open_attempt(Step.RETRY)
        command.publish("offer.lapse", offers=[str(o.id) for o in late])
    return len(late)
