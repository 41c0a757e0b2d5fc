"""Withdrawal, revocation, acceptance and reading raced: one wins, and nothing leaks after."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from services.chassis.actor import Actor
from services.chassis.tables import audit
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.town import COORDINATOR, OFFICER, Town, partner, submission

DESK: Final = partner("harbour")
TEAMS: Final = 8  # of four clients each
TIMEOUT_S: Final = 60
NAME: Final = "Robin Marlowe"
CAME_FIRST: Final = {"offer.accept", "person.read"}
ENDS: Final = {"referral.withdraw", "consent.revoke"}


class Said(NamedTuple):
    """What a client was answered."""

    status: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Client:
    """One contender, with a connection and a token of its own."""

    http: httpx.Client

    def ask(self, method: str, path: str, body: object = None) -> Said:
        """What is answered."""
        answer = self.http.request(method, path, json=body)
        return Said(answer.status_code, answer.json())


@dataclass(slots=True)
class Round:
    """One referral with an open offer, and what its contenders were answered."""

    referral: str
    offer: str
    withdrawn: Said | None = None
    revoked: Said | None = None
    accepted: Said | None = None
    read: Said | None = None
    read_at_last: Said | None = None

    def withdraw(self, officer: Client) -> None:
        """The officer takes the referral back."""
        path = f"/v1/referrals/{self.referral}/withdraw"
        self.withdrawn = officer.ask("POST", path, {"reason": "declined"})

    def revoke(self, coordinator: Client) -> None:
        """The person's consent is taken back."""
        path = f"/v1/referrals/{self.referral}/revoke-consent"
        self.revoked = coordinator.ask("POST", path, {"note": "said so on the phone"})

    def accept(self, desk: Client) -> None:
        """The agency takes the person in."""
        self.accepted = desk.ask("POST", f"/v1/offers/{self.offer}/accept", {})

    def look(self, desk: Client) -> None:
        """The agency reads who it is, where it may."""
        self.read = desk.ask("GET", f"/v1/offers/{self.offer}/person")

    def look_again(self, desk: Client) -> None:
        """The same when all have been answered."""
        self.read_at_last = desk.ask("GET", f"/v1/offers/{self.offer}/person")

    def faults(self) -> Iterator[str]:
        """What should not have been answered."""
        answers = {
            "withdraw": self.withdrawn,
            "revoke": self.revoked,
            "accept": self.accepted,
            "read": self.read,
            "read at last": self.read_at_last,
        }
        statuses = {what: said.status if said else None for what, said in answers.items()}
        if statuses["revoke"] != 200:  # whoever holds the facts must hear of it, ended or not
            yield f"{self.referral}: not revoked, {statuses}"
        if statuses["read at last"] != 409:
            yield f"{self.referral}: read after its end, {statuses}"
        if statuses["read"] == 200 != statuses["accept"]:
            yield f"{self.referral}: read without an acceptance, {statuses}"
        for what, said in answers.items():
            if said and said.status != 200 and not _told_plainly(said):
                yield f"{self.referral}: {what} was told {said}"


def _told_plainly(said: Said) -> bool:
    """Whether a loser learns what is the case, and nothing of the person."""
    return said.status == 409 and bool(said.body["detail"]) and NAME not in str(said.body)


# Who contends, and how; the reader looks once more when all have been answered.
CONTENDERS: Final[Sequence[tuple[Actor, Callable[[Round, Client], None]]]] = (
    (OFFICER, Round.withdraw),
    (COORDINATOR, Round.revoke),
    (DESK, Round.accept),
    (DESK, Round.look),
)


def race(town: Town, rounds: Sequence[Round]) -> None:
    """Four clients meet at each round, and go off together."""
    gate = threading.Barrier(len(CONTENDERS), timeout=2 * TIMEOUT_S)

    def contend(who: Actor, act: Callable[[Round, Client], None]) -> None:
        with _connection(town, who) as http:
            for each in rounds:
                gate.wait()
                act(each, Client(http))
                gate.wait()
                if act is Round.look:
                    each.look_again(Client(http))

    with ThreadPoolExecutor(len(CONTENDERS)) as team:
        for done in [team.submit(contend, *each) for each in CONTENDERS]:
            done.result()


def offered(town: Town, rounds: int) -> list[Round]:
    """As many referrals as there are rounds, each with an open offer."""

    def submit(turn: int) -> None:
        with _connection(town, OFFICER) as http:
            for _ in range(turn, rounds, TEAMS):
                key = {"Idempotency-Key": str(uuid4())}
                http.post("/v1/referrals", json=submission(), headers=key).raise_for_status()

    with ThreadPoolExecutor(TEAMS) as pool:
        list(pool.map(submit, range(TEAMS)))
    town.settle()
    return [
        Round(offer["referral_id"], offer["offer_id"])
        for offer in town.items(DESK, "/v1/offers?state=open")
    ]


def out_of_order(town: Town) -> Iterator[str]:
    """The referrals whose audit has an acceptance or a reading of the person after the end."""
    with town.column.stores() as stores:
        query = select(audit.c.subject, audit.c.action).order_by(audit.c.subject, audit.c.number)
        entries = stores.referral_api.execute(query).all()
    ended = set[str]()
    for subject, action in entries:
        if action in ENDS:
            ended.add(subject)
        elif action in CAME_FIRST and subject in ended:
            yield subject


@pytest.mark.parametrize("rounds", [48, pytest.param(1000, marks=pytest.mark.soak)])
def test_of_those_who_act_at_once_one_wins_and_the_others_are_told(
    town: OpenTown, rounds: int
) -> None:
    here = town(program("harbour/beds", available=2 * rounds))
    raced = offered(here, rounds)
    assert len(raced) == rounds
    with ThreadPoolExecutor(TEAMS) as pool:
        list(pool.map(lambda turn: race(here, raced[turn::TEAMS]), range(TEAMS)))
    here.settle()
    assert [fault for each in raced for fault in each.faults()] == []
    assert list(out_of_order(here)) == []
    # Else it was no race: each of them came in time now, and too late then.
    assert {each.accepted.status for each in raced if each.accepted} == {200, 409}
    assert {each.withdrawn.status for each in raced if each.withdrawn} == {200, 409}


def _connection(town: Town, who: Actor) -> httpx.Client:
    token = town.column.platform.tokens.issue(who, town.now())
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=town.column.address, headers=headers, timeout=TIMEOUT_S)
