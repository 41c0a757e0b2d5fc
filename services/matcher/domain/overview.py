"""What is to be said of all programs of a shelf at once: why they are out, and what they ask."""

from collections.abc import Iterator

import numpy as np

from contracts.questions import Question
from services.matcher.domain.directory import Rule
from services.matcher.domain.place import nearest_km
from services.matcher.domain.ranking import Ranking, answers, asks_of, kept, strange
from services.matcher.domain.request import Facts, Request
from services.matcher.domain.rules import NOT_OFFERED, RULES, Ground
from services.matcher.domain.shelf import BITS, OLDEST, Shelf


def eliminated(ranking: Ranking, request: Request) -> dict[str, int]:
    """How many programs are out of the question, by ground; a program may have several."""
    facts, columns = request.facts, ranking.shelf.columns
    around = ranking.around(facts.cell)
    counts = {
        ground: int(np.count_nonzero((columns.bits & bits == 0) == missing))
        for ground, bits, missing in _grounds(facts)
    }
    if facts.age is not None:
        counts[Ground.TOO_YOUNG] = int(np.count_nonzero(columns.youngest > facts.age))
        counts[Ground.TOO_OLD] = int(np.count_nonzero(columns.oldest < min(facts.age, OLDEST)))
    counts[Ground.OUTSIDE_AREA] = around.outside
    counts[Ground.TOO_FAR] = around.too_far - _preferred_far(ranking, facts)
    counts[Ground.SAID_NO] = len(set(request.excluded) & ranking.shelf.rows.keys())
    counts[Ground.AVOIDED] = len(set(facts.avoided) & ranking.shelf.rows.keys())
    return {ground.value: count for ground, count in sorted(counts.items()) if count}


def open_questions(ranking: Ranking, facts: Facts) -> set[Question]:
    """What programs in reach ask that may take a person, those that said no among them."""
    shelf = ranking.shelf
    avoided = tuple(shelf.rows[name] for name in set(facts.avoided) & shelf.rows.keys())
    asked = asks_of(facts, avoided)
    rows = ranking.around(facts.cell).rows
    rows = rows[kept(shelf, rows, asked, facts.age)]
    bits = shelf.columns.bits[rows]
    told = int(np.bitwise_or.reduce(bits & asked.asked))
    found = {question for question in Question if told & BITS[question]}
    found |= {Question.AGE} if told & BITS["some_ages"] else set()
    if facts.language is not None:
        unsure = strange(shelf, rows, facts) & (bits & BITS["interpreted"] == 0)
        found |= {Question.LANGUAGE} if unsure.any() else set()
    return found


def nearest_out(ranking: Ranking, request: Request, count: int) -> list[str]:
    """Programs that would not take a request, those in reach first, ``count`` at most.

    Those that the request names are left out, as in the ranking.
    """
    shelf, rows = ranking.shelf, ranking.around(request.facts.cell).rows
    asked = asks_of(request.facts, _named(shelf, request))
    found = rows[~kept(shelf, rows, asked, request.facts.age)][: count + len(asked.apart)]
    if len(found) < count + len(asked.apart):
        beyond = np.setdiff1d(np.arange(len(shelf.programs)), rows)
        found = np.concatenate([found, beyond[: count + len(asked.apart)]])
    others = (row for row in found.tolist() if row not in asked.apart)
    return [shelf.programs[row].id for row in others][:count]


def _named(shelf: Shelf, request: Request) -> tuple[int, ...]:
    facts = request.facts
    named = {*request.excluded, *facts.avoided, *facts.preferred} & shelf.rows.keys()
    return tuple(shelf.rows[name] for name in named)


def _grounds(facts: Facts) -> Iterator[tuple[Ground, int, bool]]:
    """Each ground, its bit, and whether the bit's absence is the ground, or its presence."""
    yield Ground.INACTIVE, BITS["active"], True
    yield Ground.PAUSED, BITS["paused"], False
    yield Ground.TRAINING_MARK, BITS["training"], facts.training
    yield Ground.OTHER_SECTOR, BITS[facts.sector], True
    for accommodation in set(facts.accommodations):
        yield NOT_OFFERED[accommodation], BITS[accommodation], True
    for rule, fails in answers(min(facts.household_size or 0, 2), facts.eligibility):
        if fails and isinstance(rule, Rule):
            yield RULES[rule].ground, BITS[rule], False


def _preferred_far(ranking: Ranking, facts: Facts) -> int:
    """What the person prefers is never too far."""
    rows = (ranking.shelf.rows[name] for name in {*facts.preferred} & ranking.shelf.rows.keys())
    programs = (ranking.shelf.programs[row] for row in rows)
    found = (nearest_km(facts.cell, (place.cell for place in one.places)) for one in programs)
    return sum(km is not None and km > ranking.policy.farthest_km for km in found)
