"""What places are given by now: the policy in force, its newest plan, and who is held back."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.matcher.domain.granting import way_of
from services.matcher.domain.policy import FRESH, policy_json
from services.matcher.domain.request import Answer
from services.matcher.store import plans, policies, requests


def tell_policy(session: Session, now: datetime) -> dict[str, Any]:
    """The policy in force and its activation, and what its offers are decided on now."""
    activation = policies.newest(session)
    policy = activation.policy if activation else FRESH
    newest = plans.standing(session, policy)
    outline = plans.outline(session, newest.plan.number) if newest else None
    return {
        "policy": policy_json(policy),
        "activated": activation,
        "basis": way_of(now, policy, newest).basis,
        "plan": outline._asdict() if outline else None,
        "held": requests.count_seeking(session, Answer.DEFERRED),
    }
