"""A shift of people at work, who write down every call: officers, agencies, and one who waits.

Officers submit, and now and then take a consent back; agencies accept or decline, read whom they
have, and read them again later; a slow agency lets its offers lapse while the clock moves on.
"""

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Final, Self
from uuid import uuid4

import httpx

from contracts.vocabulary import Need, Role
from services.chassis.actor import Actor
from services.chassis.clock import Clock
from services.cli.client import Client, ClientError
from tests.journey.call_log import CallLog, LoggedTransport
from tests.journey.column import Column
from tests.journey.load import AGENCIES, PATIENCE_S, TIMEOUT_S, name_of
from tests.journey.town import ADMIN, submission

# Longer than a crisis of that sector may wait for its answer, and than any letter is leased.
STEP: Final = timedelta(minutes=31)
# A load that takes every core would make each return, which is what is waited for, take long.
PAUSE_S: Final = 1.0
REMEMBERED: Final = 12
# Stands in every submission: it must be nowhere but where persons are kept, sealed.
CANARY: Final = "Wrenquill"
SLOW: Final = Need.COUNSELLING
SLOW_AGENCY: Final = AGENCIES[SLOW].agency_id
NO: Final = {"reason": "no_capacity", "side": "provider"}


@dataclass(slots=True, kw_only=True)
class Hand(ABC):
    """One client on a thread of its own: ``turn`` is done again and again until it is enough."""

    client: Client
    rng: Random
    failures: list[str] = field(default_factory=list)

    def ask(self, request: Callable[[], Any]) -> Any:
        """The answer; None where the suite said no, which it may, or said nothing in time."""
        try:
            return request()
        except ClientError as error:
            if not 400 <= error.status < 500:
                self.failures.append(f"{error.status} {error}")
            return None

    @abstractmethod
    def turn(self) -> None:
        """Do what there is to do once."""


@dataclass(slots=True, kw_only=True)
class Officer(Hand):
    """Submits; takes every fourth consent back, of somebody met lately."""

    need: Need
    met: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def turn(self) -> None:
        """Meet somebody, and perhaps hear from somebody met before."""
        key = str(uuid4())
        person = {"age": 16, "name": name_of(key)}
        consent = {"scope": "all_stated", "given_by": "guardian", "method": "spoken"}
        consent["representative_name"] = f"{CANARY} senior"
        urgency = "crisis" if self.need is SLOW and not self.rng.randrange(5) else "routine"
        body = submission(need=self.need.value, urgency=urgency, person=person, consent=consent)
        body["note"] = f"{CANARY} sleeps in a van"
        receipt = self.ask(lambda: self.client.post("/v1/referrals", body, key))
        if receipt is not None:
            self.met.append(receipt["referral_id"])
        if self.met and not self.rng.randrange(4):
            path = f"/v1/referrals/{self.rng.choice(self.met)}/revoke-consent"
            self.ask(lambda: self.client.post(path, {}))


@dataclass(slots=True, kw_only=True)
class Desk(Hand):
    """Answers what is offered, but for a crisis; reads persons whom it took on, again later too."""

    taken: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def turn(self) -> None:
        """Answer every open offer, then look at some of those who are here."""
        page = self.ask(lambda: self.client.get("/v1/offers", state="open", limit=20))
        for offer in page["items"] if page else ():
            if offer["urgency"] != "crisis":
                self._answer(offer["offer_id"])
        for offer in self.rng.sample(list(self.taken), min(3, len(self.taken))):
            self.ask(lambda path=f"/v1/offers/{offer}/person": self.client.get(path))  # type: ignore[misc]

    def _answer(self, offer: str) -> None:
        path = f"/v1/offers/{offer}"
        if not self.rng.randrange(8):
            self.ask(lambda: self.client.post(f"{path}/decline", NO, f"{offer}-decline"))
        elif self.ask(lambda: self.client.post(f"{path}/accept", None, f"{offer}-accept")):
            self.taken.append(offer)
            self.ask(lambda: self.client.get(f"{path}/person"))


@dataclass(slots=True, kw_only=True)
class Hours(Hand):
    """Lets the time pass where an offer waits for that: it lapses.

    All the time, and all that is being routed would be due for its review faster than it is routed.
    """

    admin: Client
    clock: Clock

    def turn(self) -> None:
        """Move the clock of all processes on, if a crisis was offered."""
        page = self.ask(lambda: self.client.get("/v1/offers", state="open", limit=50))
        if any(offer["urgency"] == "crisis" for offer in (page["items"] if page else ())):
            moment = (self.clock.now() + STEP).isoformat()
            self.ask(lambda: self.admin.put("/ops/clock", {"now": moment}))
            # Three lapses in a row pause an agency, and nothing would lapse any more.
            self.ask(lambda: self.client.post(f"/v1/directory/agencies/{SLOW_AGENCY}/resume"))


class Shift:
    """Everybody at work from entry to exit."""

    def __init__(self, column: Column, log: CallLog, seed: int = 0) -> None:
        self._column, self._log, self._seed = column, log, seed
        self._enough = threading.Event()
        self._opened: list[httpx.Client] = []
        self.hands = [
            *(Officer(need=need, **self._one(_officer(need))) for need in AGENCIES),
            *(Desk(**self._one(who)) for who in AGENCIES.values()),
            Hours(
                admin=self._client(ADMIN),
                clock=column.platform.clock,
                **self._one(AGENCIES[SLOW]),
            ),
        ]
        self._threads = ThreadPoolExecutor(len(self.hands))
        self._working: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._working = [self._threads.submit(self._work, hand) for hand in self.hands]
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._threads.shutdown()
        for http in self._opened:
            http.close()
        for each in self._working:
            each.result()

    @property
    def failures(self) -> list[str]:
        """What nobody may meet: no answer, however long they ask."""
        return [failure for hand in self.hands for failure in hand.failures]

    @property
    def broke_off(self) -> bool:
        """Whether somebody stopped working, which is a fault of the test."""
        return any(each.done() for each in self._working)

    def _work(self, hand: Hand) -> None:
        while not self._enough.wait(PAUSE_S):
            hand.turn()

    def _one(self, who: Actor) -> Any:
        """A client for somebody, and the chance that they follow."""
        rng = Random(f"{self._seed} {who.subject}")  # noqa: S311 - a load, no secret
        return {"client": self._client(who), "rng": rng}

    def _client(self, who: Actor) -> Client:
        platform = self._column.platform
        transport = LoggedTransport(httpx.HTTPTransport(), self._log, who.subject)
        http = httpx.Client(
            base_url=self._column.address, timeout=TIMEOUT_S, transport=transport, trust_env=False
        )
        self._opened.append(http)
        token = platform.tokens.issue
        return Client(http, lambda: token(who, platform.clock.now()), PATIENCE_S)


def _officer(need: Need) -> Actor:
    return Actor(subject=f"officer-{need}", role=Role.OFFICER, unit_id="central")
