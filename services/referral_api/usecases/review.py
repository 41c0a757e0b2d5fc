"""Review: a referral that stands still reminds its owner, and sets the next reminder."""

from contracts.events.lifecycle import ReviewDue
from contracts.vocabulary import Attention
from services.referral_api.domain.attention import STALLING
from services.referral_api.domain.referral import OWNER_OF
from services.referral_api.usecases.lifecycle import Command


def review(command: Command) -> int:
    """Tell of a review that is due, and set the next; returns 0 where it no longer is.

    An owner who let the time pass stalls: from then on it is a coordinator's matter, too.
    """
    referral = command.referral
    if referral.review_at is None or referral.review_at > command.now:
        return 0
    if referral.state in STALLING:
        command.attend(Attention.STALLED, referral.review_at)
    referral.review_at = command.next_review()
    command.happened(ReviewDue, owner=OWNER_OF[referral.state], next_review_at=referral.review_at)
    command.publish("review.due")
    return 1
