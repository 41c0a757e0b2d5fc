"""What officers, agencies and the person may do in a random life."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.chassis.actor import Actor
from tests.journey.town import COORDINATOR, OFFICER, OTHER_OFFICER, TRAINEE, partner, submission
from tests.journey.whole_model import names
from tests.journey.whole_play import (
    GIVEN,
    MEETINGS,
    NEEDS,
    PACES,
    PICKS,
    URGENCIES,
    Meeting,
    Play,
    answered,
    consent_of,
    ok,
)
from tests.journey.whole_things import HELD, LIVE, Offer, Referral

MOST: Final = 5
PROVIDER: Final = {"reason": "no_capacity", "side": "provider"}
PERSON: Final = {"reason": "disengaged", "side": "person"}
TOLD: Final = {"told_by": "the desk, by phone"}
STALE: Final = 412
_IDS: Final = UUID("7d7f2c60-5d0e-4d3c-9a53-0123456789ab")
Step = tuple[str, dict[str, Any]]
Handoff = tuple[str, str]


ANSWERS: Final[st.SearchStrategy[Step]] = st.sampled_from(
    [
        ("decline", PROVIDER),
        ("decline", PERSON),
        ("acknowledge", {}),
    ]
)
READING: Final[Step] = ("person", {})
WORK: Final[st.SearchStrategy[Step]] = st.sampled_from(
    [
        READING,
        ("engage", {}),
        ("contacts", {"mode": "visit", "reached": True}),
        ("complete", {"outcome": "housed"}),
        ("not-served", {"reason": "needs_higher_care", "side": "provider"}),
        ("not-served", PERSON),
        ("decline", PROVIDER),
    ]
)
# An agency answers for itself, or a coordinator records what it said.
RECORDED_BY: Final = st.sampled_from(["desk", "desk", "coordinator"])
# A kind and what happens now, where they are said.
HANDOFFS: Final = st.sampled_from(
    [
        ("in_person", "called_at"),
        ("", "arrived_at"),
        ("", "left_at"),
        ("phone", "called_at"),
        ("in_person", "arrived_at"),
        ("cold", ""),
    ]
)
HELP_NOT_WANTED: Final = "help not wanted"
# What the person wishes, as it is sent; the agency may not have heard of it when it acts.
SAYING: Final = {
    "withdraw": {"reason": "declined"},
    "revoke-consent": {},
    "erase": {"reason": "person_asked"},
    "consent": GIVEN,
}
WISHES: Final = st.sampled_from([*SAYING, "consent"])
AFTERWARDS: Final = st.sampled_from(["nothing", "the agency accepts", "the agency reads"])
# Who tells how the person came, or how old they are.
TOLD_BY: Final = st.sampled_from(["officer", "coordinator", "desk"])
# What an officer may not do, by the kind under which it is counted.
TRIES: Final = {
    "role": ("GET", "/v1/worklist"),
    "tenant": ("GET", "/v1/referrals/00000000-0000-4000-8000-000000000000"),
    "search": ("GET", "/v1/referrals?state=unplaced"),
    "unknown_address": ("GET", "/v1/persons"),
    "method": ("DELETE", "/v1/referrals"),
}


class People(Play):
    """The rules of those who meet the person, or take them in."""

    @initialize(first=st.lists(MEETINGS, min_size=1, max_size=4), pace=PACES)
    def begin_a_day(self, first: list[Meeting], pace: str) -> None:
        for met in first:
            self._submit(met, OFFICER)
        self.go_on(pace)

    @precondition(lambda self: len(self.town.referrals) < MOST)
    @rule(met=MEETINGS, who=st.sampled_from([OFFICER, OTHER_OFFICER, TRAINEE]), pace=PACES)
    def submit(self, met: Meeting, who: Actor, pace: str) -> None:
        self._submit(met, who)
        self.go_on(pace)

    def _submit(self, met: Meeting, who: Actor) -> None:
        now = self.begin()
        said, fields = consent_of(met.consent, now)
        # The last of a life would rather not go to the nearest.
        avoided = ["near-beds"] if len(self.town.referrals) == MOST - 1 else []
        body = submission(
            need=met.need,
            urgency=met.urgency,
            consent=said,
            avoided_programs=avoided,
            person={"age": None},
        )
        key = str(uuid5(_IDS, f"referral {now}"))
        receipt = ok(self.works.call(who, "POST", "/v1/referrals", body, Idempotency_Key=key))
        if met.sent == "twice":
            again = self.works.call(who, "POST", "/v1/referrals", body, Idempotency_Key=key)
            assert ok(again) == receipt
        self.officer_of[receipt["referral_id"]] = who
        self.touched = self.town.referrals[receipt["referral_id"]] = Referral(
            id=receipt["referral_id"],
            need=met.need,
            urgency=met.urgency,
            submitted_at=now,
            door=body["entry_door"],
            training=who is TRAINEE,
            avoided=frozenset(avoided),
            **fields,
        )

    @precondition(lambda self: self.town.referrals)
    @rule(
        pick=PICKS,
        facts=st.tuples(NEEDS, URGENCIES),
        read=st.sampled_from(["newest", "newest", "older"]),
        pace=PACES,
    )
    def correct(self, pick: int, facts: tuple[str, str], read: str, pace: str) -> None:
        self.begin()
        referral, (need, urgency) = self.referral(pick), facts
        path, body = f"/v1/referrals/{referral.id}", {"need": need, "urgency": urgency}
        tag = f'"{referral.version - (read == "older")}"'
        answer = self.works.call(self.officer_of[referral.id], "PATCH", path, body, If_Match=tag)
        if read == "older":
            assert answer.status_code == STALE, answer.text
        else:
            answered(answer, allowed=self.town.correct(referral, need, urgency))
        self.go_on(pace)

    @precondition(lambda self: self.town.referrals)
    @rule(pick=PICKS, age=st.sampled_from([25, 40]), said=HANDOFFS, by=TOLD_BY, pace=PACES)
    def learn_more(self, pick: int, age: int, said: Handoff, by: str, pace: str) -> None:
        referral = self.referral(pick)
        if by == "officer":
            self._hand_over(referral, said)
        else:
            self._add_a_fact(referral, age, by)
        self.go_on(pace)

    def _hand_over(self, referral: Referral, said: Handoff) -> None:
        now, (kind, moment) = self.begin(), said
        record: dict[str, Any] = {"kind": kind} if kind else {}
        record |= {moment: now} if moment else {}
        body = {name: str(value) for name, value in record.items()}
        who, path = self.officer_of[referral.id], f"/v1/referrals/{referral.id}/handoff"
        answer = self.works.call(who, "POST", path, body)
        answered(answer, allowed=self.town.hand_over(referral, record, now))

    def _add_a_fact(self, referral: Referral, age: int, by: str) -> None:
        now, offers = self.begin(), referral.offers
        offer = offers[-1] if offers and by == "desk" else None
        where = f"offers/{offer.id}" if offer else f"referrals/{referral.id}"
        who = partner(offer.program.agency) if offer else COORDINATOR
        tag = f'"{referral.version}"'
        answer = self.works.call(who, "POST", f"/v1/{where}/facts", {"age": age}, If_Match=tag)
        answered(answer, allowed=self.town.answer(referral, age, now, offer))

    @rule(kind=st.sampled_from([HELP_NOT_WANTED, *sorted(TRIES)]))
    def hear_a_no_or_try_what_no_officer_may(self, kind: str) -> None:
        now = self.begin()
        if kind == HELP_NOT_WANTED:
            body = {"need": "counselling", "entry_door": "community"}
            key = str(uuid5(_IDS, f"tally {now}"))
            ok(self.works.call(OFFICER, "POST", "/v1/tallies", body, Idempotency_Key=key))
            self.said_no += 1
        else:
            assert self.works.call(OFFICER, *TRIES[kind]).is_client_error
            self.tried[kind] += 1
        self.go_on()

    @precondition(lambda self: self.offers(LIVE))
    @rule(pick=PICKS, by=RECORDED_BY, then=AFTERWARDS, pace=PACES)
    def accept(self, pick: int, by: str, then: str, pace: str) -> None:
        offer = self.offer(pick, LIVE)
        self._step(offer, ("accept", {}), by)
        self._afterwards(offer, then)
        self.go_on(pace)

    @precondition(lambda self: self.offers())
    @rule(pick=PICKS, said=ANSWERS, by=RECORDED_BY, pace=PACES)
    def answer(self, pick: int, said: Step, by: str, pace: str) -> None:
        self._step(self.offer(pick, LIVE), said, by)
        self.go_on(pace)

    @precondition(lambda self: self.offers())
    @rule(pick=PICKS, said=WORK, by=RECORDED_BY, pace=PACES)
    def work(self, pick: int, said: Step, by: str, pace: str) -> None:
        offer = self.offer(pick, HELD)
        if said == READING:
            self._read(offer)
        else:
            self._step(offer, said, by)
        self.go_on(pace)

    def _step(self, offer: Offer, said: Step, by: str) -> None:
        now, (name, body) = self.begin(), said
        who, told = partner(offer.program.agency), {}
        if by == "coordinator":
            who, told = COORDINATOR, TOLD
        answer = self.works.call(who, "POST", f"/v1/offers/{offer.id}/{name}", body | told)
        answered(answer, allowed=self.town.step(offer, body, name, now))

    def _afterwards(self, offer: Offer, then: str) -> None:
        if then == "the agency accepts":
            self._step(offer, ("accept", {}), "desk")
        elif then == "the agency reads":
            self._read(offer)

    def _read(self, offer: Offer) -> None:
        now, referral = self.begin(), self.town.of(offer)
        given = referral.standing(now) == "given" and names(referral, offer.program)
        who = partner(offer.program.agency)
        answer = self.works.call(who, "GET", f"/v1/offers/{offer.id}/person")
        answered(answer, allowed=offer.state in HELD and given)
        referral.reads += answer.is_success

    @precondition(lambda self: self.offers())
    @rule(pick=PICKS, what=st.sampled_from(["revoke", "consent", "honour"]), pace=PACES)
    def tell_the_agency(self, pick: int, what: str, pace: str) -> None:
        now = self.begin()
        offer = self.offer(pick, HELD)
        referral, agency = self.town.of(offer), offer.program.agency
        body: dict[str, Any] = {}
        if what == "revoke":
            may = offer.state in (*LIVE, *HELD, "completed")
            step, allowed = "revoke-consent", may and self.town.revoke(referral, now, agency)
        elif what == "consent":
            may = offer.state in HELD
            step, allowed = "consent", may and self.town.consented(referral, [agency])
            body = GIVEN | {"agencies": [agency]}
        else:
            step, allowed = "acknowledge-revocation", self.town.honour(offer, now)
        path = f"/v1/offers/{offer.id}/{step}"
        answered(self.works.call(partner(agency), "POST", path, body), allowed=allowed)
        self.go_on(pace)

    @precondition(lambda self: self.town.referrals)
    @rule(pick=PICKS, what=WISHES, then=AFTERWARDS, pace=PACES)
    def tell_the_coordinator(self, pick: int, what: str, then: str, pace: str) -> None:
        now, referral = self.begin(), self.referral(pick)
        wish: dict[str, Callable[[Referral, datetime], bool]] = {
            "withdraw": self.town.withdraw,
            "revoke-consent": self.town.revoke,
            "erase": self.town.erase,
            "consent": lambda of, _: self.town.consented(of),
        }
        self.command(referral, what, SAYING[what], allowed=wish[what](referral, now))
        if referral.offers:
            self._afterwards(referral.offers[-1], then)
        self.go_on(pace)
