"""What a program comes to under its own halts and its agency's."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import orjson
import pytest

from contracts.vocabulary import PauseReason
from services.matcher.domain.directory import program_json, program_of
from services.matcher.domain.halt import Halt, Kind, halted
from tests.unit.matcher.samples import NOON, program

WEEK = timedelta(days=7)
FOR_A_WEEK = Halt(Kind.PAUSE, NOON, PauseReason.FULL, NOON + WEEK)
FOR_TWO = Halt(Kind.PAUSE, NOON - WEEK, PauseReason.AWAY, NOON + 2 * WEEK)
OPEN_END = Halt(Kind.PAUSE, NOON, PauseReason.SILENCE)
CLOSED = Halt(Kind.CLOSING, NOON)


@pytest.mark.parametrize(
    ("halts", "active", "because", "until"),
    [
        ([], True, None, None),
        ([FOR_A_WEEK], True, PauseReason.FULL, NOON + WEEK),
        ([FOR_A_WEEK, FOR_TWO], True, PauseReason.AWAY, NOON + 2 * WEEK),
        ([FOR_A_WEEK, FOR_TWO, OPEN_END], True, PauseReason.SILENCE, None),
        ([CLOSED], False, None, None),
        ([CLOSED, FOR_A_WEEK], False, PauseReason.FULL, NOON + WEEK),
    ],
)
def test_the_pause_that_lasts_longest_is_told_and_a_closing_deactivates(
    halts: list[Halt], *, active: bool, because: PauseReason | None, until: object
) -> None:
    for order in permutations(halts):
        found = halted(program(), order)
        assert (found.active, found.paused) == (active, because is not None)
        assert (found.paused_because, found.paused_until) == (because, until)


def test_what_the_directory_does_not_list_as_active_stays_inactive() -> None:
    assert halted(program(listed=False), []).active is False


def test_an_earlier_pause_leaves_nothing_behind() -> None:
    before = halted(program(), [FOR_A_WEEK])
    assert halted(before, []) == program()


def test_a_paused_program_survives_the_journal() -> None:
    paused = halted(program(), [FOR_TWO])
    assert program_of(orjson.loads(orjson.dumps(program_json(paused)))) == paused


def test_an_entry_from_before_pauses_had_reasons_is_read() -> None:
    old = orjson.loads(orjson.dumps(program_json(program(paused=True))))
    for name in ("listed", "paused_because", "paused_since", "paused_until"):
        del old[name]
    assert program_of(old) == replace(program(), paused=True)
