"""The failpoints that the code passes are those that are declared and those that a test fires."""

import ast
from collections import Counter
from collections.abc import Iterable

from services.chassis.failpoints import Point
from tests.architecture.source_tree import Source, texts
from tests.journey.charges import PLAN

CALLS = frozenset({"reached", "failpoints.reached"})


def passed(sources: Iterable[Source]) -> Counter[str]:
    """How often each point is named where it is passed."""
    return Counter(
        ast.unparse(node.args[0]).removeprefix("Point.")
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS
    )


def test_every_declared_failpoint_is_passed_at_one_place_of_the_code() -> None:
    code = (s for s in texts() if s.path.parts[0] == "services" and s.path.suffix == ".py")
    assert passed(code) == Counter(point.name for point in Point)


def test_every_declared_failpoint_is_fired_by_the_journey() -> None:
    assert {charge.point for charges in PLAN.values() for charge in charges} == set(Point)


def test_a_failpoint_that_nobody_declared_is_found() -> None:
    stray = Source(next(texts()).path, "failpoints.reached(Point.STRAY)\nreached(Point.STRAY)")
    assert passed([stray]) == {"STRAY": 2}
