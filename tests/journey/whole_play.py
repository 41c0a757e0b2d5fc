"""How a step of a random life is taken: the suite asked, the model asked, and all looked at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from services.chassis.actor import Actor
from tests.journey.clockwork import Clockwork
from tests.journey.directory import directory, program
from tests.journey.town import ADMIN, COORDINATOR
from tests.journey.whole_end import check_the_end
from tests.journey.whole_model import Town
from tests.journey.whole_reading import BreachError, Reader
from tests.journey.whole_things import ENDED, LIVE, Offer, Program, Referral

# A place each: whoever comes second waits.
PLACES: Final = dict.fromkeys(
    ["near/beds", "far/beds", "talk/rooms", "refuge/rooms", "school/beds"], 1
)
NEED_OF: Final = {"talk": "counselling", "refuge": "domestic_violence_shelter"}
# Who is older than that goes elsewhere; whose age nobody knows may go.
OLDEST_OF: Final = {"far": 30}
# A minute before the directory's statements: so long an acceptance is not yet in them.
COUNTS_FROM: Final = datetime.fromisoformat("2027-02-28T11:59:00Z")
GIVEN: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}

# The first of what is drawn is the plainest: to that a failing run is shrunk. After a step all
# comes to rest, or the next step follows at once, or after a few movements.
PACES: Final = st.sampled_from(["rest", "rush", "rush", "some"])
PICKS: Final = st.integers(0, 11)
NEEDS: Final = st.sampled_from(
    ["emergency_shelter"] * 3 + ["counselling", "domestic_violence_shelter"]
)
URGENCIES: Final = st.sampled_from(["urgent", "crisis", "routine"])
# Of a dozen picks, so many go on with what was touched last, and so many with what a step is for.
SAME_AGAIN: Final = 4
FITTING: Final = 10
A_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Meeting:
    """Whom an officer meets; ``sent`` twice where the answer was lost on the way."""

    need: str
    urgency: str
    consent: str
    sent: str


MEETINGS: Final = st.builds(
    Meeting,
    need=NEEDS,
    urgency=URGENCIES,
    consent=st.sampled_from(["given", "ends", "near_only", "cannot"]),
    sent=st.sampled_from(["once", "twice"]),
)


def prepare(works: Clockwork) -> None:
    """Units, a directory and an address for letters; the model's programs are the same."""
    for unit, training in (("central", False), ("academy", True)):
        ok(works.call(ADMIN, "PUT", f"/v1/units/{unit}", {"name": unit, "training": training}))
    rows = [
        program(name, need=_need(name), available=places, training=_trains(name), **_oldest(name))
        for name, places in PLACES.items()
    ]
    ok(works.call(ADMIN, "POST", "/v1/directory/imports", directory(*rows)))
    contacts = {"contacts": [{"email": "desk@near.example.org"}]}
    ok(works.call(ADMIN, "PUT", "/v1/agencies/near/contacts", contacts))
    works.settle()


def programs() -> dict[str, Program]:
    """The programs of the directory, as the model has them."""
    found = [
        Program(
            id=name.replace("/", "-"),
            need=_need(name),
            available=places,
            counts_from=COUNTS_FROM,
            training=_trains(name),
            oldest=OLDEST_OF.get(_agency(name)),
        )
        for name, places in PLACES.items()
    ]
    return {one.id: one for one in found}


