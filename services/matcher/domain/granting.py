"""Who takes which place in a turn: by the plan that stands, or in the stated order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.matcher.domain import by_plan, in_turn
from services.matcher.domain.asking import asked_of, day_of
from services.matcher.domain.by_plan import Given, Moment, Standing
from services.matcher.domain.plan import Basis, Plan
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Request

Scores = Mapping[UUID, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Way:
    """How the places of a turn are given; ``standing``: the plan that is followed, if one is."""

    now: datetime
    policy: Policy
    standing: Standing | None

    @property
    def plan(self) -> Plan | None:
        """The plan that is followed."""
        return self.standing.plan if self.standing else None

    @property
    def basis(self) -> Basis:
        """The plan's own; without one, why there is none."""
        if self.plan is not None:
            return self.plan.basis
        return Basis.STALE_PLAN if self.policy.hold_back else Basis.NOT_WANTED

    def prices(self, programs: Iterable[str]) -> dict[str, float]:
        """What a start at each of these programs costs others, where it costs anything."""
        known = self.plan.prices if self.plan else {}
        return {one: known[one] for one in programs if known.get(one)}


def way_of(now: datetime, policy: Policy, newest: Standing | None) -> Way:
    """The way at a moment: no plan for another policy is followed, and none that is too old."""
    follows = newest is not None and policy.hold_back and newest.plan.holds(policy, now)
    return Way(now, policy, newest if follows else None)


def grant(free: Mapping[str, int], asked: Sequence[Request], scores: Scores, way: Way) -> Given:
    """Who takes what of the free places."""
    if way.standing is None:
        queue = [_asker(request, scores[request.referral_id]) for request in asked]
        return Given({referral: [one] for referral, one in in_turn.offers(free, queue)})
    accept = way.standing.plan.accept
    wanted = [asked_of(r, scores[r.referral_id], way.policy, accept) for r in asked]
    by_hand = frozenset(str(request.referral_id) for request in asked if request.hand is not None)
    moment = Moment(day_of(way.now), by_hand)
    return by_plan.give(free, wanted, way.standing, way.policy, moment)


def _asker(request: Request, scores: Mapping[str, float]) -> in_turn.Asker:
    return in_turn.Asker(
        id=str(request.referral_id),
        arrived=day_of(request.facts.submitted_at),
        urgency=request.facts.urgency,
        scores=scores,
    )
