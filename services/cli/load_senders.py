"""What `handoff load` sends: submissions, submissions that wait for the offer, and reads."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Any, Final
from uuid import uuid4

from contracts.vocabulary import Urgency
from services.cli.client import ClientError
from services.cli.kept_line import KeptLine, Told
from services.cli.pace import Result, Send

KINDS: Final = ("submit", "wait", "read")
# What is told of: a waiting submission is acknowledged first, and its offer comes later.
SUBMITTED: Final = "submit"
OFFERED: Final = "offered"
READ: Final = "read"
# Between two answers to one who could not be let wait.
AGAIN_S: Final = 0.05
NO_OFFER: Final = "no offer in time"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_REFERRALS: Final = "/v1/referrals"

Elapsed = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to load, as which officers, with what."""

    url: str
    tokens: Sequence[str]
    need: str
    place: Mapping[str, float] | None
    mix: Mapping[str, float]
    wait_s: int


@dataclass(slots=True)
class _Officer:
    """Who submits, and may read what was submitted."""

    token: str
    known: list[str] = field(default_factory=list)


class Senders:
    """Opens senders for one run, one officer after the other, each with a kept connection."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._officers = [_Officer(token) for token in target.tokens]
        self._turns = cycle(self._officers)

    def look(self) -> None:
        """Ask once for each officer, and learn what there is to read; raises ClientError."""
        for officer in self._officers:
            with KeptLine(self.target.url, officer.token) as line:
                listed = self._right(line.ask("GET", f"{_REFERRALS}?limit=50"), "items")
                officer.known += [item["referral_id"] for item in listed]
                if READ in self.target.mix and not officer.known:
                    officer.known.append(self._first(line))

    def open(self) -> AbstractContextManager[Send]:
        """A sender with a connection of its own."""
        return self._opened(next(self._turns))

    def _first(self, line: KeptLine) -> str:
        """Something to read; raises ClientError."""
        if set(self.target.mix) == {READ}:
            raise ClientError("there is nothing to read: have something submitted first")
        body = submission(self.target.need, Urgency.URGENT, self.target.place)
        return str(self._right(line.ask("POST", _REFERRALS, body, str(uuid4())), "referral_id"))

    def _right(self, told: Told, name: str) -> Any:
        """A field of an answer that must be right; raises ClientError."""
        body = told.body if isinstance(told.body, dict) else {}
        if told.fault is None and name in body:
            return body[name]
        if not told.status:
            raise ClientError(f"{self.target.url}: {told.fault}: is the suite running there?")
        said = body.get("detail", "this is no suite")
        raise ClientError(f"{self.target.url}: {told.fault or told.status}: {said}", told.status)

    @contextmanager
    def _opened(self, officer: _Officer) -> Iterator[Send]:
        with KeptLine(self.target.url, officer.token) as line:
            yield partial(self._send, line, officer)

    def _send(self, line: KeptLine, officer: _Officer, elapsed: Elapsed) -> Sequence[Result]:
        mix = self.target.mix
        (kind,) = random.choices(list(mix), weights=list(mix.values()))  # noqa: S311 - no secret
        if kind == "read":
            one = random.choice(officer.known)  # noqa: S311 - as above
            told = line.ask("GET", f"{_REFERRALS}/{one}")
            return [Result(READ, elapsed(), told.fault)]
        done, referral_id = self._submit(line, elapsed, waits=kind == "wait")
        if referral_id is not None:
            officer.known.append(referral_id)
        return done

    def _submit(
        self, line: KeptLine, elapsed: Elapsed, *, waits: bool
    ) -> tuple[list[Result], str | None]:
        """The results, and the id of what was submitted."""
        urgency = Urgency.CRISIS if waits else Urgency.URGENT
        body = submission(self.target.need, urgency, self.target.place)
        told = line.ask("POST", _REFERRALS, body, str(uuid4()))
        done = [Result(SUBMITTED, elapsed(), told.fault)]
        if told.fault is not None:
            return done, None
        referral_id: str = told.body["referral_id"]
        if waits:
            done.append(self._await(line, referral_id, elapsed))
        return done, referral_id

    def _await(self, line: KeptLine, referral_id: str, elapsed: Elapsed) -> Result:
        """Wait for the receiver of a crisis; asked again where too many wait already."""
        path = f"{_REFERRALS}/{referral_id}"
        while (left := self.target.wait_s - elapsed()) > 0:
            told = line.ask("GET", f"{path}?wait={max(1, round(left))}")
            if told.fault is not None or told.body["receiver"] is not None:
                return Result(OFFERED, elapsed(), told.fault)
            time.sleep(AGAIN_S)
        return Result(OFFERED, elapsed(), NO_OFFER)


def submission(need: str, urgency: Urgency, place: Mapping[str, float] | None) -> dict[str, Any]:
    """A complete submission about somebody who does not exist, and whom nobody resembles."""
    letters = "".join(random.choices(_LETTERS, k=20))  # noqa: S311 - as above
    name = f"{letters[:10]} {letters[10:]}".title()
    body: dict[str, Any] = {
        "encounter_id": str(uuid4()),
        "need": need,
        "urgency": urgency.value,
        "entry_door": "social_contact",
        "voluntary": True,
        "person": {
            "name": name,
            "where_to_find": f"a load test, {name}",
            "safe_contact": "in_person_only",
            "language": "en",
            "age": 34,
            "household_size": 1,
        },
        "consent": {"scope": "all_stated", "given_by": "self", "method": "spoken"},
    }
    return body if place is None else body | {"place": dict(place)}