class Play(RuleBasedStateMachine):
    """A town beside its model, on a suite that is put back to how it stood for each life."""

    works: ClassVar[Clockwork]
    kept: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.works.put_back(self.kept)
        self.town = Town(programs())
        self.reader = Reader(self.town)
        self.said_no = 0
        self.tried: Counter[str] = Counter()
        self.officer_of: dict[str, Actor] = {}
        self.touched: Referral | None = None
        self.whole = True

    def teardown(self) -> None:
        """Where every step went well: come to rest, and hold everything to the model."""
        if self.whole:
            self.works.pass_time(2)  # a minute's refused attempts are counted when it is over
            self.rest()
            check_the_end(self.works, self.town, self.said_no, self.tried)

    def begin(self) -> datetime:
        """The time of a step; the clock moves so little that nothing becomes due by it."""
        self.whole = False
        return self.works.clock.advance(timedelta(milliseconds=1))

    def go_on(self, pace: str = "rush") -> None:
        """End a step."""
        if pace == "rest":
            self.rest()
        elif pace == "some":
            self.works.move(A_FEW, len(self.works.log.sent))
            self.look(at_rest=False)
        self.whole = True

    def rest(self) -> None:
        """Let everything follow that has to, and look."""
        self.works.settle()
        self.look(at_rest=True)

    def look(self, *, at_rest: bool) -> None:
        """Let the model learn from what the coordinator sees."""
        now = self.works.clock.now()
        due = any(offer.deadline <= now for offer in self.offers(LIVE))
        agencies = self.works.get(ADMIN, "/v1/directory/agencies")["items"] if due else []
        silent = {a["agency_id"] for a in agencies if a["paused_because"] == "silence"}
        seen = self.works.get(COORDINATOR, "/v1/referrals?limit=100")["items"]
        if {one["referral_id"] for one in seen} != self.town.referrals.keys():
            raise BreachError(f"of {len(self.town.referrals)} referrals {len(seen)} are there")
        self.reader.read(seen, silent, now, at_rest=at_rest)

    def referral(self, pick: int) -> Referral:
        """The one that was touched last, or one that goes on, or any."""
        everybody = list(self.town.referrals.values())
        open_ones = [one for one in everybody if one.state not in ENDED]
        found = open_ones if open_ones and pick < FITTING else everybody
        if self.touched is None or pick >= SAME_AGAIN:
            self.touched = found[pick % len(found)]
        return self.touched

    def offers(self, states: Sequence[str] = ()) -> list[Offer]:
        """The offers in these states; in any where none is named."""
        found = [offer for r in self.town.referrals.values() for offer in r.offers]
        return [offer for offer in found if not states or offer.state in states]

    def offer(self, pick: int, states: Sequence[str]) -> Offer:
        """The newest of the referral touched last, or one in these states, or any."""
        found = self.offers(states) or self.offers()
        if pick < SAME_AGAIN and self.touched is not None and self.touched.offers:
            found = self.touched.offers[-1:]
        elif pick >= FITTING:
            found = self.offers()
        chosen = found[pick % len(found)]
        self.touched = self.town.of(chosen)
        return chosen

    def command(self, referral: Referral, name: str, body: Any, *, allowed: bool) -> Any:
        """A coordinator's command, which goes well if and only if the model allows it."""
        path = f"/v1/referrals/{referral.id}/{name}"
        answer = self.works.call(COORDINATOR, "POST", path, body)
        answered(answer, allowed=allowed)
        return answer.json()


def consent_of(kind: str, now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """The consent of a submission, and what the model has of it."""
    ends_at = now + timedelta(hours=3)
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "given": (GIVEN, {}),
        "ends": (GIVEN | {"expires_at": ends_at.isoformat()}, {"ends_at": ends_at}),
        "near_only": (GIVEN | {"agencies": ["near"]}, {"named": frozenset({"near"})}),
        "cannot": ({"cannot_consent_now": True}, {"consent": "cannot_consent_now"}),
    }
    return found[kind]


def ok(answer: Any) -> Any:
    """The body of what must go well."""
    assert answer.is_success, f"{answer.status_code} {answer.text}"
    return answer.json()


def answered(answer: Any, *, allowed: bool) -> None:
    """Hold an answer to what the model says; a no is told plainly."""
    right = answer.is_success if allowed else answer.status_code in {409, 422}
    if not right:
        said = "allows" if allowed else "forbids"
        raise BreachError(f"the model {said} it: {answer.status_code} {answer.text}")


def _agency(name: str) -> str:
    return name.partition("/")[0]


def _need(name: str) -> str:
    return NEED_OF.get(_agency(name), "emergency_shelter")


def _oldest(name: str) -> dict[str, int]:
    oldest = OLDEST_OF.get(_agency(name))
    return {} if oldest is None else {"maximum_age": oldest}


def _trains(name: str) -> bool:
    return name.startswith("school")
