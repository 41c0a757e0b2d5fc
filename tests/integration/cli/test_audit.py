"""The audit's commands: signed heads, whatever was bent since, stories and disclosures."""

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.cli import people
from services.cli.plan import plan_day
from services.cli.up import running
from tests.integration.cli.conftest import Handoff, Town, line_of, settings_at

DAY = 5


def submit(town: Town, number: int = 0) -> Any:
    """Submit a referral of some day; its receipt."""
    encounter = plan_day(DAY, town.suite.platform.clock.now()).encounters[number]
    receipt = town.acting(people.officer("central")).post("/v1/referrals", encounter.body)
    town.settle()
    return receipt


def read_by_the_holder(town: Town, referral: str) -> str:
    """Let an agency accept the referral and read the person; returns the agency."""
    offers = town.acting(people.COORDINATOR).get(f"/v1/referrals/{referral}")["offers"]
    desk = town.acting(people.partner(offers[0]["agency_id"]))
    desk.post(f"/v1/offers/{offers[0]['offer_id']}/accept")
    desk.get(f"/v1/offers/{offers[0]['offer_id']}/person")
    town.settle()
    return str(offers[0]["agency_id"])


@pytest.fixture(scope="module")
def placed(town: Town) -> tuple[str, str, str]:
    """A referral whose person was read: id, reference, agency."""
    for number in range(20):
        receipt = submit(town, number)
        seen = town.acting(people.COORDINATOR).get(f"/v1/referrals/{receipt['referral_id']}")
        if seen["offers"]:
            agency = read_by_the_holder(town, receipt["referral_id"])
            return receipt["referral_id"], receipt["reference"], agency
    raise AssertionError("no referral of the day was offered")


@pytest.fixture
def head(town: Town, placed: tuple[str, str, str], tmp_path: Path) -> Path:
    """A head of the running suite."""
    del placed
    made = town.handoff.calling("audit", "export", tmp_path / "now.head")
    assert made.exit_code == 0, made.stderr
    return tmp_path / "now.head"


@pytest.fixture
def resting(head: Path, town: Town, tmp_path: Path) -> tuple[Handoff, Path]:
    """A copy of the suite's folder in which nothing runs, with a head of it."""
    home = tmp_path / "copy"
    shutil.copytree(town.handoff.home, home)
    return Handoff(home), head


def bend(home: Path, *statements: str, service: str = "referral_api") -> None:
    """Change a database behind everybody's back."""
    with sqlite3.connect(home / "data" / f"{service}.sqlite") as file:
        for statement in statements:
            file.execute(statement)
    file.close()


def test_a_running_suite_holds_against_its_head_and_goes_on(town: Town, head: Path) -> None:
    submit(town, 21)
    done = town.handoff.calling("audit", "verify", "--head", head)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "hold, in matcher, notifier, referral_api" in done.stdout
    statement = json.loads(head.read_bytes().splitlines()[-1])
    assert set(statement) == {"signed"}
    assert f"all {len(head.read_bytes().splitlines()) - 1} heads of " in done.stdout


def test_without_a_head_it_says_so(town: Town) -> None:
    done = town.handoff.calling("audit", "verify")
    assert done.exit_code == 0
    assert "held against no head" in done.stdout


def test_a_suite_at_rest_is_verified_and_exported_from_its_files(
    resting: tuple[Handoff, Path], tmp_path: Path
) -> None:
    handoff, head = resting
    assert handoff("audit", "verify", "--head", head).exit_code == 0
    again = tmp_path / "again.head"
    assert handoff("audit", "export", again).exit_code == 0
    assert again.read_bytes().splitlines()[:-1] == head.read_bytes().splitlines()[:-1]


# The referral whose person was read is called so while it is bent.
MARK = "CREATE TABLE bent AS SELECT DISTINCT subject FROM audit WHERE action = 'person.read'"
CUT = (
    "DELETE FROM audit WHERE subject IN (SELECT subject FROM bent) AND number = "
    "(SELECT seq FROM stream_heads WHERE topic = 'audit' AND key = subject)"
)
SET_BACK = (
    "UPDATE stream_heads SET seq = seq - 1, hash = (SELECT hash FROM audit WHERE "
    "subject = key AND number = seq - 1) WHERE key IN (SELECT subject FROM bent)"
)
MOVE = (
    "UPDATE audit SET number = number + 90 WHERE subject IN (SELECT subject FROM bent) "
    "AND number < 3"
)
BENT: dict[str, tuple[list[str], str]] = {
    "edited": (
        ["UPDATE audit SET actor = 'x' WHERE action = 'person.read'"],
        "was changed",
    ),
    "cut": (
        [
            CUT,
            SET_BACK,
        ],
        "cut off after",
    ),
    "gone": (
        [
            "DELETE FROM stream_heads WHERE key IN (SELECT subject FROM bent)",
            "DELETE FROM audit WHERE subject IN (SELECT subject FROM bent)",
        ],
        "the whole chain is gone",
    ),
    "swapped": (
        [
            MOVE,
            "UPDATE audit SET number = 93 - number WHERE number > 90",
        ],
        "entry 1 is missing or out of place",
    ),
}


