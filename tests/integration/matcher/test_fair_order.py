"""Whatever the order of events, a freed place goes to the first of those who wait for it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events.snapshot import LiveOffer, Snapshot
from contracts.vocabulary import OfferState, Urgency
from tests.integration.matcher.desk import (
    ADMIN,
    COORDINATOR,
    Desk,
    Desks,
    attempt,
    ended,
    submitted,
)
from tests.ports.samples import NOON

RANK: Final = {Urgency.CRISIS: 0, Urgency.URGENT: 1, Urgency.ROUTINE: 2}
PROGRAMS: Final = ("harbour-beds", "lodge-beds")


@dataclass(slots=True)
class Town:
    """Referrals in a small town; each knows which programs would take it."""

    desk: Desk
    known: dict[UUID, Snapshot] = field(default_factory=dict)

    def play(self, name: str, number: int) -> None:
        """One event of a history."""
        if name == "submit":
            self._hear(_referral(number))
        elif name in {"decline", "withdraw"}:
            self._answer(name, number)
        elif name == "pause":
            self._pause(PROGRAMS[number % 2])
        else:
            places = number % 3
            self.desk.clock.advance(timedelta(minutes=5))
            assert self.desk.state(PROGRAMS[number % 2], places).status_code == 200
        self._decide()

    def _decide(self) -> None:
        """Whoever is first in the order among those who wait for a place has got it."""
        before = self._holders()
        self.desk.decide()
        after = self._holders()
        for program in PROGRAMS:
            new = after[program] - before[program]
            open_to = self._waits_for(program, after["any"])
            for one in open_to:
                behind = [self.known[i] for i in new if _key(self.known[i]) > _key(one)]
                assert not behind, "a place went to a later, less urgent one"
            takes = self.desk.call(ADMIN, "GET", f"/v1/programs/{program}").get_json()
            assert not open_to or takes["paused"] or self.desk.free(program) == 0
        for ident in after["any"] - before["any"]:
            (program,) = self.desk.holds(self.known[ident])
            self._hear(_taken_up(self.known[ident], program))

    def _holders(self) -> dict[str, set[UUID]]:
        found: dict[str, set[UUID]] = {name: set() for name in (*PROGRAMS, "any")}
        for ident, program in self.desk.all_holds():
            found[program].add(ident)
            found["any"].add(ident)
        return found

    def _waits_for(self, program: str, holders: set[UUID]) -> list[Snapshot]:
        return [
            one
            for ident, one in self.known.items()
            if one.open_attempt and program not in one.excluded and ident not in holders
        ]

    def _answer(self, name: str, number: int) -> None:
        live = sorted((o for o in self.known.values() if o.live_offers), key=_key)
        if not live:
            return
        one = live[number % len(live)]
        offer = one.live_offers[0]
        no = tuple(sorted({*one.excluded, offer.program_id}))
        again = attempt(one, offer.attempt + 1, excluded=no)
        self._hear(again if name == "decline" else ended(one))

    def _pause(self, program: str) -> None:
        paused = self.desk.call(ADMIN, "GET", f"/v1/programs/{program}").get_json()["paused"]
        step = "resume" if paused else "pause"
        path = f"/v1/programs/{program}/{step}"
        assert self.desk.call(COORDINATOR, "POST", path, {}).status_code == 200

    def _hear(self, snapshot: Snapshot) -> None:
        self.known[snapshot.referral_id] = snapshot
        self.desk.hear(snapshot)


def _referral(number: int) -> Snapshot:
    """Numbers say how urgent, how old and how choosy it is, and nothing of when it is heard of."""
    made = submitted(
        urgency=tuple(Urgency)[number % 3], submitted_at=NOON - timedelta(minutes=number % 7)
    )
    choosy = number % 5 == 0
    return replace(made, excluded=(PROGRAMS[number % 2],) if choosy else ())


def _taken_up(snapshot: Snapshot, program: str) -> Snapshot:
    number = snapshot.open_attempt.number if snapshot.open_attempt else 1
    live = LiveOffer(
        offer_id=uuid4(),
        program_id=program,
        agency_id=program.partition("-")[0],
        attempt=number,
        state=OfferState.OPEN,
        deadline_at=NOON,
    )
    return replace(snapshot, open_attempt=None, live_offers=(live,))


def _key(snapshot: Snapshot) -> tuple[int, Any, UUID]:
    return RANK[snapshot.facts.urgency], snapshot.submitted_at, snapshot.referral_id


NAMES: Final = st.sampled_from(
    ["submit", "submit", "submit", "state", "decline", "withdraw", "pause"]
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=st.lists(st.tuples(NAMES, st.integers(0, 209)), min_size=8, max_size=20))
def test_whatever_the_order_of_events_a_place_goes_to_the_first_in_the_stated_order(
    desks: Desks, history: list[tuple[str, int]]
) -> None:
    with desks.desk() as desk:
        desk.opened(harbour=1, lodge=1)
        town = Town(desk)
        for name, number in history:
            town.play(name, number)
        assert desk.replayed() == []
