"""Planning: a market is read, a plan made while nobody waits for it, and put in force."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from services.matcher.domain.journal import Kind
from services.matcher.domain.plan import Plan, plan_json
from services.matcher.domain.policy import Policy
from services.matcher.domain.survey import KNOWN_FOR, Survey, accept_of, market_of
from services.matcher.store import capacity, journal, plans, policies, requests
from services.matcher.store.remembered import Remembered

# How many requests of the past are looked at, at most.
MOST_LATELY: Final = 20_000


@dataclass(frozen=True, slots=True)
class Task:
    """A plan to make: its number, for which policy, from what."""

    number: int
    policy: Policy
    survey: Survey


def read_task(session: Session, now: datetime, remembered: Remembered) -> Task | None:
    """What to plan from; None where the policy in force wants no plan."""
    policy = policies.in_force(session)
    if not policy.hold_back:
        return None
    catalogue = remembered.catalogue(session)
    # At once: others may take changes of the directory meanwhile.
    programs = tuple(catalogue.programs.values())
    stated = capacity.stated(session, [program.id for program in programs])
    lately = now - timedelta(days=max(policy.look_ahead, policy.least_history) + 1)
    survey = Survey(
        now=now,
        catalogue=catalogue,
        programs=programs,
        statements={program_id: found.statement for program_id, found in stated.items()},
        free={program_id: found.free for program_id, found in stated.items()},
        seeking=requests.seeking(session),
        lately=requests.submitted_since(session, lately, MOST_LATELY),
        since=lately,
        taken=capacity.taken_since(session, now - KNOWN_FOR),
    )
    return Task(plans.next_number(session), policy, survey)


def make_plan(task: Task) -> Plan:
    """The plan; the same for the same task. Takes seconds where thousands wait."""
    # Only who plans pays for the solver: it takes longer to load than all else of a service.
    import numpy as np  # noqa: PLC0415

    from services.matcher.domain import capacity_policy  # noqa: PLC0415

    accept = accept_of(task.survey)
    market = market_of(task.survey, task.policy, accept)
    rng = np.random.Generator(np.random.PCG64(task.number))
    found = capacity_policy.decide(market, task.policy, rng)
    return Plan(
        number=task.number,
        made_at=task.survey.now,
        policy=task.policy.version,
        basis=found.basis,
        offers=tuple((UUID(referral), program) for referral, program in found.offers),
        asked=frozenset(request.referral_id for request in task.survey.seeking),
        held=frozenset(map(UUID, found.held)),
        prices={program: price for program, price in found.prices.items() if price},
        accept=accept,
    )


def put_in_force(session: Session, now: datetime, plan: Plan, policy: Policy) -> bool:
    """Number the plan among the inputs, and look at everybody again by it; caller has the turn.

    Returns False for one whose policy is in force no more: nothing comes of it.
    """
    if policies.in_force(session) != policy:
        return False
    number = journal.append(session, now, [(Kind.PLAN, plan_json(plan))])
    plans.add(session, plan, policy, number or 0)
    requests.wake_seeking(session)
    return True
