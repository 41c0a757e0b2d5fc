"""Apply the matcher's answer to an open attempt: offers, a deferral, a waiting list, or nothing."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from contracts.events import lifecycle as events
from contracts.events import routing
from contracts.vocabulary import SECTOR_OF, OfferState, ReferralState
from services.chassis.ids import uuid7
from services.referral_api.domain.referral import Step
from services.referral_api.store import directory
from services.referral_api.tables import Offer, Program
from services.referral_api.usecases.lifecycle import Command

log = structlog.get_logger()


class ForbiddenChoiceError(Exception):
    """The matcher proposed what it must never: a fault in the code, so the key parks."""


def applies(command: Command, proposal: routing.Proposal) -> bool:
    """Whether the answer is to the attempt that is open; a late one is ignored."""
    referral = command.referral
    open_now = referral.attempt_open and referral.attempt == proposal.attempt
    if not open_now:
        log.info("proposal_ignored", attempt=proposal.attempt, open=referral.attempt)
    return open_now


def routed(command: Command, proposal: routing.Routed) -> None:
    """Make the offers, or refuse the choices and open the next attempt.

    Raises ForbiddenChoiceError for an excluded or avoided program, one that is for training where
    the referral is not or the other way round, or no choice at all.
    """
    if not applies(command, proposal):
        return
    copies = directory.programs(command.session, [c.program_id for c in proposal.choices])
    _check_choices(command, proposal, copies)
    training = command.referral.training
    refused = [c for c in proposal.choices if _refuses(copies.get(c.program_id), c, training)]
    for choice in refused:
        command.happened(
            events.ChoiceRefused,
            program_id=choice.program_id,
            attempt=proposal.attempt,
            directory_version=copies[choice.program_id].version,
        )
    if len(refused) < len(proposal.choices):
        command.move(Step.OFFER)
        for choice in proposal.choices:
            if choice not in refused:
                _offer(command, choice)
    else:
        command.open_attempt(Step.RETRY, command.referral.hand_program)
    _publish(command, "proposal.routed", proposal)


def deferred(command: Command, proposal: routing.Deferred) -> None:
    """The answer comes later: the review waits for it, and no longer."""
    if not applies(command, proposal):
        return
    referral = command.referral
    review = command.next_review()
    if review is not None:
        wait = max(proposal.until - command.now, timedelta(0))
        referral.review_at = review + wait
    command.happened(events.ReferralDeferred, until=proposal.until)
    _publish(command, "proposal.deferred", proposal)


def waitlisted(command: Command, proposal: routing.Waitlisted) -> None:
    """Programs fit and are full: the coordinator owns it, the attempt stays open."""
    if applies(command, proposal) and _moves(command, Step.WAITLIST):
        command.happened(events.ReferralWaitlisted)
        _publish(command, "proposal.waitlisted", proposal)


def unplaced(command: Command, proposal: routing.Unplaced) -> None:
    """No program fits: the coordinator owns it, the attempt stays open."""
    if applies(command, proposal) and _moves(command, Step.UNPLACE):
        command.happened(events.ReferralUnplaced)
        _publish(command, "proposal.unplaced", proposal)


def _moves(command: Command, step: Step) -> bool:
    """Take the step; False where a later decision only says the same again."""
    before: ReferralState = command.referral.state
    command.move(step)
    return command.referral.state is not before


def _check_choices(
    command: Command, proposal: routing.Routed, copies: Mapping[str, Program]
) -> None:
    never, training = {*command.refusals, *command.referral.avoided}, command.referral.training
    wrong = sorted(
        choice.program_id
        for choice in proposal.choices
        if choice.program_id in never or _crosses(copies.get(choice.program_id), choice, training)
    )
    if wrong or not proposal.choices:
        said = ", ".join(wrong) or "no choice"
        raise ForbiddenChoiceError(f"decision {proposal.decision_id} proposes {said}")


def _crosses(copy: Program | None, choice: routing.Choice, training: bool) -> bool:  # noqa: FBT001
    """Whether a real person would go to a program for training, or an exercise to a real one."""
    newer = copy is not None and copy.version > choice.directory_version
    return copy is not None and not newer and copy.training != training


def _refuses(copy: Program | None, choice: routing.Choice, training: bool) -> bool:  # noqa: FBT001
    """Only a newer entry may overrule the one that the matcher looked at."""
    if copy is None or copy.version <= choice.directory_version:
        return False
    return copy.paused or not copy.active or copy.training != training


def _offer(command: Command, choice: routing.Choice) -> None:
    referral, now = command.referral, command.now
    offer = Offer(
        id=uuid7(now),
        referral_id=referral.id,
        program_id=choice.program_id,
        agency_id=choice.agency_id,
        attempt=referral.attempt,
        need=referral.need,
        urgency=referral.urgency,
        state=OfferState.OPEN,
        offered_at=now,
        deadline_at=command.desk.deadlines.answer_by(
            SECTOR_OF[referral.need], referral.urgency, now
        ),
    )
    command.session.add(offer)
    command.offers.append(offer)
    command.offer_event(
        events.OfferMade, offer, attempt=offer.attempt, deadline_at=offer.deadline_at
    )


def _publish(command: Command, action: str, proposal: routing.Proposal) -> None:
    command.publish(action, attempt=proposal.attempt, decision=str(proposal.decision_id))
