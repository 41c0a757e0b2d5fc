"""Mend: an open referral that nothing would ever move again gets a timer or its next attempt."""

import structlog

from contracts.vocabulary import ReferralState
from services.referral_api.domain.referral import REVIEWED, Step
from services.referral_api.usecases.lifecycle import Command

log = structlog.get_logger()


def mend(command: Command) -> None:
    """Set what is missing and report it in the log: the code has a fault somewhere."""
    referral = command.referral
    if referral.state is ReferralState.OFFERED and not command.live:
        missing = "live offer"
        command.open_attempt(Step.RETRY)
    elif referral.state is ReferralState.ACCEPTED and command.holder is None:
        missing = "accepted offer"
        command.open_attempt(Step.RETURN)
    elif referral.state in REVIEWED and referral.review_at is None:
        missing = "review timer"
        referral.review_at = command.next_review()
    else:
        return
    log.error("referral_untended", state=referral.state.value, missing=missing)
    command.publish("referral.mend", missing=missing)
