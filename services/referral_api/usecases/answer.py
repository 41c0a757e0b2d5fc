"""Apply the matcher's answer to an open attempt: offers, a deferral, a waiting list, or nothing."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from contracts.events import lifecycle as events
from contracts.events import routing
from contracts.vocabulary import PROTECTED_NEEDS, Attention, ReferralState
from services.referral_api.domain.offer import Refused
from services.referral_api.domain.referral import Step
from services.referral_api.store import consents, directory
from services.referral_api.tables import Program
from services.referral_api.usecases.lifecycle import Command
from services.referral_api.usecases.make_offer import make_offer
from services.referral_api.usecases.record_consent import recipients

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


def takes(command: Command, proposal: routing.Proposal) -> bool:
    """Whether the answer is applied; what the matcher finds open is asked from then on."""
    if not applies(command, proposal):
        return False
    command.referral.questions = list(proposal.questions)
    return True


def routed(command: Command, proposal: routing.Routed) -> None:
    """Make the offers, or refuse the choices and open the next attempt.

    Raises ForbiddenChoiceError for an excluded or avoided program, one that is for training where
    the referral is not or the other way round, or no choice at all.
    """
    if not takes(command, proposal):
        return
    copies = directory.programs(command.session, [c.program_id for c in proposal.choices])
    _check_choices(command, proposal, copies)
    training = command.referral.training
    unnamed = _unnamed(command, proposal)
    refused = [
        c
        for c in proposal.choices
        if c in unnamed or _refuses(copies.get(c.program_id), c, training)
    ]
    for choice in refused:
        copy = copies.get(choice.program_id)
        command.happened(
            events.ChoiceRefused,
            program_id=choice.program_id,
            attempt=proposal.attempt,
            directory_version=copy.version if copy else choice.directory_version,
        )
    if len(refused) < len(proposal.choices):
        command.move(Step.OFFER)
        for choice in proposal.choices:
            if choice not in refused:
                make_offer(command, choice)
    else:
        command.open_attempt(Step.RETRY, command.referral.hand_program)
    _publish(command, "proposal.routed", proposal)


def deferred(command: Command, proposal: routing.Deferred) -> None:
    """The answer comes later: the review waits for it, and no longer.

    Whoever is held back is not told to wait for want of places: there is one.
    """
    if not takes(command, proposal):
        return
    if proposal.held:
        command.move(Step.HOLD)
    command.settle(Attention.STALLED)
    referral = command.referral
    review = command.next_review()
    if review is not None:
        wait = max(proposal.until - command.now, timedelta(0))
        referral.review_at = review + wait
    command.happened(events.ReferralDeferred, until=proposal.until, held=proposal.held)
    _publish(command, "proposal.deferred", proposal)


def waitlisted(command: Command, proposal: routing.Waitlisted) -> None:
    """Programs fit and are full: the coordinator owns it, the attempt stays open."""
    if takes(command, proposal) and _moves(command, Step.WAITLIST):
        command.happened(events.ReferralWaitlisted)
        _publish(command, "proposal.waitlisted", proposal)


def unplaced(command: Command, proposal: routing.Unplaced) -> None:
    """No program fits: the coordinator owns it, the attempt stays open."""
    if takes(command, proposal) and _moves(command, Step.UNPLACE):
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
    # Whoever flees from violence is told of at one place only, and to no second agency meanwhile.
    several = command.referral.need in PROTECTED_NEEDS and len(proposal.choices) > 1
    if wrong or several or not proposal.choices:
        said = ", ".join(wrong) or ("several at once" if several else "no choice")
        raise ForbiddenChoiceError(f"decision {proposal.decision_id} proposes {said}")


def _unnamed(command: Command, proposal: routing.Routed) -> list[routing.Choice]:
    """The choices whose agency the person's consent does not name; they are not proposed again."""
    named = recipients(consents.newest(command.session, command.referral.id))
    found = [choice for choice in proposal.choices if not named.include(choice.agency_id)]
    for choice in found:
        command.refuse(choice.program_id, Refused.NOT_NAMED)
    return found


def _crosses(copy: Program | None, choice: routing.Choice, training: bool) -> bool:  # noqa: FBT001
    """Whether a real person would go to a program for training, or an exercise to a real one."""
    newer = copy is not None and copy.version > choice.directory_version
    return copy is not None and not newer and copy.training != training


def _refuses(copy: Program | None, choice: routing.Choice, training: bool) -> bool:  # noqa: FBT001
    """Only a newer entry may overrule the one that the matcher looked at."""
    if copy is None or copy.version <= choice.directory_version:
        return False
    return copy.paused or not copy.active or copy.training != training


def _publish(command: Command, action: str, proposal: routing.Proposal) -> None:
    command.publish(action, attempt=proposal.attempt, decision=str(proposal.decision_id))
