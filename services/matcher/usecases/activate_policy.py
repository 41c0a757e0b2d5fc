"""A named owner puts a capacity policy in force, for a reason that is kept."""

from datetime import datetime

from sqlalchemy.orm import Session

from contracts.problems import ConflictError
from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.journal import Kind
from services.matcher.domain.policy import Activation, Policy, policy_json
from services.matcher.store import journal, policies, requests

SUBJECT = "policy"


def activate_policy(
    session: Session, now: datetime, actor: Actor, policy: Policy, because: str
) -> Activation:
    """Go by a policy from now on; whoever waits is looked at again. The caller has the turn.

    Raises ConflictError where its version was in force with another content: a decision names
    the version, and must go on meaning what it meant.
    """
    known = policies.of_version(session, policy.version)
    if known not in {None, policy}:
        raise ConflictError(f"{policy.version} was in force with another content: name it anew")
    before = policies.newest(session)
    number = before.number + 1 if before else 1
    activation = Activation(number=number, policy=policy, at=now, by=actor.subject, because=because)
    policies.add(session, activation)
    journal.append(session, now, [(Kind.POLICY, policy_json(policy))])
    requests.wake_seeking(session)
    told = {"version": policy.version, "number": number, "hold_back": policy.hold_back}
    audit.record(session, SUBJECT, now, actor, "policy.activated", **told)
    return activation
