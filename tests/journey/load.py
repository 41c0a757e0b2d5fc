"""People at work all the time: officers submit and agencies accept while a test does its worst."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final, Self
from uuid import uuid4

import httpx
from sqlalchemy import select

from contracts.vocabulary import Need, OfferState, Role
from services.chassis.actor import Actor
from services.cli.client import Client, ClientError
from services.local_servers.waiting import wait_until
from services.notifier.domain.notices import Template
from services.notifier.tables import NoticeRow
from services.referral_api.tables import Offer, Referral
from tests.journey.column import Column
from tests.journey.directory import program
from tests.journey.town import Town, partner, submission

# One need of each sector, so that every topic is in use; each has a program of its own.
AGENCIES: Final = {
    Need.EMERGENCY_SHELTER: partner("harbour"),
    Need.COUNSELLING: partner("talks"),
    Need.YOUTH_MENTORING: partner("youth"),
}
PLACES: Final = 100_000
PATIENCE_S: Final = 180.0
PROGRESS_S: Final = 240.0
TIMEOUT_S: Final = 60.0
_LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


def programs() -> list[dict[str, Any]]:
    """A program for each need, with room for everybody."""
    return [
        program(f"{who.agency_id}/desk", need=need.value, available=PLACES)
        for need, who in AGENCIES.items()
    ]


def open_mailboxes(town: Town) -> None:
    """Let every agency name an address for its letters."""
    for who in AGENCIES.values():
        contacts = {"contacts": [{"email": f"desk@{who.agency_id}.example.org"}]}
        town.put(who, f"/v1/agencies/{who.agency_id}/contacts", contacts)


@dataclass(slots=True)
class Pair:
    """An officer and the agency that takes in whom this officer meets, on a thread of their own."""

    column: Column
    need: Need
    patience_s: float
    pause_s: float
    enough: threading.Event
    asked: int = 0
    failures: list[str] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)

    def work(self) -> None:
        """Submit, look, accept, again and again until it is enough."""
        with httpx.Client(base_url=self.column.address, timeout=TIMEOUT_S) as http:
            officer = self._client(http, _officer_for(self.need))
            desk = self._client(http, AGENCIES[self.need])
            while not self.enough.wait(self.pause_s):
                self._meet(officer)
                self._take_in(desk)

    def _meet(self, officer: Client) -> None:
        key = str(uuid4())
        consent = {"scope": "all_stated", "given_by": "guardian", "method": "spoken"}
        consent["representative_name"] = "a parent"
        person = {"age": 16, "name": name_of(key)}
        body = submission(need=self.need.value, person=person, consent=consent)
        receipt = self._ask(lambda: officer.post("/v1/referrals", body, key))
        if receipt is not None:
            self.acknowledged[key] = receipt["referral_id"]
            self._ask(lambda: officer.get(f"/v1/referrals/{receipt['referral_id']}"))

    def _take_in(self, desk: Client) -> None:
        page = self._ask(lambda: desk.get("/v1/offers", state="open"))
        for offer in page["items"] if page else ():
            path, key = f"/v1/offers/{offer['offer_id']}/accept", f"{offer['offer_id']}-accept"
            if self._ask(lambda path=path, key=key: desk.post(path, None, key)) is not None:  # type: ignore[misc]
                self.accepted.add(offer["offer_id"])

    def _client(self, http: httpx.Client, who: Actor) -> Client:
        platform = self.column.platform
        return Client(
            http, lambda: platform.tokens.issue(who, platform.clock.now()), self.patience_s
        )

    def _ask(self, request: Callable[[], Any]) -> Any:
        """The answer; None, and a failure on the list, where there was none in time or a no."""
        self.asked += 1
        try:
            return request()
        except ClientError as error:
            self.failures.append(f"{error.status} {error}")
            return None


def name_of(key: str) -> str:
    """Nobody else's: who is met again and again would be looked up as a double each time."""
    return "".join(letter for letter in key.translate(_LETTERS) if letter.isalpha()).title()


def _officer_for(need: Need) -> Actor:
    return Actor(subject=f"officer-{need}", role=Role.OFFICER, unit_id="central")


class Load:
    """Each pair at work from entry to exit; ``patience_s`` 0 sends nothing a second time.

    ``pause_s`` is between two encounters of a pair: a load that takes every core would make a
    server's return, which is what a test waits for, take minutes.
    """

    def __init__(self, town: Town, *, patience_s: float = PATIENCE_S, pause_s: float = 0) -> None:
        self._town = town
        self._enough = threading.Event()
        self.pairs = [
            Pair(town.column, need, patience_s, pause_s, self._enough) for need in AGENCIES
        ]
        self._threads = ThreadPoolExecutor(len(self.pairs))
        self._working: list[Future[None]] = []

    def __enter__(self) -> Self:
        self._working = [self._threads.submit(pair.work) for pair in self.pairs]
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._threads.shutdown()
        for each in self._working:
            each.result()

    @property
    def asked(self) -> int:
        """How many requests were sent, a repeated one counted once."""
        return sum(pair.asked for pair in self.pairs)

    @property
    def failures(self) -> list[str]:
        """What went wrong from where the people stand."""
        return [failure for pair in self.pairs for failure in pair.failures]

    @property
    def acknowledged(self) -> dict[str, str]:
        """The referral of each submission that was answered with 201, by its key."""
        return {key: ident for pair in self.pairs for key, ident in pair.acknowledged.items()}

    @property
    def accepted(self) -> set[str]:
        """The offers whose acceptance was answered with 200."""
        return {offer for pair in self.pairs for offer in pair.accepted}

    def await_submissions(self, count: int) -> None:
        """Go on when so many more submissions were acknowledged."""
        self._await(count, lambda: len(self.acknowledged))

    def await_acceptances(self, count: int) -> None:
        """Go on when so many more offers came all the way and were accepted."""
        self._await(count, lambda: len(self.accepted))

    def losses(self) -> list[str]:
        """What was acknowledged and is not there, or is there twice; for a town at rest."""
        with self._town.column.stores() as stores:
            referrals = dict(stores.referral_api.execute(select(Referral.id, Referral.state)).all())
            offers = stores.referral_api.execute(select(Offer.id, Offer.state)).all()
            about = select(NoticeRow.offer_id).where(NoticeRow.template == Template.OFFER_MADE)
            told = Counter(stores.notifier.scalars(about))
        kept = {str(ident) for ident in referrals}
        held = {str(ident) for ident, state in offers if state is OfferState.ACCEPTED}
        known = set(self.acknowledged.values())
        return [
            *(f"{ident}: acknowledged, and lost" for ident in known - kept),
            *(f"{ident}: kept, and never acknowledged" for ident in kept - known),
            *(f"{offer}: accepted, and forgotten" for offer in self.accepted - held),
            *(f"{o}: its agency has {told[o]} notices" for o, _ in offers if told[o] != 1),
        ]

    def _await(self, count: int, done: Callable[[], int]) -> None:
        wanted = done() + count
        there = wait_until(lambda: self._ended or done() >= wanted, PROGRESS_S)
        assert there, f"{done()} of {wanted} after {PROGRESS_S} s: {self.failures}"

    @property
    def _ended(self) -> bool:
        """Whether somebody stopped working, which is a fault of the test."""
        return any(each.done() for each in self._working)
