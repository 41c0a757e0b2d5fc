"""Playing a day through the public HTTP API, as officers and partners would."""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from services.chassis.actor import Actor
from services.cli import people
from services.cli.client import Client, ClientError
from services.cli.habits import Asked, Step, steps_for
from services.cli.plan import Encounter, Plan
from services.cli.settle import BOUND_S, settle

# Answers to a step that something else overtook: done before, gone, or changed meanwhile.
OVERTAKEN: Final = frozenset({404, 409, 412})
PAST_DEADLINE: Final = timedelta(seconds=1)
ROUND: Final = timedelta(hours=2)
ENDED: Final = frozenset({"completed", "declined", "lapsed", "not_served", "rescinded"})

Act = Callable[[], bool]


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """Something that is to happen at ``at``; the numbers put turns of one moment in order."""

    at: datetime
    encounter: int
    number: int
    act: Act = field(compare=False)


@dataclass(slots=True)
class Player:
    """Plays a plan to its end.

    ``client_of`` gives each actor a client; its patience decides how long a suite may be away.
    Every submission and step has a fixed Idempotency-Key and an overtaken step is passed over, so
    a day whose suite is killed and restarted goes on, and a second player may take over.
    """

    plan: Plan
    client_of: Callable[[Actor], Client]
    watch: Callable[[datetime, Counter[str]], None] | None = None
    bound_s: float = BOUND_S
    done: Counter[str] = field(default_factory=Counter)
    _now: datetime = field(init=False)
    _agenda: list[Turn] = field(default_factory=list)
    _turns: int = 0
    _met: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, set[str]] = field(default_factory=dict)
    _clients: dict[Actor, Client] = field(default_factory=dict)

    def play(self) -> Counter[str]:
        """Play the day; returns how often each thing was done. Raises ClientError."""
        self._now = datetime.fromisoformat(self._as(people.ADMIN).get("/ops/clock")["now"])
        for encounter in self.plan.encounters:
            self._at(encounter.at, encounter.number, partial(self._meet, encounter))
        self._at(self.plan.end - ROUND, 0, self._clear_unplaced)
        while self._agenda and self._agenda[0].at <= self.plan.end:
            self._take(heapq.heappop(self._agenda))
        self._move_clock(self.plan.end)
        self._settle()
        return self.done

    def _take(self, turn: Turn) -> None:
        self._move_clock(turn.at)
        if turn.act():
            self._settle()
            self._look_round()
        if self.watch is not None:
            self.watch(self._now, self.done)

    def _meet(self, encounter: Encounter) -> bool:
        officer = self._as(people.officer(encounter.unit_id))
        if encounter.tally:
            officer.post("/v1/tallies", encounter.body, encounter.key)
            self.done["tallied"] += 1
            return False
        receipt = officer.post("/v1/referrals", encounter.body, encounter.key)
        referral_id = receipt["referral_id"]
        self._met[referral_id] = encounter.number
        self.done["submitted"] += 1
        if encounter.change is not None:
            at = encounter.at + encounter.change.after
            self._at(at, encounter.number, partial(self._change, encounter, referral_id))
        return True

    def _change(self, encounter: Encounter, referral_id: str) -> bool:
        """The officer withdraws or corrects; False where an acceptance came first."""
        officer = self._as(people.officer(encounter.unit_id))
        path = f"/v1/referrals/{referral_id}"
        change = encounter.change
        if change is None:
            return False
        if change.step == "withdraw":
            key = f"{encounter.key}-withdraw"
            return self._try(
                "withdrawn", partial(officer.post, f"{path}/withdraw", change.body, key)
            )
        version = officer.read(path).version or 0
        return self._try("corrected", partial(officer.patch, path, change.body, version))

    def _look_round(self) -> None:
        """Wake each agency that has something new, as its mailbox would; it reads its offers."""
        board = self._as(people.COORDINATOR).items("/v1/offers")
        new = {offer["agency_id"] for offer in board if self._is_new(offer)}
        desks = {agency_id: self._as(people.partner(agency_id)) for agency_id in new}
        fresh = [
            (agency_id, offer)
            for agency_id, desk in desks.items()
            for offer in desk.items("/v1/offers")
            if self._is_new(offer)
        ]
        # Who takes over a day finds several offers of a referral at once, and counts them the same.
        for agency_id, offer in sorted(fresh, key=lambda found: self._order(found[1])):
            self._answer(agency_id, offer)

    def _is_new(self, offer: dict[str, Any]) -> bool:
        seen = self._seen.get(offer["referral_id"], set())
        return offer["referral_id"] in self._met and offer["offer_id"] not in seen

    def _order(self, offer: dict[str, Any]) -> tuple[int, str, str]:
        return (self._met[offer["referral_id"]], offer["offered_at"], offer["program_id"])

    def _answer(self, agency_id: str, offer: dict[str, Any]) -> None:
        """Put on the agenda what this agency does with an offer, by its habits."""
        seen = self._seen.setdefault(offer["referral_id"], set())
        seen.add(offer["offer_id"])
        number = self._met[offer["referral_id"]]
        made, deadline = (
            datetime.fromisoformat(offer[name]) for name in ("offered_at", "deadline_at")
        )
        asked = Asked(
            agency_id=agency_id,
            encounter=number,
            ordinal=len(seen),
            need=offer["need"],
            time_left=deadline - made,
        )
        steps = steps_for(self.plan.seed, asked)
        for step in steps:
            self._at(made + step.after, number, partial(self._step, agency_id, offer, step))
        if not steps and offer["state"] not in ENDED:
            self._at(deadline + PAST_DEADLINE, number, self._lapse)

    def _step(self, agency_id: str, offer: dict[str, Any], step: Step) -> bool:
        desk = self._as(people.partner(agency_id))
        path = f"/v1/offers/{offer['offer_id']}/{step.name}"
        key = f"{offer['offer_id']}-{step.name}"
        done = self._try(step.name, partial(desk.post, path, dict(step.body), key))
        return done and step.routes

    def _lapse(self) -> bool:
        """Nobody answered and the deadline is past: the suite does the rest."""
        return True

    def _clear_unplaced(self) -> bool:
        """The coordinator ends what nobody in the city can take."""
        coordinator = self._as(people.COORDINATOR)
        body = {"outcome": "not_served", "reason": "no_capacity", "side": "provider"}
        for referral in list(coordinator.items("/v1/referrals", state="unplaced")):
            path = f"/v1/referrals/{referral['referral_id']}/close"
            self._try("closed by hand", partial(coordinator.post, path, body))
        return True

    def _try(self, name: str, act: Callable[[], object]) -> bool:
        """Whether the step could be taken; overtaken ones are passed over."""
        try:
            act()
        except ClientError as error:
            if error.status not in OVERTAKEN:
                raise
            self.done["overtaken"] += 1
            return False
        self.done[name] += 1
        return True

    def _move_clock(self, moment: datetime) -> None:
        if moment > self._now:
            self._as(people.ADMIN).put("/ops/clock", {"now": moment.isoformat()})
            self._now = moment

    def _settle(self) -> None:
        settle(self._as(people.ADMIN), self.bound_s)

    def _at(self, at: datetime, encounter: int, act: Act) -> None:
        self._turns += 1
        heapq.heappush(self._agenda, Turn(at, encounter, self._turns, act))

    def _as(self, actor: Actor) -> Client:
        if actor not in self._clients:
            self._clients[actor] = self.client_of(actor)
        return self._clients[actor]
