"""The street of the matrix: each standing is led there over HTTP, and then all rests."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from contracts.topics import Service
from services.chassis.actor import Actor
from services.chassis.loops import stop_all
from services.local_servers.waiting import wait_until
from tests.journey.embedded_column import Embedded, open_embedded
from tests.journey.matrix import Matrix
from tests.journey.quarter import lose_a_letter, open_quarter
from tests.journey.staff import open_staff
from tests.journey.standing import LAPSE_HOURS, NOTE_MARK, Standing, submit
from tests.journey.town import (
    ADMIN,
    COORDINATOR,
    Town,
    open_town,
    partner,
)

WAIT_S: Final = 30.0
FACTS: Final = {
    "age": 35,
    "language": ["fr"],
    "gender": "another",
    "household": 3,
    "documents": "ready",
    "income": "extremely_low",
    "sobriety": "month",
}
NO: Final = {"reason": "barred", "side": "provider", "note": f"{NOTE_MARK} threw a chair"}
# By column, or by variant and column: what its agency does.
STEPS: Final[Mapping[str, tuple[tuple[str, Any], ...]]] = {
    "ack": (("acknowledge", {}),),
    "acc": (("accept", {}), ("contacts", {"mode": "call", "reached": True})),
    "eng": (("accept", {}), ("engage", {})),
    "com": (("accept", {}), ("complete", {"outcome": "sheltered"})),
    "dec": (("decline", NO),),
    "nos": (("accept", {}), ("not-served", NO)),
    "wit": (("accept", {}),),
    "revoked err": (("accept", {}),),
    "imported acc": (),
}


@dataclass(frozen=True, slots=True)
class Street:
    """The town with every standing in it; nothing moves there any more."""

    town: Town
    column: Embedded
    standings: list[Standing]
    # What else stands in addresses and bodies.
    ids: dict[str, str]

    def one(self, variant: str, column: str) -> Standing:
        """A standing by its name."""
        (found,) = (s for s in self.standings if (s.variant, s.column) == (variant, column))
        return found


@contextmanager
def open_street(home: Path, matrix: Matrix) -> Iterator[Street]:
    """A town in which every standing of the matrix is to be found."""
    column = open_embedded(home)
    with open_town(column) as town:
        assert isinstance(town.column, Embedded)
        open_quarter(town)
        standings = [Standing(name, kind) for kind, name in matrix.standings()]
        ids = open_staff(town, town.column.mail)
        street = Street(town, town.column, standings, ids)
        _lead(town, [one for one in standings if one.column != "rou"])
        _look(street)
        _leave_routing(street, [one for one in standings if one.column == "rou"])
        lose_a_letter(town, street.column.mail)
        _rest(street, lambda _: True)
        yield street


def _lead(town: Town, standings: list[Standing]) -> None:
    """Submit all, take each one's steps, let the rivals answer, end what ends, let time pass."""
    for one in standings:
        one.referral_id = submit(town, one)
    town.settle()
    _meet_again(town, standings)
    _place_by_hand(town, [one for one in standings if one.variant == "imported"])
    _find_offers(town, standings)
    for one in standings:
        for name, body in STEPS.get(str(one), STEPS.get(one.column, ())):
            _step(town, one.agency, one.offer, name, body)
    town.settle()
    _rivals_accept(town, standings)
    for one in standings:
        _end(town, one)
        if str(one) == "doubled acc":
            _tell(town, one)
    town.pass_time(hours=LAPSE_HOURS, minutes=1)


def _meet_again(town: Town, standings: list[Standing]) -> None:
    """Some are submitted once more; to all others the first standing is somebody else's."""
    for one in standings:
        one.other_id = standings[0].referral_id
        if one.variant == "doubled":
            one.other_id, one.referral_id = one.referral_id, submit(town, one)
    town.settle()


def _place_by_hand(town: Town, standings: Iterable[Standing]) -> None:
    for one in standings:
        body = {"program_id": one.ids()["spare"], "note": f"{NOTE_MARK} they rang"}
        town.post(COORDINATOR, f"{one.path}/place", body)
        town.settle()
        (offer,) = town.offers(partner("spare"), "open")
        told = {"told_by": f"{NOTE_MARK} at the desk"}
        _step(town, COORDINATOR, offer, "accept", told)


