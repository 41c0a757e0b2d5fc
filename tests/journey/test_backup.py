"""A suite is copied while it works, lost, and restored: it goes on from the moment of the copy."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from click.testing import CliRunner

from contracts.vocabulary import Need
from services.chassis.database import Database
from services.chassis.keys import MasterKeys, PersonKeys
from services.chassis.platform import MASTER
from services.cli.main import main
from services.cli.up import running
from tests.journey.column import Column
from tests.journey.embedded_column import Embedded, open_embedded, settings_at
from tests.journey.load import AGENCIES, Load, open_mailboxes, programs
from tests.journey.production_column import run_production
from tests.journey.town import COORDINATOR, OFFICER, Town, open_town

BEFORE: Final = 6
SERVERS: Final = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]

Open = Callable[[Path], AbstractContextManager[Column]]


@contextmanager
def embedded_again(home: Path) -> Iterator[Column]:
    """The embedded suite on a folder as it is."""
    with (home / "log.jsonl").open("a", buffering=1) as log, running(settings_at(home), log) as on:
        yield Embedded(on)


BOTH: Final = [
    pytest.param(open_embedded, embedded_again, id="embedded"),
    pytest.param(run_production, run_production, id="production", marks=SERVERS),
]


def handoff(*words: str | Path) -> str:
    """What a command says; it must succeed."""
    result = CliRunner().invoke(main, [str(word) for word in words], prog_name="handoff")
    assert result.exit_code == 0, result.output
    return result.output


def copy(home: Path, name: str) -> tuple[Path, Path]:
    """Back the suite up while it runs; where data and keys went."""
    data, keys = home.parent / "backups" / name, home.parent / "vault" / "keys"
    handoff("backup", data, "--keys", keys, "--home", home)
    return data, keys


def bring_back(home: Path, data: Path, keys: Path, *more: str | Path) -> str:
    """Lose the whole folder, and restore it."""
    shutil.rmtree(home)
    return handoff("restore", data, "--keys", keys, "--home", home, *more)


@contextmanager
def town_on(column: AbstractContextManager[Column]) -> Iterator[Town]:
    """The town as it is, with nothing added."""
    with column as opened, httpx.Client(base_url=opened.address, timeout=60) as client:
        yield Town(opened, client)


def person(town: Town, offer: Any) -> httpx.Response:
    """What the agency of an offer reads of the person."""
    path = f"/v1/offers/{offer['offer_id']}/person"
    return town.call(AGENCIES[Need(offer["need"])], "GET", path)


def reach_an_outcome(town: Town) -> None:
    """A new referral goes all the way."""
    agency = AGENCIES[Need.COUNSELLING]
    before = {offer["offer_id"] for offer in town.offers(agency)}
    town.submit(OFFICER, need=Need.COUNSELLING.value)
    (offer,) = [each for each in town.offers(agency) if each["offer_id"] not in before]
    town.step(agency, offer, "accept")
    assert person(town, offer).json()["name"] == "Robin Marlowe"
    town.step(agency, offer, "complete", {"outcome": "stabilised"})
    seen = town.referral(offer["referral_id"])
    assert (seen["state"], seen["outcome"]) == ("closed", "stabilised")


@dataclass(frozen=True, slots=True)
class Day:
    """What was acknowledged before the backup began, and where the backup is."""

    submitted: set[str]
    accepted: set[str]
    data: Path
    keys: Path


def live(town: Town, home: Path) -> Day:
    """A busy day; the backup is taken in the middle of it."""
    open_mailboxes(town)
    with Load(town, patience_s=0, pause_s=0.05) as load:
        load.await_acceptances(BEFORE)
        submitted, accepted = set(load.acknowledged.values()), set(load.accepted)
        data, keys = copy(home, "first")
        load.await_acceptances(BEFORE)
    assert load.failures == []
    return Day(submitted, accepted, data, keys)


def lost(town: Town, day: Day) -> list[str]:
    """What was acknowledged before the backup, and is not there or not readable."""
    listed = town.get(COORDINATOR, "/v1/referrals?limit=200")["items"]
    held = [offer for who in AGENCIES.values() for offer in town.offers(who, "accepted")]
    unread = [offer["offer_id"] for offer in held if person(town, offer).status_code != 200]
    missing = day.submitted - {each["referral_id"] for each in listed}
    return [*missing, *(day.accepted - {offer["offer_id"] for offer in held}), *unread]


@pytest.mark.parametrize(("opened", "opened_again"), BOTH)
def test_a_suite_goes_on_from_a_backup_that_was_taken_under_load(
    tmp_path: Path, opened: Open, opened_again: Open
) -> None:
    home = tmp_path / "home"
    with open_town(opened(home), *programs()) as town:
        day = live(town, home)
    bring_back(home, day.data, day.keys)
    with town_on(opened_again(home)) as again:
        again.settle()
        assert (again.violations(), lost(again, day)) == ([], [])
        reach_an_outcome(again)
        again.settle()
        assert again.violations() == []


def test_a_person_erased_after_a_backup_stays_erased_when_it_is_restored(tmp_path: Path) -> None:
    home, erased_later = tmp_path / "home", tmp_path / "erased.txt"
    with open_town(open_embedded(home), *programs()) as town:
        offers = [accepted(town) for _ in range(3)]
        first, keys = copy(home, "first")
        destroy_key(home, offers[0])
        copy(home, "second")
        town.settle()
    erased_later.write_text(f"{offers[1]['referral_id']}\n")
    said = bring_back(home, first, keys, "--erased", erased_later)
    assert "handoff up" in said
    with town_on(embedded_again(home)) as again:
        assert [person(again, offer).status_code for offer in offers] == [409, 409, 200]


def accepted(town: Town) -> Any:
    """An offer that its agency has accepted."""
    agency = AGENCIES[Need.COUNSELLING]
    town.submit(OFFICER, need=Need.COUNSELLING.value)
    (offer,) = town.offers(agency, "open")
    town.step(agency, offer, "accept")
    return offer


def destroy_key(home: Path, offer: Any) -> None:
    """What an erasure does to the key of a person."""
    found = settings_at(home)
    store = Database(found.key_store_url)
    assert PersonKeys(store, MasterKeys.read(found.keys / MASTER)).destroy(offer["referral_id"])
    store.close()
