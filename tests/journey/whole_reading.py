"""Learning what the matcher chose and time did, and holding each to be what the rules allow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.journey.whole_model import Town, names
from tests.journey.whole_things import LIVE, SECTOR_OF, SEEKING, Offer, Program, Referral

ANSWER_WITHIN: Final = {
    ("housing", "crisis"): 60,
    ("housing", "urgent"): 240,
    ("housing", "routine"): 2880,
    ("mental_health", "crisis"): 30,
    ("mental_health", "urgent"): 240,
    ("mental_health", "routine"): 2880,
}
SILENT_AFTER: Final = 3


class BreachError(AssertionError):
    """What the suite shows is nothing that the rules allow."""


@dataclass(slots=True)
class Reader:
    """Brings a model up to what the coordinator reads; raises BreachError where that cannot be.

    ``lapses``: since all was at rest, by agency, whatever sign of life came between.
    """

    town: Town
    lapses: dict[str, int] = field(default_factory=dict)
    granted: list[tuple[Referral, Program]] = field(default_factory=list)

    def read(
        self, referrals: Sequence[Any], silent: set[str], now: datetime, *, at_rest: bool
    ) -> None:
        """Learn of everything; ``silent`` are the agencies that are paused because of silence.

        ``at_rest``: nothing is under way, so whatever had to follow has followed.
        """
        self._end_pauses(now)
        fell_silent = {a for a in silent if (a, "pause") not in self.town.halts}
        for agency in fell_silent:
            self.town.halt(agency, "pause", None)
        # What ended frees places, so it is learned of all before what took them.
        for seen in referrals:
            self._end_offers(seen, now)
        for seen in referrals:
            self.learn(seen, now, at_rest=at_rest)
        for agency in fell_silent:
            _hold(self.lapses.get(agency, 0) >= SILENT_AFTER, f"{agency} is paused, not silent")
        if at_rest:
            self._rest()

    def learn(self, seen: Any, now: datetime, *, at_rest: bool) -> None:
        """What became of one referral, as the coordinator reads it."""
        self._end_offers(seen, now)
        referral = self.town.referrals[seen["referral_id"]]
        _learn_consent(referral, seen["consent"], now, at_rest=at_rest)
        known = {offer.id: offer for offer in referral.offers}
        for shown in seen["offers"]:
            offer = known.get(shown["offer_id"]) or self._offered(referral, shown)
            self._moved(referral, offer, shown["state"], now)
            _hold(not at_rest or not self._is_over(offer, now), f"{offer} goes on")
        _learn_excluded(self.town, referral, set(seen["excluded"]))
        _learn_state(referral, seen, at_rest=at_rest)

    def _end_offers(self, seen: Any, now: datetime) -> None:
        """What became of the offers that are known."""
        referral = self.town.referrals[seen["referral_id"]]
        states = {shown["offer_id"]: shown["state"] for shown in seen["offers"]}
        for offer in referral.offers:
            _hold(offer.id in states, f"{offer} of {referral} is gone")
            self._moved(referral, offer, states[offer.id], now)

    def _offered(self, referral: Referral, shown: Any) -> Offer:
        """A new offer: the matcher chose, or the coordinator insisted, and each was free to."""
        program = self.town.programs[shown["program_id"]]
        made_at = datetime.fromisoformat(shown["offered_at"])
        deadline = datetime.fromisoformat(shown["deadline_at"])
        minutes = ANSWER_WITHIN[SECTOR_OF[referral.need], referral.urgency]
        offer = Offer(shown["offer_id"], program, made_at, deadline, shown["over_capacity"])
        whom = f"{program.id} to {referral}"
        _hold(referral.state in SEEKING, f"{whom}: nobody asked")
        _hold(names(referral, program), f"{whom}: the person named others")
        _hold(offer.over is referral.insisted, f"{whom}: over capacity is {offer.over}")
        _hold(deadline == made_at + timedelta(minutes=minutes), f"{whom}: due {deadline}")
        if program.id not in self.town.unsure:
            room = offer.over or self.town.taken(program) < program.available
            _hold(self.town.fits(program, referral), f"{whom}: it does not fit")
            _hold(room, f"{whom}: no place is free")
        referral.offers.append(offer)
        referral.state, referral.hand, referral.insisted = "offered", None, False
        self.granted.append((referral, program))
        return offer

    def _moved(self, referral: Referral, offer: Offer, state: str, now: datetime) -> None:
        """Nobody but time and a stopped program moves an offer without a command."""
        if state == offer.state:
            return
        stopped = self.town.stopped(offer.program) or offer.program.id in self.town.unsure
        causes = {"lapsed": offer.deadline <= now, "rescinded": stopped}
        was_live = offer.state in LIVE
        _hold(was_live and causes.get(state, False), f"{offer} of {referral} is {state}")
        offer.state = offer.answer = state
        referral.seek()
        if state == "lapsed":
            self._lapsed(referral, offer, now)

    def _lapsed(self, referral: Referral, offer: Offer, now: datetime) -> None:
        agency = offer.program.agency
        referral.excluded[offer.program.id] = "lapsed"
        if referral.training:
            return
        self.lapses[agency] = self.lapses.get(agency, 0) + 1
        heard_at = self.town.heard_at.get(agency)
        if heard_at is None or heard_at < now:
            self.town.lapses.setdefault(agency, []).append(now)

    def _is_over(self, offer: Offer, now: datetime) -> bool:
        stopped = self.town.stopped(offer.program)
        return offer.state in LIVE and (offer.deadline <= now or stopped)

    def _end_pauses(self, now: datetime) -> None:
        over = [key for key, until in self.town.halts.items() if until and until <= now]
        for target, kind in over:
            self.town.resume(target, kind, now)

    def _rest(self) -> None:
        """What must hold when nothing is under way."""
        town = self.town
        for agency, lapses in town.lapses.items():
            paused = (agency, "pause") in town.halts
            _hold(paused or len(lapses) < SILENT_AFTER, f"{agency} is silent, not paused")
        for program in town.programs.values():
            _hold(town.taken(program) <= program.available, f"{program}: {town.taken(program)}")
        waiting = [r for r in town.referrals.values() if r.state in SEEKING]
        for referral in waiting:
            self._waits_rightly(referral)
            self._was_not_passed_over(referral)
            referral.waited = True
        town.unsure.clear()
        self.granted.clear()
        self.lapses = {agency: len(lapses) for agency, lapses in town.lapses.items()}

    def _waits_rightly(self, referral: Referral) -> None:
        """Whoever waits finds no place, and is told apart from whom nothing fits."""
        town = self.town
        fitting = [p for p in town.programs.values() if town.fits(p, referral)]
        roomy = [p.id for p in fitting if town.taken(p) < p.available]
        _hold(not roomy, f"{referral} waits, and {roomy} have room")
        right = "waitlisted" if fitting and referral.hand is None else "unplaced"
        _hold(referral.state == right, f"{referral} is not {right}")

    def _was_not_passed_over(self, waiting: Referral) -> None:
        """A place that frees goes to the first of those who waited for it."""
        for referral, program in self.granted:
            sure = waiting.waited and program.id not in self.town.unsure
            first = sure and self.town.fits(program, waiting) and waiting.order < referral.order
            _hold(not first, f"{program.id} went to {referral} before {waiting}")


def _learn_consent(referral: Referral, status: str, now: datetime, *, at_rest: bool) -> None:
    """A consent ends by itself, noticed sooner or later."""
    if status == "expired" and referral.standing(now) == "expired":
        referral.consent, referral.ends_at = "expired", None
    _hold(status == referral.consent, f"{referral}: consent {status}")
    _hold(not at_rest or referral.standing(now) == status, f"{referral}: consent is over")


def _learn_excluded(town: Town, referral: Referral, excluded: set[str]) -> None:
    """Whoever said no or lapsed stays out; whoever was not named comes to be left out."""
    for program_id in excluded - referral.excluded.keys():
        named = names(referral, town.programs[program_id])
        _hold(not named, f"{program_id} is left out of {referral}")
        referral.excluded[program_id] = "not_named"
    _hold(excluded == referral.excluded.keys(), f"{referral}: {excluded} are left out")


def _learn_state(referral: Referral, seen: Any, *, at_rest: bool) -> None:
    state = seen["state"]
    if referral.state in SEEKING and state in SEEKING:
        referral.state = state
    _hold(state == referral.state, f"{referral} is {state}")
    _hold(not at_rest or state != "routing", f"{referral} is routed by nobody")
    _hold(seen["outcome"] == referral.outcome, f"{referral}: outcome {seen['outcome']}")
    _hold((seen["erased_at"] is not None) == referral.erased, f"{referral}: erased or not")


def _hold(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - it reads as an assertion
    if not holds:
        raise BreachError(otherwise)
