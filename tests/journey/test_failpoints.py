"""Every failpoint kills a process while people are at work, and nothing is lost or disclosed.

`make soak KILLS=3000` kills that often, at random; what was done by the same code before counts.
"""

import json
import os
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from services.chassis.failpoints import MARK, Charge, Point
from tests.journey import charges
from tests.journey.call_check import disagreements
from tests.journey.call_log import CallLog, Said, calls_in
from tests.journey.charges import PLAN, Kills
from tests.journey.load import open_mailboxes, programs
from tests.journey.production_column import Production
from tests.journey.shift import CANARY, Shift
from tests.journey.soak_folder import folder_of
from tests.journey.test_canaries import forms
from tests.journey.town import open_town

# Longer than the lease of a letter that a dead process had claimed.
LEASE_MINUTES: Final = 10
KILLS: Final = "KILLS"
MOST_KILLS: Final = 3_000
AT_ONCE: Final = 60
# A statement that a flow does not have is never reached.
PATIENCE_S: Final = 15.0
on_servers: Final = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]


def servers(test: Any) -> Any:
    """Mark a test that needs the suite on servers."""
    for mark in on_servers:
        test = mark(test)
    return test


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan, and everything that does not hold afterwards."""

    kills: Kills
    faults: list[str]


def endure(
    production: Production, plan: Mapping[str, Iterable[Charge]], log: Path, **how: Any
) -> Outcome:
    """Let people work while processes die by the plan, then look for what does not hold."""
    with open_town(production.emptied(), *programs()) as town:
        open_mailboxes(town)
        with CallLog(log) as opened, Shift(town.column, opened, **how) as shift:
            kills = charges.kill(production, plan, PATIENCE_S if how else charges.FIRED_S)
        for _ in range(2):
            town.pass_time(minutes=LEASE_MINUTES)
        faults = [*shift.failures, *town.violations()]
        with town.column.stores() as stores:
            faults += disagreements(list(calls_in(log)), stores)
        sinks = production.sinks()
        faults += [f"I6 {sink}" for sink in sinks for form in forms(CANARY) if form in sinks[sink]]
        return Outcome(kills, faults)


@servers
def test_every_failpoint_kills_and_what_was_promised_holds(
    production: Production, tmp_path: Path
) -> None:
    log = tmp_path / "calls.jsonl"
    outcome = endure(production, PLAN, log)
    assert outcome.faults == []
    assert outcome.kills.never == []
    assert {one.charge.point for one in outcome.kills.fired} == set(Point)
    assert len(outcome.kills.fired) == sum(map(len, PLAN.values()))
    # Else it was no test: some learned nothing of what they asked for, and asked again.
    assert {call.said for call in calls_in(log)} == set(Said) - {Said.INVOKE}


@dataclass(frozen=True, slots=True)
class Soak:
    """What each batch of kills came to: a file for each."""

    folder: Path

    def __str__(self) -> str:
        """What all of them came to."""
        counts = f"{self.killed} kills in {len(self.batches)} batches, {self.unreached} unreached"
        return f"failpoints: {counts}, {len(self.faults)} violations; kept in {self.folder}"

    @property
    def batches(self) -> list[dict[str, Any]]:
        """What was kept."""
        return [json.loads(file.read_text("utf-8")) for file in self.folder.glob("*.json")]

    @property
    def killed(self) -> int:
        """How many processes died."""
        return sum(batch["killed"] for batch in self.batches)

    @property
    def unreached(self) -> int:
        """How many charges nobody came to."""
        return sum(batch["unreached"] for batch in self.batches)

    @property
    def faults(self) -> list[str]:
        """What did not hold, with its batch."""
        return [f"batch {b['seed']}: {fault}" for b in self.batches for fault in b["faults"]]

    def keep(self, seed: int, outcome: Outcome) -> None:
        """Write down a batch, whole or not at all."""
        counts = {"killed": len(outcome.kills.fired), "unreached": len(outcome.kills.never)}
        batch = {"seed": seed, **counts, "faults": outcome.faults}
        draft = self.folder / f"{seed}.draft"
        draft.write_text(json.dumps(batch), encoding="utf-8")
        draft.replace(self.folder / f"{seed}.json")


@servers
@pytest.mark.soak
def test_so_many_kills_at_random_points_break_no_promise(
    production: Production, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    soak, wanted = Soak(folder_of("failpoints")), int(os.environ.get(KILLS) or MOST_KILLS)
    while (left := wanted - soak.killed) > 0:
        seed = len(soak.batches)
        plan = charges.some_of_them(min(AT_ONCE, left), Random(seed))  # noqa: S311 - a load
        soak.keep(seed, endure(production, plan, tmp_path / f"{seed}.jsonl", seed=seed))
    terminal: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    terminal.write_line(f"\n{soak}")
    assert soak.faults == []


def test_a_soak_of_kills_adds_up_what_its_batches_came_to(tmp_path: Path) -> None:
    charge = PLAN["matcher.relay"][0]
    died = charges.Fired("matcher.relay", charge, 1)
    Soak(tmp_path).keep(0, Outcome(Kills([died, died], [charge]), []))
    Soak(tmp_path).keep(1, Outcome(Kills([died], []), ["I1 a referral: lost"]))
    soak = Soak(tmp_path)
    assert (soak.killed, soak.unreached) == (3, 1)
    assert soak.faults == ["batch 1: I1 a referral: lost"]
    assert "3 kills in 2 batches, 1 unreached, 1 violations" in str(soak)


def test_a_pipe_sets_one_charge_after_another_and_withdraws_what_nobody_comes_to(
    tmp_path: Path,
) -> None:
    first, second, _ = PLAN["matcher.relay"]
    pipe = charges.Pipe("matcher.relay", tmp_path, deque([first, second]), patience_s=0)
    pipe.look()
    (tmp_path / first.name).rename(tmp_path / f"{first.name}{MARK}7")
    pipe.look()
    assert pipe.fired == [charges.Fired("matcher.relay", first, 7)]
    pipe.look()
    assert [path.name for path in tmp_path.iterdir()] == [second.name]
    assert not pipe.done
    pipe.look()
    assert (pipe.never, pipe.done, list(tmp_path.iterdir())) == ([second], True, [])
