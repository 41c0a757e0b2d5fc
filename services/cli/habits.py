"""How agencies answer in a played day: prompt, slow, full or silent; a seed decides each answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final

from contracts.vocabulary import Need, Outcome
from services.cli.plan import CORRECTED, WITHDRAWN


@dataclass(frozen=True, slots=True)
class Step:
    """What a partner does with an offer, ``after`` it was made; ``name`` ends the address."""

    after: timedelta
    name: str
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def routes(self) -> bool:
        """Whether the step can send a referral on its way again, or free a place."""
        return self.name in {"decline", "not-served"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An offer as its agency's habits see it: the ``ordinal``-th of an encounter's referral.

    ``time_left`` is the time from the offer to its deadline.
    """

    agency_id: str
    encounter: int
    ordinal: int
    need: str
    time_left: timedelta


# What happens to the first offer of these encounters, so that every day shows it.
SCRIPT: Final = {
    1: "prompt",
    2: "full",
    3: "silent",
    4: "fails",
    5: "unwilling",
    6: "prompt",
    WITHDRAWN: "silent",
    CORRECTED: "silent",
}
KINDS: Final = {
    "prompt": 50,
    "slow": 12,
    "full": 8,
    "not_eligible": 4,
    "silent": 6,
    "fails": 4,
    "unwilling": 2,
    "loses_touch": 3,
}
# Some agencies are known for something; each is drawn once per day.
TEMPERS: Final = ("prompt", "prompt", "prompt", "slow", "full", "silent")
TEMPER_WEIGHT: Final = 20
OUTCOMES: Final[dict[Need, tuple[Outcome, ...]]] = {
    Need.EMERGENCY_SHELTER: (Outcome.SHELTERED,),
    Need.TRANSITIONAL_HOUSING: (Outcome.HOUSED, Outcome.INFORMATION_GIVEN),
    Need.RENTAL_ASSISTANCE: (Outcome.FINANCIAL_HELP, Outcome.INFORMATION_GIVEN),
    Need.DOMESTIC_VIOLENCE_SHELTER: (Outcome.SHELTERED,),
    Need.CRISIS_STABILISATION: (Outcome.STABILISED,),
    Need.COUNSELLING: (Outcome.SERVICE_COMPLETED, Outcome.INFORMATION_GIVEN),
    Need.PSYCHIATRIC_CARE: (Outcome.IN_TREATMENT, Outcome.STABILISED),
    Need.SUBSTANCE_USE_TREATMENT: (Outcome.IN_TREATMENT,),
    Need.YOUTH_SHELTER: (Outcome.SHELTERED, Outcome.REUNITED),
    Need.YOUTH_MENTORING: (Outcome.SERVICE_COMPLETED,),
    Need.FAMILY_MEDIATION: (Outcome.REUNITED, Outcome.SERVICE_COMPLETED),
}
DECLINES: Final = {
    "full": {"reason": "no_capacity", "side": "provider"},
    "not_eligible": {"reason": "not_eligible", "side": "provider"},
    "unwilling": {"reason": "declined", "side": "person"},
}
STILL_OPEN: Final = 0.15


def steps_for(seed: int, asked: Asked) -> tuple[Step, ...]:
    """What the agency does with an offer; nothing but these arguments counts."""
    # A play, not a secret.
    rng = Random(f"{seed}:{asked.encounter}:{asked.ordinal}")  # noqa: S311
    kind = _kind(rng, seed, asked)
    answer = min(timedelta(minutes=rng.uniform(6, 45)), asked.time_left * 0.7)
    seen = Step(_whole(answer / 3), "acknowledge")
    if kind == "silent":
        return ()
    if kind in DECLINES:
        return (seen, Step(_whole(answer), "decline", DECLINES[kind]))
    if kind == "slow":
        answer = min(timedelta(hours=rng.uniform(1, 3)), asked.time_left * 0.9)
    return (seen, Step(_whole(answer), "accept"), *_after(rng, kind, asked.need, answer))


def _kind(rng: Random, seed: int, asked: Asked) -> str:
    """The script's word for a first offer, else a draw that the agency's temper weighs on."""
    temper = Random(f"{seed}:{asked.agency_id}").choice(TEMPERS)  # noqa: S311 - as above
    weights = KINDS | {temper: KINDS[temper] + TEMPER_WEIGHT}
    kind = rng.choices(list(weights), list(weights.values()))[0]
    return SCRIPT.get(asked.encounter, kind) if asked.ordinal == 1 else kind


def _after(rng: Random, kind: str, need: str, answer: timedelta) -> tuple[Step, ...]:
    """What follows an acceptance: contact, then an engagement that ends, fails or goes on."""
    contact = _whole(answer + timedelta(minutes=rng.uniform(10, 60)))
    # Both are safe under every rule that the plan's people state.
    how = rng.choice(("in_person", "visit"))
    called = Step(contact, "contacts", {"mode": how, "reached": True})
    if kind == "fails":
        body = {"reason": "needs_higher_care", "side": "provider"}
        return (called, Step(contact + timedelta(minutes=20), "not-served", body))
    if kind == "loses_touch":
        body = {"reason": "disengaged", "side": "person"}
        return (called, Step(contact + timedelta(minutes=90), "not-served", body))
    engaged = Step(contact + timedelta(minutes=5), "engage")
    if rng.random() < STILL_OPEN:
        return (called, engaged)
    end = _whole(contact + timedelta(minutes=rng.uniform(60, 300)))
    outcome = rng.choice(OUTCOMES[Need(need)])
    return (called, engaged, Step(end, "complete", {"outcome": outcome.value}))


def _whole(length: timedelta) -> timedelta:
    """To the second, as people's clocks show it."""
    return timedelta(seconds=int(length.total_seconds()))
