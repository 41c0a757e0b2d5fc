"""The master key is rotated while people work: nobody's reading fails, and nobody is lost."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from click.testing import CliRunner

from contracts.vocabulary import Need
from services.chassis.platform import MASTER
from services.cli.main import main
from tests.journey.column import OpenColumn
from tests.journey.load import AGENCIES, Load, open_mailboxes, programs
from tests.journey.town import OFFICER, Town, open_town, submission

ENOUGH: Final = 4


def keys(town: Town, *words: str) -> str:
    """What `handoff keys` says, called for the folder of the town."""
    home = town.column.platform.settings.home
    where = ("--home", str(home), "--url", town.column.address)
    result = CliRunner().invoke(main, ["keys", *words, *where], prog_name="handoff")
    assert result.exit_code == 0, result.output
    return result.output


def key_file(town: Town) -> Any:
    """What stands in the file of the master keys."""
    return json.loads((town.column.platform.settings.keys / MASTER).read_text())


class Reader:
    """Somebody at an agency who reads one person again and again."""

    def __init__(self, town: Town, offer: Any) -> None:
        self._town = town
        self._path = f"/v1/offers/{offer['offer_id']}/person"
        self._agency = AGENCIES[Need(offer["need"])]
        self._enough = threading.Event()
        self.read = 0
        self.names: set[str] = set()
        self.failures: list[str] = []

    def work(self) -> None:
        """Read, until it is enough."""
        while not self._enough.is_set():
            answer = self._town.call(self._agency, "GET", self._path)
            self.read += 1
            if answer.status_code == 200:
                self.names.add(answer.json()["name"])
            else:
                self.failures.append(answer.text)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read beside what the test does."""
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(self.work)
            try:
                yield
            finally:
                self._enough.set()
            done.result()


def test_a_rotation_under_load_fails_no_reading_and_retires_the_old_master(
    column: OpenColumn, tmp_path: Path
) -> None:
    with open_town(column(tmp_path / "home"), *programs()) as town:
        open_mailboxes(town)
        old = key_file(town)["current"]
        with Load(town, patience_s=0, pause_s=0.05) as load:
            load.await_acceptances(ENOUGH)
            reader = Reader(town, town.offers(AGENCIES[Need.COUNSELLING], "accepted")[0])
            with reader.reading():
                keys(town, "rotate")
                load.await_acceptances(ENOUGH)
                keys(town, "rotate", "--retire")
                load.await_acceptances(ENOUGH)
        assert (reader.failures, load.failures) == ([], [])
        assert reader.read > ENOUGH
        assert len(reader.names) == 1
        assert [*key_file(town)["keys"]] == [key_file(town)["current"]] != [old]
        town.settle()
        assert load.losses() == []
        assert town.violations() == []


def test_the_list_shows_what_each_master_key_wraps_and_no_key(
    column: OpenColumn, tmp_path: Path
) -> None:
    with open_town(column(tmp_path / "home"), *programs()) as town:
        before = key_file(town)
        town.submit(OFFICER)
        keys(town, "rotate")
        shown, content = keys(town, "list"), key_file(town)
        wraps = {row.split("│")[1].strip(): row.split("│")[4].strip() for row in rows_of(shown)}
        assert wraps == {before["current"]: "0", content["current"]: "1"}
        assert not any(key in shown for key in (*content["keys"].values(), content["secret"]))


def rows_of(table: str) -> list[str]:
    """The rows of a table that a command has printed."""
    return [line for line in table.splitlines() if line.startswith("│")]


def test_a_request_repeated_after_a_rotation_is_answered_as_before(
    column: OpenColumn, tmp_path: Path
) -> None:
    with open_town(column(tmp_path / "home"), *programs()) as town:
        body, key = submission(), str(uuid4())
        first = town.post(OFFICER, "/v1/referrals", body, Idempotency_Key=key)
        keys(town, "rotate", "--retire")
        assert town.post(OFFICER, "/v1/referrals", body, Idempotency_Key=key) == first