def _find_offers(town: Town, standings: Iterable[Standing]) -> None:
    items = town.get(COORDINATOR, "/v1/offers?limit=200")["items"]
    offers = {offer["referral_id"]: offer for offer in items}
    for one in standings:
        one.offer = offers.get(one.referral_id, {})


def _rivals_accept(town: Town, standings: Iterable[Standing]) -> None:
    offers = town.get(COORDINATOR, "/v1/offers?state=open&limit=200")["items"]
    second = {o["referral_id"]: o for o in offers if o["agency_id"].endswith("rival")}
    for one in standings:
        if one.column == "nos":
            offer = second[one.referral_id]
            _step(town, partner(offer["agency_id"]), offer, "accept", {})


def _step(town: Town, who: Actor, offer: Any, name: str, body: Any) -> None:
    town.post(who, f"/v1/offers/{offer['offer_id']}/{name}", body)


def _end(town: Town, one: Standing) -> None:
    """What ends a referral, and then what became of its consent or its person."""
    if one.column == "err":
        _end_in_error(town, one)
    if one.column == "wit" and one.variant not in {"revoked", "erased"}:
        town.post(one.officer, f"{one.path}/withdraw", {"reason": "self_resolved"})
    if one.variant == "revoked":
        _revoke(town, one)
    if one.variant.startswith("erased"):
        town.post(COORDINATOR, f"{one.path}/erase", {"reason": "person_asked"})


def _end_in_error(town: Town, one: Standing) -> None:
    note = {"note": f"{NOTE_MARK} twice"}
    if one.variant == "doubled":
        same = {"state": "same"} | note
        town.post(COORDINATOR, f"{one.path}/duplicates/{one.other_id}/settle", same)
    else:
        town.post(COORDINATOR, f"{one.path}/enter-in-error", note)


def _revoke(town: Town, one: Standing) -> None:
    town.post(COORDINATOR, f"{one.path}/revoke-consent", {"note": f"{NOTE_MARK} rang us"})
    if one.column == "err":
        _step(town, one.agency, one.offer, "acknowledge-revocation", {})


def _tell(town: Town, one: Standing) -> None:
    """Have one officer say how the person was handed over, and the agency what it asked them."""
    times = {f"{name}_at": town.now().isoformat() for name in ("called", "arrived", "left")}
    town.post(one.officer, f"{one.path}/handoff", {"kind": "in_person"} | times)
    town.post(one.agency, f"/v1/offers/{one.offer['offer_id']}/facts", FACTS, If_Match='"1"')
    one.version = str(town.referral(one.referral_id)["version"])


def _look(street: Street) -> None:
    """What is in the audit of those who look, and in the hands of those who take."""
    town, held = street.town, street.one("live", "eng")
    town.get(held.agency, f"/v1/offers/{held.offer['offer_id']}/person")
    town.get(COORDINATOR, f"{street.one('live', 'dec').path}/notes")
    taken = street.one("live", "wai").referral_id
    town.post(COORDINATOR, f"/v1/worklist/{taken}/take")
    declined = street.one("live", "dec").referral_id
    decisions = town.get(COORDINATOR, f"/v1/decisions?referral_id={declined}")["items"]
    street.ids["referral_id"] = declined
    street.ids["decision_id"] = decisions[0]["decision_id"]


def _leave_routing(street: Street, standings: list[Standing]) -> None:
    """The matcher answers no more: what is submitted stays in routing; some consents end."""
    town = street.town
    _rest(street, lambda name: name is Service.MATCHER)
    for one in standings:
        one.referral_id = one.other_id = submit(town, one)
    town.put(ADMIN, "/ops/clock", {"now": (town.now() + timedelta(minutes=2)).isoformat()})
    late = [one for one in standings if one.variant == "expired"]

    def over() -> bool:
        return all(town.referral(one.referral_id)["consent"] == "expired" for one in late)

    assert wait_until(over, WAIT_S)


def _rest(street: Street, which: Callable[[Service], bool]) -> None:
    """Stop what these services do by themselves; they go on answering requests."""
    loops = [loop for one in street.column.services if which(one.name) for loop in one.loops]
    assert stop_all(loops, WAIT_S) == []
