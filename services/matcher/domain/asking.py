"""Referrals as a market sees them: who asks, until when, and what each place would be worth."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.matcher.domain import market
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Facts, Request

_SECONDS_A_DAY: Final = 86_400


def day_of(moment: datetime) -> float:
    """A moment in days since 1970."""
    return moment.timestamp() / _SECONDS_A_DAY


def asked_of(
    request: Request, scores: Mapping[str, float], policy: Policy, accept: Mapping[str, float]
) -> market.Request:
    """A referral that waits for an offer; ``scores`` by the programs that may be its own."""
    urgency = request.facts.urgency
    return market.Request(
        id=str(request.referral_id),
        arrived=day_of(request.facts.submitted_at),
        window=policy.worth.window(urgency),
        urgency=urgency,
        options={
            program: (policy.worth.of(urgency, score), accept.get(program, 1.0))
            for program, score in scores.items()
        },
        groups=groups_of(request.facts),
    )


def groups_of(facts: Facts) -> frozenset[str]:
    """What the group controller may look at: what somebody needs of a service, never who it is."""
    found = {f"need:{facts.need}", *(f"access:{one}" for one in facts.accommodations)}
    return frozenset(found | ({f"language:{facts.language}"} if facts.language else set()))
