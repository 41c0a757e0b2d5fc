"""A machine that does whatever may happen to a suite, in any order, beside a model of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.journey.clockwork import End
from tests.journey.town import ADMIN, partner
from tests.journey.whole_people import PERSON, PROVIDER, People
from tests.journey.whole_play import PACES, PICKS, answered, ok, programs

CLOSINGS: Final = st.sampled_from(
    [
        {"outcome": "not_served", **PERSON},
        {"outcome": "not_served", **PROVIDER},
        {"outcome": "information_given"},
        {"outcome": "sheltered"},
    ]
)
COMMANDS: Final = st.sampled_from(["reroute", "close", "enter-in-error"])
PROGRAMS: Final = st.sampled_from(sorted(programs()))
TARGETS: Final = st.sampled_from(["near", "near-beds", "far", "refuge-rooms"])
STOPS: Final = st.sampled_from(["pause", "pause for two hours", "closing"])
MINUTES: Final = st.sampled_from([5, 45, 300, 1500, 4400])
# Three times in a row nobody answers: then an agency is silent.
TIMES: Final = st.sampled_from([1, 1, 1, 3])
TOPICS: Final = st.sampled_from(
    [
        {"service": "referral_api", "topic": "referral.lifecycle"},
        {"service": "matcher", "topic": "routing.housing"},
        {"service": "matcher", "topic": "directory.programs"},
        {"service": "referral_api", "topic": "referral.tallies"},
    ]
)
# How far back what is delivered late was sent; 0 = a whole topic is published again.
LATE: Final = st.sampled_from([0, 0, 1, 2, 4, 8, 16, 30])
MOST_AT_ONCE: Final = 8
# So often a process that starts after a crash is wired anew, which takes long.
WIRED_ANEW: Final = st.sampled_from([False] * 19 + [True])
# Drawn from one hat: people act more often than things go wrong.
HAPPENINGS: Final[st.SearchStrategy[tuple[Any, ...]]] = st.one_of(
    st.tuples(st.just("stop"), TARGETS, STOPS),
    st.tuples(st.just("start again"), PICKS),
    st.tuples(st.just("state places"), PROGRAMS, st.integers(0, 2)),
    st.tuples(st.just("send again"), TOPICS, LATE),
    st.tuples(st.just("crash"), st.sampled_from(End), WIRED_ANEW),
)


class WholeMachine(People):
    """The rules of coordinators, programs and time, and of what goes wrong."""

    @precondition(lambda self: self.town.referrals)
    @rule(pick=PICKS, where=PROGRAMS, how=st.sampled_from(["ask", "insist"]), pace=PACES)
    def place_by_hand(self, pick: int, where: str, how: str, pace: str) -> None:
        if self.town.unsure:  # the hand asks of a copy of the directory, which may be behind
            self.rest()
        self.begin()
        referral, insist = self.referral(pick), how == "insist"
        allowed = self.town.place(referral, self.town.programs[where], insist=insist)
        body = {"program_id": where, "note": "agreed", "insist": insist}
        seen = self.command(referral, "place", body, allowed=allowed)
        if allowed:
            self.reader.learn(seen, self.works.clock.now(), at_rest=False)
        self.go_on(pace)

    @precondition(lambda self: self.town.referrals)
    @rule(pick=PICKS, what=COMMANDS, closing=CLOSINGS, pace=PACES)
    def decide(self, pick: int, what: str, closing: dict[str, str], pace: str) -> None:
        now, referral = self.begin(), self.referral(pick)
        if what == "reroute":
            self.command(referral, what, {}, allowed=self.town.reroute(referral))
        elif what == "close":
            allowed = self.town.close(referral, closing["outcome"], closing.get("side"), now)
            self.command(referral, what, closing, allowed=allowed)
        else:
            allowed = self.town.mark_in_error(referral, now)
            self.command(referral, what, {"note": "twice"}, allowed=allowed)
        self.go_on(pace)

    @rule(happening=HAPPENINGS, pace=PACES)
    def happen(self, happening: tuple[Any, ...], pace: str) -> None:
        what, *said = happening
        happens: dict[str, Callable[..., None]] = {
            "stop": self._stop,
            "start again": self._start_again,
            "state places": self._state_places,
            "send again": self._send_again,
            "crash": self._crash,
        }
        happens[what](*said)
        self.go_on(pace)

    def _stop(self, target_id: str, how: str) -> None:
        now = self.begin()
        until = _until(target_id, how, now)
        kind, step = ("closing", "close") if how == "closing" else ("pause", "pause")
        said = {"reason": "full", "until": until.isoformat() if until else None}
        path, body = f"{_address(target_id)}/{step}", said if kind == "pause" else {}
        answer = self.works.call(ADMIN, "POST", path, body)
        answered(answer, allowed=self.town.halt(target_id, kind, until))

    def _start_again(self, pick: int) -> None:
        now = self.begin()
        if not self.town.halts:
            return
        target, kind = sorted(self.town.halts)[pick % len(self.town.halts)]
        path = f"{_address(target)}/{'resume' if kind == 'pause' else 'reopen'}"
        answer = self.works.call(ADMIN, "POST", path, {})
        answered(answer, allowed=self.town.resume(target, kind, now))

    def _state_places(self, where: str, free: int) -> None:
        self.rest()  # an agency counts those who are there, not what is under way
        now, program = self.begin(), self.town.programs[where]
        tag = f'"{program.version}"'
        body = {"available": self.town.state_places(program, free, now)}
        path, who = f"/v1/programs/{where}/capacity", partner(program.agency)
        ok(self.works.call(who, "PUT", path, body, If_Match=tag))

    @rule(minutes=MINUTES, times=TIMES, pace=PACES)
    def let_time_pass(self, minutes: int, times: int, pace: str) -> None:
        for turn in range(times):
            if turn:
                self.rest()
            now = self.begin() + timedelta(minutes=minutes)
            ok(self.works.call(ADMIN, "PUT", "/ops/clock", {"now": now.isoformat()}))
            self.works.look_around()
        self.go_on(pace)

    def _send_again(self, topic: dict[str, str], last: int) -> None:
        self.begin()
        if last:
            self.works.log.deliver(self.works.log.sent[-last:][:MOST_AT_ONCE][::-1])
        else:
            ok(self.works.call(ADMIN, "POST", "/ops/republish", topic))
            self.works.look_around()

    def _crash(self, where: End, anew: bool) -> None:  # noqa: FBT001 - it is drawn
        self.begin()
        self.works.end(where, rebuilt=anew)
        self.look(at_rest=False)


def _until(target_id: str, how: str, now: datetime) -> datetime | None:
    """Only one program pauses until a time: an agency that falls silent then would stay so."""
    timed = how == "pause for two hours" and "-" in target_id
    return now + timedelta(hours=2) if timed else None


def _address(target_id: str) -> str:
    return f"/v1/{'programs' if '-' in target_id else 'directory/agencies'}/{target_id}"
