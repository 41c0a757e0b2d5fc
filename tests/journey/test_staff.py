"""Somebody joins, works and leaves: from then on no service lets them in, and nothing is lost."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, Final

import httpx

from contracts.vocabulary import Role
from services.chassis.actor import Actor
from services.cli.up import running
from tests.journey.conftest import OpenTown
from tests.journey.directory import program
from tests.journey.embedded_column import open_embedded, settings_at
from tests.journey.route_map import BODIES, ROUTES
from tests.journey.town import ADMIN, COORDINATOR, OFFICER, Town, open_town, partner

CODE: Final = re.compile(r"^Your code: ([0-9A-Z-]{39})$", re.MULTILINE)
# One read of each service that a partner, or a coordinator, may make.
OF_EACH: Final = {
    Role.PARTNER: ("/v1/offers", "/v1/programs", "/v1/agencies/harbour/contacts"),
    Role.COORDINATOR: ("/v1/worklist", "/v1/queue", "/v1/notices"),
}
EMAIL: Final = "nia.canary@harbour.example.org"


def letter_to(mail: Path, email: str) -> str:
    """The text of the one letter to an address."""
    letters = [message_from_bytes(p.read_bytes(), policy=policy.default) for p in mail.glob("*")]
    (found,) = [letter.get_content() for letter in letters if letter["To"] == email]
    return str(found)


def join(town: Town, who: Actor, **said: Any) -> tuple[str, Callable[..., httpx.Response]]:
    """Somebody is invited and takes it up: their id, and what they call the suite with.

    Where tokens are issued elsewhere, ``who`` signed in there.
    """
    place = {"agency_id": who.agency_id} if who.agency_id else {}
    body = {"role": who.role, "email": EMAIL, "name": "Nia Canary"} | place | said
    staff_id = town.post(ADMIN, "/v1/invitations", body)["staff_id"]
    town.settle()
    found = CODE.search(letter_to(town.column.mail, body["email"]))
    assert found is not None
    joined = town.post(who, "/v1/invitations/redeem", {"code": found[1]})
    token = joined["token"] or town.column.platform.tokens.issue(who, town.now())
    return staff_id, calling(town.client, token)


def calling(client: httpx.Client, token: str) -> Callable[..., httpx.Response]:
    """Calls with one token, as it was given."""
    headers = {"Authorization": f"Bearer {token}"}

    def call(method: str, path: str, body: Any = None) -> httpx.Response:
        return client.request(method, path, json=body, headers=headers)

    return call


def statuses(call: Callable[..., httpx.Response], role: Role) -> set[int]:
    """What every service answers."""
    return {call("GET", path).status_code for path in OF_EACH[role]}


def test_who_left_is_refused_by_every_service_on_every_route(town: OpenTown) -> None:
    opened = town(program("harbour/beds"))
    nia = Actor(subject="nia", role=Role.PARTNER, agency_id="harbour")
    staff_id, call = join(opened, nia)
    assert statuses(call, Role.PARTNER) == {200}
    opened.post(ADMIN, f"/v1/staff/{staff_id}/leave")
    # The service that keeps the staff knows at once, the others with the news.
    assert call("GET", "/v1/agencies/harbour/contacts").status_code == 401
    opened.settle()
    assert statuses(call, Role.PARTNER) == {401}
    assert refused_on(call) == dict.fromkeys([*ROUTES, "GET /ops/flow"], 401)
    assert call("GET", "/livez").status_code == 200
    assert opened.offers(partner("harbour")) == []


def refused_on(call: Callable[..., httpx.Response]) -> Mapping[str, int]:
    """What each route answers, with bodies that it takes and ids of nothing."""
    found = {}
    for route in [*ROUTES, "GET /ops/flow"]:
        method, _, path = route.partition(" ")
        numbered = path.replace("<number>", "1")
        some = re.sub(r"<\w+>", "00000000-0000-0000-0000-000000000000", numbered)
        found[route] = call(method, some, BODIES.get(route, {})).status_code
    return found


def test_what_a_coordinator_had_who_left_is_nobodys_and_who_stays_hears_the_rest(
    town: OpenTown,
) -> None:
    opened = town()
    cy = Actor(subject="nia", role=Role.COORDINATOR)
    staff_id, call = join(opened, cy)
    referral = opened.submit(OFFICER, need="counselling")
    assert call("POST", f"/v1/worklist/{referral}/take", {}).status_code == 200
    opened.post(ADMIN, f"/v1/staff/{staff_id}/leave", {"for_ever": True})
    opened.settle()
    assert statuses(call, Role.COORDINATOR) == {401}
    (item,) = opened.get(COORDINATOR, "/v1/worklist?assigned=nobody")["items"]
    assert item["referral"]["referral_id"] == referral
    opened.pass_time(minutes=5)
    assert statuses(call, Role.COORDINATOR) == {401}


def test_a_revoked_subject_and_a_revoked_token_are_refused_everywhere(town: OpenTown) -> None:
    opened = town()
    tokens, now = opened.column.platform.tokens, opened.now()
    lost, kept = (tokens.issue(COORDINATOR, now) for _ in range(2))
    token_id = tokens.present(lost, now).token_id
    opened.post(ADMIN, "/v1/access/end", {"token_id": token_id})
    opened.settle()
    assert statuses(calling(opened.client, lost), Role.COORDINATOR) == {401}
    assert statuses(calling(opened.client, kept), Role.COORDINATOR) == {200}
    opened.post(ADMIN, "/v1/access/end", {"subject": COORDINATOR.subject})
    opened.settle()
    assert statuses(calling(opened.client, kept), Role.COORDINATOR) == {401}
    opened.pass_time(minutes=1)
    again = calling(opened.client, tokens.issue(COORDINATOR, opened.now()))
    assert statuses(again, Role.COORDINATOR) == {200}


def test_neither_the_address_nor_the_name_nor_the_code_stands_outside_the_letters(
    town: OpenTown,
) -> None:
    opened = town()
    join(opened, Actor(subject="pat", role=Role.PARTNER, agency_id="harbour"))
    found = CODE.search(letter_to(opened.column.mail, EMAIL))
    assert found is not None
    words = (b"nia.canary@", b"Nia Canary", found[1].encode(), found[1][10:].encode())
    sinks = {n: kept for n, kept in opened.column.sinks().items() if "mail" not in n}
    assert {name: word for name, kept in sinks.items() for word in words if word in kept} == {}


@contextmanager
def embedded_again(home: Path) -> Iterator[httpx.Client]:
    """A suite on a folder that was used before."""
    with (
        (home / "second.jsonl").open("w", buffering=1, encoding="utf-8") as log,
        running(settings_at(home), log) as suite,
        httpx.Client(base_url=suite.address, timeout=30) as client,
    ):
        yield client


def test_who_left_stays_refused_over_a_restart(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with open_town(open_embedded(home)) as opened:
        staff_id, call = join(opened, partner("harbour"))
        opened.post(ADMIN, f"/v1/staff/{staff_id}/leave")
        opened.settle()
        token = call("GET", "/livez").request.headers["Authorization"].partition(" ")[2]
    with embedded_again(home) as client:
        assert statuses(calling(client, token), Role.PARTNER) == {401}
