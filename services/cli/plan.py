"""The plan of a played day: whom officers meet, when, and what they submit; a seed decides all."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.vocabulary import Accommodation, EntryDoor, Need, SafeContact, Urgency
from services.cli.city import TRAINING_UNIT

NAMESPACE: Final = UUID("6b1d0b0c-5d0c-4a52-9f0e-2a1f6f1f9d11")
ENCOUNTERS: Final = 30
FIRST: Final = timedelta(minutes=20)
LAST: Final = timedelta(hours=13)
LENGTH: Final = timedelta(hours=24)
CENTRE: Final = (41.80, -90.20)
SPREAD_DEGREES: Final = 0.02
TRAINING_EVERY: Final = 9
TALLY_EVERY: Final = 6
WITHDRAWN: Final = 7
CORRECTED: Final = 8

# The first encounters of every day cover what a day must show, whatever the seed.
OPENING: Final = (
    (Need.CRISIS_STABILISATION, Urgency.CRISIS),
    (Need.EMERGENCY_SHELTER, Urgency.URGENT),
    (Need.COUNSELLING, Urgency.URGENT),
    (Need.SUBSTANCE_USE_TREATMENT, Urgency.URGENT),
    (Need.YOUTH_MENTORING, Urgency.ROUTINE),
    (Need.DOMESTIC_VIOLENCE_SHELTER, Urgency.CRISIS),
    (Need.PSYCHIATRIC_CARE, Urgency.URGENT),
    (Need.EMERGENCY_SHELTER, Urgency.CRISIS),
)
WEIGHTS: Final = {
    Need.EMERGENCY_SHELTER: 6,
    Need.TRANSITIONAL_HOUSING: 2,
    Need.RENTAL_ASSISTANCE: 3,
    Need.DOMESTIC_VIOLENCE_SHELTER: 2,
    Need.CRISIS_STABILISATION: 5,
    Need.COUNSELLING: 4,
    Need.PSYCHIATRIC_CARE: 3,
    Need.SUBSTANCE_USE_TREATMENT: 4,
    Need.YOUTH_SHELTER: 2,
    Need.YOUTH_MENTORING: 3,
    Need.FAMILY_MEDIATION: 2,
}
URGENCIES: Final = {
    Need.CRISIS_STABILISATION: (Urgency.CRISIS, Urgency.CRISIS, Urgency.URGENT),
    Need.EMERGENCY_SHELTER: (Urgency.URGENT, Urgency.URGENT, Urgency.CRISIS),
    Need.DOMESTIC_VIOLENCE_SHELTER: (Urgency.CRISIS, Urgency.URGENT),
    Need.YOUTH_SHELTER: (Urgency.URGENT, Urgency.CRISIS),
    Need.PSYCHIATRIC_CARE: (Urgency.URGENT, Urgency.ROUTINE),
    Need.SUBSTANCE_USE_TREATMENT: (Urgency.URGENT, Urgency.ROUTINE),
}
MILD: Final = (Urgency.ROUTINE, Urgency.URGENT)
FIRST_NAMES: Final = ("Ada", "Bram", "Cleo", "Dario", "Edda", "Femi", "Gus", "Hana", "Ivo", "Juno")
LAST_NAMES: Final = ("Ashdown", "Birkett", "Corrigan", "Dunmore", "Eastby", "Fallow", "Garside")
SPOTS: Final = (
    "the bench by the ferry landing",
    "under the Cooper Street viaduct",
    "the laundromat on Wharf Street",
    "a friend's porch on Levee Road",
    "the library steps, most afternoons",
)
NOTES: Final = ("prefers mornings", "has a dog called Biscuit", "works nights at the mill", None)
LANGUAGES: Final = ("en", "en", "en", "en", "en", "es", "es", "so", "vi", "ar")
MINOR: Final = 18
HAS_PHONE: Final = 0.7
NEEDS_MORE: Final = 0.15
OF_YOUTH: Final = frozenset({Need.YOUTH_SHELTER, Need.YOUTH_MENTORING, Need.FAMILY_MEDIATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an officer does to a referral later: ``withdraw`` it, or ``correct`` it."""

    step: str
    after: timedelta
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encounter:
    """An officer meets a person; ``tally`` = help was offered and not wanted."""

    number: int
    at: datetime
    unit_id: str
    key: str
    body: dict[str, Any]
    tally: bool = False
    change: Change | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A day from ``start`` to ``end``; the same seed and start give the same plan."""

    seed: int
    start: datetime
    end: datetime
    encounters: tuple[Encounter, ...]


def plan_day(seed: int, start: datetime, encounters: int = ENCOUNTERS) -> Plan:
    """The plan of a day that begins at ``start``, with this many encounters (1 or more)."""
    rng = Random(f"handoff:{seed}")  # noqa: S311 - a play, not a secret
    moments = _moments(rng, start, encounters)
    made = tuple(_encounter(rng, seed, n, at) for n, at in enumerate(moments, 1))
    return Plan(seed=seed, start=start, end=start + LENGTH, encounters=made)


def _moments(rng: Random, start: datetime, count: int) -> list[datetime]:
    """Sorted moments, none twice: a second tells every two encounters apart."""
    span = int((LAST - FIRST).total_seconds())
    seconds = sorted(rng.sample(range(span), count))
    return [start + FIRST + timedelta(seconds=second) for second in seconds]


def _encounter(rng: Random, seed: int, number: int, at: datetime) -> Encounter:
    need, urgency = _need(rng, number)
    later = number > len(OPENING)
    tally = later and number % TALLY_EVERY == 0
    key = uuid5(NAMESPACE, f"{seed}:{number}:{at.isoformat()}")
    door = rng.choice(list(EntryDoor))
    body = _tally(need, door) if tally else _submission(rng, str(key), need, urgency, door)
    if not later:
        body["person"] |= {"language": "en", "household_size": 1, "accommodations": []}
    training = later and number % TRAINING_EVERY == 0
    return Encounter(
        number=number,
        at=at,
        unit_id=TRAINING_UNIT if training else rng.choice(("central", "riverside")),
        key=str(key),
        body=body,
        tally=tally,
        change=_change(number),
    )


def _need(rng: Random, number: int) -> tuple[Need, Urgency]:
    if number <= len(OPENING):
        return OPENING[number - 1]
    need = rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    return need, rng.choice(URGENCIES.get(need, MILD))


def _tally(need: Need, door: EntryDoor) -> dict[str, Any]:
    return {"need": need.value, "entry_door": door.value}


def _submission(
    rng: Random, key: str, need: Need, urgency: Urgency, door: EntryDoor
) -> dict[str, Any]:
    person = _person(rng, need)
    consent = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
    if person["age"] < MINOR:
        consent |= {"given_by": "guardian", "representative_name": "a parent"}
    body: dict[str, Any] = {
        "encounter_id": key,
        "need": need.value,
        "urgency": urgency.value,
        "entry_door": door.value,
        "voluntary": True,
        "person": person,
        "place": {
            "latitude": round(rng.gauss(CENTRE[0], SPREAD_DEGREES), 5),
            "longitude": round(rng.gauss(CENTRE[1], SPREAD_DEGREES), 5),
        },
        "consent": consent,
    }
    note = rng.choice(NOTES)
    return body | ({"note": note} if note else {})


def _person(rng: Random, need: Need) -> dict[str, Any]:
    person: dict[str, Any] = {
        "name": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        "where_to_find": rng.choice(SPOTS),
        "safe_contact": SafeContact.IN_PERSON_ONLY.value,
        "language": rng.choice(LANGUAGES),
        "age": rng.randint(13, 17) if need in OF_YOUTH else rng.randint(19, 70),
        "household_size": rng.choice((1, 1, 1, 2, 3)),
    }
    if rng.random() < HAS_PHONE:
        number = f"+1-309-555-01{rng.randint(0, 99):02}"
        person |= {"phone": number, "safe_contact": SafeContact.NO_VOICEMAIL.value}
    if rng.random() < NEEDS_MORE:
        person["accommodations"] = [rng.choice(list(Accommodation)).value]
    return person


def _change(number: int) -> Change | None:
    if number == WITHDRAWN:
        return Change(step="withdraw", after=timedelta(minutes=9), body={"reason": "self_resolved"})
    if number == CORRECTED:
        return Change(
            step="correct", after=timedelta(minutes=4), body={"person": {"household_size": 2}}
        )
    return None
