"""Who gets which place: one function, from a market to offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contracts.vocabulary import Urgency
from services.matcher.domain import demand as demands
from services.matcher.domain import group_service
from services.matcher.domain.draft import Draft
from services.matcher.domain.look_ahead import Plan, plan_starts
from services.matcher.domain.market import Market, Program, Request, fair_order
from services.matcher.domain.plan import Basis
from services.matcher.domain.policy import Policy
from services.matcher.domain.supply import supply_of

__all__ = ["Basis", "Decided", "Market", "Policy", "Program", "Request", "decide", "offers"]

# The plan's steps begin on these days: each day of the first week, coarser what is less certain.
_BEGINS: Final = (0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 14, 17, 21, 25)
# Of a fractional plan, what is less than this is no offer.
_LEAST_SHARE: Final = 0.02
_WHOLE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Decided:
    """Offers as (request id, program id), most urgent first, and why.

    ``held``: who gets none though a program of theirs has a place left, kept for others.
    """

    offers: tuple[tuple[str, str], ...]
    held: tuple[str, ...]
    basis: Basis
    prices: Mapping[str, float]


def offers(market: Market, policy: Policy, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Offers as (request id, program id), most urgent first, then the oldest, then by id.

    Several rows of one request are parallel offers, the best first. Same arguments, the
    generator's state included: same offers.
    """
    return list(decide(market, policy, rng).offers)


def decide(market: Market, policy: Policy, rng: np.random.Generator) -> Decided:
    """The offers of a moment, with what they were decided on.

    A crisis that has a place gets an offer now, whatever the plan; the rest follows the plan.
    Second and third offers go to what is left.
    """
    boost = group_service.boosts(market.past, policy.even_out)
    queue = group_service.boosted(sorted(market.queue, key=fair_order), boost)
    scene = _Scene(market, queue, boost)
    basis, plan = _plan(scene, policy, rng)
    draft = _draft(scene, plan, policy)
    planned = _planned(scene, plan)
    crises = [request for request in queue if request.urgency == Urgency.CRISIS]
    draft.take_over(row for row in planned if row[0].urgency == Urgency.CRISIS)
    draft.place_at_once(crises if plan else queue)
    draft.take_over(planned)
    draft.back_up(queue, policy.parallel)
    made = tuple((r.id, name) for r in queue for name in draft.given.get(r.id, ()))
    held = tuple(r.id for r in queue if draft.holds_back(r))
    return Decided(made, held, basis, draft.price)


class _Scene:
    """A market as the plan numbers it: its open programs by id, its queue in the fair order."""

    def __init__(self, market: Market, queue: Sequence[Request], boost: dict[str, float]) -> None:
        self.market = market
        self.queue = queue
        self.boost = boost
        self.open = {p.id: p.free for p in sorted(market.programs, key=_by_id) if p.open}
        self.numbers = {name: number for number, name in enumerate(self.open)}
        self.names = tuple(self.open)


def _by_id(program: Program) -> str:
    return program.id


def _plan(scene: _Scene, policy: Policy, rng: np.random.Generator) -> tuple[Basis, Plan | None]:
    """The plan to follow; without one, everybody takes what is best, in the fair order."""
    days = demands.days_known(scene.market)
    basis = Basis.LOOK_AHEAD
    if not policy.hold_back:
        basis = Basis.NOT_WANTED
    elif days < policy.least_history:
        basis = Basis.TOO_LITTLE_HISTORY
    if basis is Basis.LOOK_AHEAD:
        ahead = policy.look_ahead // demands.WEEK * demands.WEEK
        plan = _look_ahead(scene, policy, min(days, ahead), rng)
        if plan is not None:
            return basis, plan
        basis = Basis.NO_PLAN
    today = supply_of(scene.market, scene.numbers, (0,))
    queue = demands.demand_of(scene.queue, scene.numbers, scene.market.now, len(scene.open))
    waiting = demands.waiting(queue)
    return basis, plan_starts(today, waiting, policy.waiting_decay, policy.most_pivots)


def _look_ahead(scene: _Scene, policy: Policy, days: int, rng: np.random.Generator) -> Plan | None:
    """The plan for today and as many days as the past is known."""
    now, widest = scene.market.now, policy.widest
    seen = demands.recent(scene.market, days)
    sample = demands.sampled(seen, policy.most_expected, widest, rng)
    past = demands.demand_of(group_service.boosted(sample, scene.boost), scene.numbers, now, widest)
    expected = demands.expected(past, days, len(seen) / max(len(sample), 1), policy.foresight)
    waiting = demands.waiting(demands.demand_of(scene.queue, scene.numbers, now, widest))
    begins = [day for day in _BEGINS if day <= days]
    supply = supply_of(scene.market, scene.numbers, begins)
    everyone = demands.together(waiting, expected)
    return plan_starts(supply, everyone, policy.waiting_decay, policy.most_pivots)


def _draft(scene: _Scene, plan: Plan | None, policy: Policy) -> Draft:
    prices = np.round(plan.price, 9).tolist() if plan else [0.0] * len(scene.names)
    price = dict(zip(scene.names, prices, strict=True))
    return Draft(scene.market.now, policy.waiting_decay, price, dict(scene.open))


def _planned(scene: _Scene, plan: Plan | None) -> list[tuple[Request, str]]:
    """The offers of a plan to those who wait, whole ones first, then by urgency."""
    if plan is None:
        return []
    likely = np.flatnonzero((plan.share > _LEAST_SHARE) & (plan.of < len(scene.queue)))
    rows = sorted(
        (plan.share[row] <= _WHOLE, plan.of[row], -plan.share[row], plan.program[row])
        for row in likely.tolist()
    )
    return [(scene.queue[of], scene.names[program]) for _, of, _, program in rows]
