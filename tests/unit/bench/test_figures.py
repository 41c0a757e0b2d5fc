"""Figures: ratios are of one round, exponents are slopes, and a goal that is missed says so."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import report
from bench.figure import Figure, Measure, at_least, at_most, by_round, exponent, figure_of

SIZES = (1_000, 10_000, 100_000)
QUIET = {"processor": "a processor", "cores": 2, "python": "3.11", "quiet": True}
RUN = {"at": "2027-03-01", "quick": False, "machine": QUIET}


def figure(name: str = "intake", *, ratio: float = 2.0) -> Figure:
    """One with a floor and a subject."""
    measures = (
        Measure("nothing", "µs", (1.0, 2.0, 3.0), floor=True),
        Measure("a submission <&>", "µs", (4.0, 9.0, 5.0)),
    )
    verdicts = (at_most("to the floor", ratio, 3), at_least("requests/s", 12345.6, 10_000))
    return Figure(name, f"About {name}", measures, verdicts, ("it shares the cores",))


@given(st.floats(-1, 2), st.floats(0.01, 1e6))
def test_the_exponent_of_a_power_is_that_power(power: float, factor: float) -> None:
    costs = [factor * size**power for size in SIZES]
    assert exponent(SIZES, costs) == pytest.approx(power, abs=1e-6)


def test_a_ratio_is_to_the_floor_of_its_own_round() -> None:
    # The machine was ten times slower in the second round, for both.
    assert by_round([2.0, 20.0, 2.0], [1.0, 10.0, 1.0]) == 2.0


@pytest.mark.parametrize(("value", "met"), [(3.0, True), (3.01, False)])
def test_a_goal_is_met_up_to_itself(value: float, met: bool) -> None:  # noqa: FBT001 - pytest's
    assert at_most("ratio", value, 3).met is met
    assert at_least("ratio", -value, -3).met is met


def test_what_is_kept_is_read_as_it_was() -> None:
    assert figure_of(json.loads(json.dumps(figure().json()))) == figure()


def test_the_page_has_every_figure_and_says_what_was_missed(tmp_path: Path) -> None:
    report.keep(figure("intake"), RUN, tmp_path)
    report.keep(figure("relay", ratio=4), RUN, tmp_path)
    page = (tmp_path / report.PAGE).read_text(encoding="utf-8")
    assert "## About intake" in page
    assert "| floor: nothing | 2 | 1 | 3 | µs |" in page
    assert "| to the floor | 2 | <= 3 | met |" in page
    assert "| to the floor | 4 | <= 3 | **missed** |" in page
    assert "12,346" in page
    assert "trust ratios alone" not in page


def test_a_busy_machine_is_said_to_have_been_busy(tmp_path: Path) -> None:
    busy = {**QUIET, "quiet": False, "busy_cores_before": 1.5}
    report.keep(figure(), {**RUN, "machine": busy}, tmp_path)
    assert "1.5 cores of other work" in (tmp_path / report.PAGE).read_text(encoding="utf-8")


def test_the_plot_is_a_drawing_in_which_every_measure_has_its_bar() -> None:
    drawn = ET.fromstring(report.plot(figure()))  # noqa: S314 - our own
    words = " ".join(drawn.itertext())
    assert "a submission <&>" in words
    bars = [each for each in drawn.iter() if each.get("class") in {"floor", "ours"}]
    floor, ours = (float(each.attrib["width"]) for each in bars)
    # Bars are of the middle rounds, on a scale to the largest of all rounds.
    assert floor == pytest.approx(2 / 9 * 310, abs=0.1)
    assert ours == pytest.approx(5 / 9 * 310, abs=0.1)


def test_the_lines_for_a_terminal_say_goal_and_outcome() -> None:
    said = "\n".join(report.lines(figure(ratio=4)))
    assert "floor: nothing: 2 µs (1 to 3)" in said
    assert "to the floor: 4 (goal <= 3: missed)" in said


def test_the_projects_page_shows_what_the_figures_come_to_and_keeps_its_other_words(
    tmp_path: Path,
) -> None:
    front = tmp_path / "front.md"
    front.write_text(f"# A page\n\n{report.BEGIN}\nold\n{report.END}\n\nMore.\n", encoding="utf-8")
    report.keep(figure("intake"), RUN, tmp_path)
    for _ in range(2):
        report.show(front, tmp_path)
    said = front.read_text(encoding="utf-8")
    row = "| About intake: to the floor | 2 | <= 3 | met | `make bench NAMES=intake` |"
    assert said.count(row) == 1
    assert said.startswith("# A page\n\n")
    assert said.endswith(f"{report.END}\n\nMore.\n")
    assert "old" not in said


def test_a_page_without_a_place_for_the_figures_is_left_alone(tmp_path: Path) -> None:
    front = tmp_path / "front.md"
    front.write_text("# A page\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"front\.md has no place for the figures"):
        report.show(front, tmp_path)
    assert front.read_text(encoding="utf-8") == "# A page\n"


def test_the_projects_own_page_has_a_place_for_the_figures() -> None:
    said = report.FRONT.read_text(encoding="utf-8")
    assert 0 < said.index(report.BEGIN) < said.index(report.END)