@pytest.mark.parametrize("how", BENT)
def test_what_was_bent_is_named_in_a_line_each_and_the_exit_code_is_one(
    resting: tuple[Handoff, Path], placed: tuple[str, str, str], how: str
) -> None:
    handoff, head = resting
    statements, fault = BENT[how]
    bend(handoff.home, MARK, *statements, "DROP TABLE bent")
    done = handoff("audit", "verify", "--head", head)
    assert done.exit_code == 1
    named = [line for line in done.stdout.splitlines() if f"referral:{placed[0]}" in line]
    assert any(fault in line for line in named), done.stdout
    assert all(line.startswith("referral_api audit referral:") for line in named)
    assert line_of(done).startswith("handoff: faults in the audit: ")


def test_an_older_copy_of_the_store_is_found_though_its_chains_are_whole(
    resting: tuple[Handoff, Path], town: Town, tmp_path: Path
) -> None:
    handoff, _ = resting
    submit(town, 22)
    newer = tmp_path / "newer.head"
    assert town.handoff.calling("audit", "export", newer).exit_code == 0
    assert handoff("audit", "verify").exit_code == 0
    done = handoff("audit", "verify", "--head", newer)
    assert done.exit_code == 1
    assert "the whole chain is gone" in done.stdout


def first_line_changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"audit"', b'"audio"'), *lines[1:]]


FORGED: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str]] = {
    "a line changed": (first_line_changed, "its lines are not those that were signed"),
    "a line left out": (lambda lines: lines[1:], "its lines are not those that were signed"),
    "the end cut off": (lambda lines: lines[:-1], "no signature at its end"),
    "a line added": (lambda lines: [*lines, lines[0]], "something follows on its signature"),
    "a signature of nobody": (lambda lines: [*lines[:-1], b'{"signed": "a.b.c"}'], "signature"),
    "no head at all": (lambda _: [b"hello"], "no signature at its end"),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_head_is_refused_in_one_line(town: Town, head: Path, how: str) -> None:
    forge, fault = FORGED[how]
    forged = head.with_name("forged.head")
    forged.write_bytes(b"\n".join(forge(head.read_bytes().splitlines())) + b"\n")
    done = town.handoff.calling("audit", "verify", "--head", forged)
    assert done.exit_code == 1
    assert fault in line_of(done)


def test_a_head_of_another_suite_is_not_believed_and_the_public_key_is_enough(
    town: Town, head: Path, tmp_path: Path
) -> None:
    printed = town.handoff("audit", "key")
    assert '"d"' not in printed.stdout
    key = tmp_path / "audit-key.json"
    key.write_text(printed.stdout)
    assert town.handoff.calling("audit", "verify", "--head", head, "--key", key).exit_code == 0
    with running(settings_at(tmp_path / "other")) as suite:
        other = Handoff(tmp_path / "other", suite.address)
        foreign = tmp_path / "foreign.head"
        assert other.calling("audit", "export", foreign).exit_code == 0
    done = town.handoff.calling("audit", "verify", "--head", foreign, "--key", key)
    assert "not one of this suite's audit key" in line_of(done)


def test_a_token_is_not_a_head(town: Town, head: Path) -> None:
    """The key that signs tokens vouches for no head, and what it signs is none."""
    signing = town.handoff.home / "keys" / "token-signing.json"
    done = town.handoff.calling("audit", "verify", "--head", head, "--key", signing)
    assert "signature" in line_of(done)


def test_a_head_is_never_written_over(town: Town, head: Path) -> None:
    before = head.read_bytes()
    done = town.handoff.calling("audit", "export", head)
    assert done.exit_code == 1
    assert "give another name" in line_of(done)
    assert head.read_bytes() == before


def test_a_folder_without_a_suite_is_left_as_it_is(new_home: Handoff) -> None:
    done = new_home("audit", "verify")
    assert done.exit_code == 1
    assert "give the folder of a suite" in line_of(done)
    assert not new_home.home.exists()


def test_the_story_says_who_did_what_and_marks_each_read(
    town: Town, placed: tuple[str, str, str]
) -> None:
    referral, reference, agency = placed
    for name in (referral, reference, reference.lower()):
        told = town.handoff.calling("audit", "show", name)
        assert told.exit_code == 0, told.stderr
    assert f"Referral {reference}" in told.stdout
    (read,) = (line for line in told.stdout.splitlines() if "READ" in line)
    assert f"desk@{agency} (partner of {agency})" in read
    assert "read the person" in read
    assert "accepted the offer" in told.stdout
    assert "reads of the person: 1; its chains hold" in told.stdout


def test_disclosures_are_a_table_or_csv(town: Town, placed: tuple[str, str, str]) -> None:
    _, reference, agency = placed
    shown = town.handoff.calling("audit", "disclosures", reference)
    assert "disclosures: 1; its chains hold" in shown.stdout
    printed = town.handoff.calling("audit", "disclosures", reference, "--csv").stdout
    (row,) = csv.DictReader(io.StringIO(printed))
    assert (row["agency_id"], row["by"], row["purpose"]) == (agency, f"desk@{agency}", "serve")


def test_an_unknown_referral_is_said(town: Town) -> None:
    for command in ("show", "disclosures"):
        done = town.handoff.calling("audit", command, "AAAA-AAAA")
        assert done.exit_code == 1
        assert "there is no referral AAAA-AAAA" in line_of(done)
