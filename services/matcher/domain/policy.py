"""What of the matching may be tuned: one record, under a version that decisions name."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from math import exp
from typing import Any, Final

from contracts.vocabulary import Urgency
from services.matcher.domain.score import Weights

# A value stays a number that a plan can weigh, whatever a policy says of points.
_FAR: Final = 10.0
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a start counts by urgency, and within how many days it should begin.

    A score moves it by the factor e for ``points`` points: nobody whom a program would take is
    worth nothing, however far it is.
    """

    crisis: float = 3.0
    urgent: float = 2.0
    routine: float = 1.0
    crisis_days: float = 1.0
    urgent_days: float = 3.0
    routine_days: float = 14.0
    points: float = 100.0

    def of(self, urgency: Urgency, score: float) -> float:
        """The value of a start on the day of arrival, at a score in points."""
        value: float = getattr(self, urgency)
        return max(round(value * exp(max(-_FAR, min(_FAR, score / self.points))), 6), _LEAST)

    def window(self, urgency: Urgency) -> float:
        """Within how many days a start should begin."""
        days: float = getattr(self, f"{urgency}_days")
        return days


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What may be tuned, under a version that every decision names.

    ``farthest_km``: programs beyond are no candidates. ``hold_back``: keep places for who is
    expected where that pays; without it today's places are assigned today. ``waiting_decay``:
    share of a value lost over a whole window. ``foresight``: what an expected start counts
    against a certain one. ``parallel``: most offers at once. ``even_out``: strength of the group
    controller, 0 = off. ``look_ahead`` and ``least_history`` in days. Of each request the
    ``widest`` best options are looked at; where the past has more than ``most_expected`` of
    them, it is sampled. A plan that takes more than ``most_pivots`` fails: a limit that, unlike
    a clock, is the same on every machine. The running matcher plans every ``plan_every`` minutes,
    and follows a plan for ``plan_lasts`` minutes at most; who is held back for ``hold_hours`` is
    shown to a coordinator.
    """

    version: str = "nearest-1"
    weights: Weights = field(default_factory=Weights)
    worth: Worth = field(default_factory=Worth)
    farthest_km: float = 100.0
    hold_back: bool = True
    waiting_decay: float = 0.3
    foresight: float = 0.92
    parallel: int = 3
    even_out: float = 0.0
    look_ahead: int = 28
    least_history: int = 14
    most_expected: int = 5000
    widest: int = 16
    most_pivots: int = 200_000
    plan_every: int = 15
    plan_lasts: int = 120
    hold_hours: int = 24


# What a fresh installation goes by, until a named owner has another one hold places back.
FRESH: Final = Policy(hold_back=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A policy was put in force by somebody, for a reason; numbers count from 1."""

    number: int
    policy: Policy
    at: datetime
    by: str
    because: str


def policy_json(policy: Policy) -> dict[str, Any]:
    """A policy as plain JSON, whole."""
    return asdict(policy)


def policy_of(data: Mapping[str, Any]) -> Policy:
    """The policy of its JSON; what is left out has its usual value."""
    parts = {
        "weights": Weights(**data.get("weights", {})),
        "worth": Worth(**data.get("worth", {})),
    }
    return Policy(**{**data, **parts})
