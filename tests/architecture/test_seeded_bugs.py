"""The seeded bugs fit the code, and one that its tests do not see is said to live on."""

import pytest

from tests.mutants import __main__ as mutants
from tests.mutants.play import Verdict
from tests.mutants.seeded import Bug, Edit, faults, read

IDS = "services/chassis/ids.py"
ALPHABET = '_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"'
SEES = "tests/unit/chassis/test_ids.py::test_a_reference_survives_a_phone_call"
BLIND = "tests/unit/chassis/test_ids.py::test_ids_grow_while_the_clock_stands_still"
FEWEST = 12


def bug(*tests: str, before: str = ALPHABET) -> Bug:
    """References with letters that a phone call confuses."""
    edit = Edit(IDS, before, '_ALPHABET: Final = "OIL"')
    return Bug("confused", "a reference survives a phone call", (edit,), tests)


def test_every_seeded_bug_fits_the_code_and_names_tests_that_are_there() -> None:
    bugs = read()
    assert len(bugs) >= FEWEST
    assert len({one.name for one in bugs}) == len(bugs)
    assert [fault for one in bugs for fault in faults(one)] == []


def test_a_bug_that_fits_no_longer_and_a_test_that_is_gone_are_named() -> None:
    assert faults(bug(SEES, before="gone = 1")) == [f"{IDS} has its line 0 times"]
    assert faults(bug(f"{SEES}_today")) == [f"{SEES}_today is not there"]


def test_a_bug_lives_on_where_one_of_its_tests_does_not_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mutants, "read", lambda: [bug(SEES, BLIND)])
    assert mutants.main([]) == 1
    *_, missed, told = capsys.readouterr().out.splitlines()
    assert missed.strip() == BLIND
    assert told.startswith("0/1 seeded bugs caught in ")


def test_a_bug_is_caught_by_its_tests_alone_and_in_a_run_that_is_whole() -> None:
    assert Verdict(frozenset({f"{SEES}[sqlite]"})).caught(bug(SEES))
    assert not Verdict(frozenset({BLIND})).caught(bug(SEES))
    assert not Verdict(frozenset({SEES}), "interrupted").caught(bug(SEES))


def test_a_bug_that_is_not_in_the_list_is_refused_by_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert mutants.main(["nobody"]) == 2
    assert capsys.readouterr().err == "no such bug: nobody\n"
