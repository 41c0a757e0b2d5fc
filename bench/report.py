"""Writing figures down: JSON and a plot for each, and one table of all."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, select_autoescape

from bench.figure import Figure, Measure, figure_of

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE / "results"
FRONT: Final = HERE.parent / "README.md"
PAGE: Final = "README.md"
# Between these the project's own page shows what the figures come to.
BEGIN: Final = "<!-- figures: written by `make bench` -->"
END: Final = "<!-- end of figures -->"
WIDTH: Final = 760
BAR_FROM: Final = 330
BAR_TO: Final = 640
ROW: Final = 26
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(("svg.j2",)),
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def keep(figure: Figure, run: Mapping[str, Any], folder: Path = RESULTS) -> None:
    """Write a figure's JSON and plot, and the table of all that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = json.dumps({"run": dict(run), "figure": figure.json()}, indent=1)
    (folder / f"{figure.name}.json").write_text(f"{kept}\n", encoding="utf-8")
    (folder / f"{figure.name}.svg").write_text(plot(figure), encoding="utf-8")
    (folder / PAGE).write_text(page(folder), encoding="utf-8")


def show(page_path: Path, folder: Path = RESULTS) -> None:
    """Write what the figures come to into a page, between its marks; ValueError without them."""
    before, begin, rest = page_path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page_path.name} has no place for the figures")
    table = _TEMPLATES.get_template("summary.md.j2").render(kept=_kept(folder), short=short)
    page_path.write_text(f"{before}{BEGIN}\n{table}{END}{after}", encoding="utf-8")


def plot(figure: Figure) -> str:
    """The drawing: a bar for each measure, with its spread; bars of one unit share a scale."""
    most: dict[str, float] = {}
    for measure in figure.measures:
        most[measure.unit] = max(most.get(measure.unit, 0.0), *measure.rounds)
    bars = [_bar(measure, most[measure.unit]) for measure in figure.measures]
    drawn = {"figure": figure, "bars": bars, "width": WIDTH, "row": ROW, "from": BAR_FROM}
    return _TEMPLATES.get_template("plot.svg.j2").render(drawn)


def page(folder: Path) -> str:
    """The table of every figure in a folder."""
    return _TEMPLATES.get_template("results.md.j2").render(kept=_kept(folder), short=short)


def _kept(folder: Path) -> list[dict[str, Any]]:
    """Every figure of a folder, with how it was run."""
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return [{"run": each["run"], "figure": figure_of(each["figure"])} for each in kept]


def short(value: float) -> str:
    """A figure with as many digits as mean something."""
    if value and abs(value) < 10:  # noqa: PLR2004 - two digits after a single one
        return f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"  # noqa: PLR2004 - as above


def lines(figure: Figure) -> Iterable[str]:
    """What a figure says, for a terminal."""
    for each in figure.measures:
        spread = f"{short(min(each.rounds))} to {short(max(each.rounds))}"
        floor = "floor: " if each.floor else ""
        yield f"  {floor}{each.what}: {short(each.median)} {each.unit} ({spread})"
    for verdict in figure.verdicts:
        goal = "" if verdict.goal is None else f" (goal {verdict.goal}: {_met(verdict.met)})"
        yield f"  {verdict.said}: {short(verdict.value)}{goal}"


def _met(met: bool | None) -> str:  # noqa: FBT001 - a word for what it was
    return "met" if met else "missed"


def _bar(measure: Measure, most: float) -> dict[str, Any]:
    scale = (BAR_TO - BAR_FROM) / (most or 1.0)
    return {
        "what": measure.what,
        "floor": measure.floor,
        "said": f"{short(measure.median)} {measure.unit}",
        "length": round(measure.median * scale, 1),
        "least": round(BAR_FROM + min(measure.rounds) * scale, 1),
        "most": round(BAR_FROM + max(measure.rounds) * scale, 1),
    }
