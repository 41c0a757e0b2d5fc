"""A plan of the running matcher: who is to be offered which place until the next one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Facts


class Basis(StrEnum):
    """What offers were decided on; whatever is not ahead gives today's places today."""

    LOOK_AHEAD = "look_ahead"
    NOT_WANTED = "not_wanted"
    TOO_LITTLE_HISTORY = "too_little_history"
    NO_PLAN = "no_plan"
    # Of the running matcher alone: the newest plan is too old to be followed.
    STALE_PLAN = "stale_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A snapshot that is never changed; numbers count the plans of a matcher.

    ``offers``: referral and program, most urgent first; ``asked``: everybody it looked at;
    ``held``: of them, who gets no offer though a program of theirs has a place left;
    ``prices``: what a start costs those who come later; ``accept``: chance of a yes by program.
    """

    number: int
    made_at: datetime
    policy: str
    basis: Basis
    offers: tuple[tuple[UUID, str], ...] = ()
    asked: frozenset[UUID] = frozenset()
    held: frozenset[UUID] = frozenset()
    prices: Mapping[str, float] = field(default_factory=dict)
    accept: Mapping[str, float] = field(default_factory=dict)

    def passed_over(self) -> frozenset[UUID]:
        """Whom it has looked at and offers nothing: they wait for the next one.

        Only a plan that looks ahead keeps places; of any other nobody waits for more.
        """
        if self.basis is not Basis.LOOK_AHEAD:
            return frozenset()
        return self.asked.difference(referral for referral, _ in self.offers)

    def holds(self, policy: Policy, now: datetime) -> bool:
        """Whether it is to be followed now: made for this policy, and not too old."""
        return self.policy == policy.version and now <= self.lasts_until(policy)

    def lasts_until(self, policy: Policy) -> datetime:
        """Until when it may be followed."""
        return self.made_at + timedelta(minutes=policy.plan_lasts)

    def answers_by(self, policy: Policy, facts: Facts, now: datetime) -> datetime:
        """By when somebody who is held back is answered: in the window, and within the hours.

        Never before the next plan.
        """
        window = facts.submitted_at + timedelta(days=policy.worth.window(facts.urgency))
        soonest = min(window, now + timedelta(hours=policy.hold_hours))
        return max(self.next_at(policy), soonest)

    def next_at(self, policy: Policy) -> datetime:
        """When the next plan is due."""
        return self.made_at + timedelta(minutes=policy.plan_every)


def plan_json(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON, for the journal."""
    sets = {"asked": sorted(map(str, plan.asked)), "held": sorted(map(str, plan.held))}
    offers = [[str(referral), program] for referral, program in plan.offers]
    return asdict(plan) | sets | {"offers": offers}


def plan_of(data: Mapping[str, Any]) -> Plan:
    """The plan of its JSON."""
    made_at = data["made_at"]
    return Plan(
        number=data["number"],
        made_at=datetime.fromisoformat(made_at) if isinstance(made_at, str) else made_at,
        policy=data["policy"],
        basis=Basis(data["basis"]),
        offers=tuple((UUID(referral), program) for referral, program in data["offers"]),
        asked=frozenset(map(UUID, data["asked"])),
        held=frozenset(map(UUID, data["held"])),
        prices=data["prices"],
        accept=data["accept"],
    )
