"""Places by a plan: crises at once, then whom the plan names, then who is new, where it pays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from contracts.vocabulary import Urgency
from services.matcher.domain.draft import Draft
from services.matcher.domain.market import Request, fair_order
from services.matcher.domain.plan import Basis, Plan
from services.matcher.domain.policy import Policy

Offer = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """Offers by request id, the best program first; and who gets none though there is a place."""

    offers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    held: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """A plan, and those of its offers whose referrals nobody has looked at since."""

    plan: Plan
    open_offers: tuple[Offer, ...]

    @property
    def prices(self) -> Mapping[str, float]:
        """What a start costs those who come later: nothing where nobody was looked ahead for."""
        return self.plan.prices if self.plan.basis is Basis.LOOK_AHEAD else {}


@dataclass(frozen=True, slots=True)
class Moment:
    """``now`` in days; ``at_once``: besides crises, requests that wait for no plan."""

    now: float
    at_once: frozenset[str] = frozenset()


def give(
    free: Mapping[str, int],
    queue: Iterable[Request],
    standing: Standing,
    policy: Policy,
    moment: Moment,
) -> Given:
    """Who takes what now.

    Places that the plan has given to others, who come later in this round, are kept for them from
    everybody but a crisis.
    """
    asked = sorted(queue, key=fair_order)
    planned = _by_referral(standing.open_offers)
    draft = Draft(moment.now, policy.waiting_decay, standing.prices, dict(free))
    crises = [request for request in asked if request.urgency == Urgency.CRISIS]
    others = [request for request in asked if request.urgency != Urgency.CRISIS]
    by_hand = [request for request in others if request.id in moment.at_once]
    rest = [request for request in others if request.id not in moment.at_once]
    for first in (crises, by_hand):
        _follow(draft, first, planned)
        draft.place_at_once(first)
    here = {request.id for request in asked}
    draft.keep(program for referral, program in standing.open_offers if referral not in here)
    _follow(draft, rest, planned)
    passed_over = standing.plan.passed_over()
    draft.place_where_it_pays(request for request in rest if UUID(request.id) not in passed_over)
    held = frozenset(request.id for request in asked if draft.holds_back(request))
    return Given(draft.given, held)


def _by_referral(offers: Iterable[Offer]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for referral, program in offers:
        found.setdefault(referral, []).append(program)
    return found


def _follow(draft: Draft, asked: Iterable[Request], planned: Mapping[str, Iterable[str]]) -> None:
    """Make the planned offers to these, as far as they still fit and there are places."""
    for request in asked:
        for program in planned.get(request.id, ()):
            if program in request.options and draft.left.get(program, 0) > 0:
                draft.give(request, program)
