"""An agency states the places of several programs at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from contracts.problems import Problem, ProblemError
from services.chassis import audit
from services.chassis.actor import Actor
from services.matcher.domain.capacity import Statement
from services.matcher.store import capacity, directory
from services.matcher.store.capacity import Stated
from services.matcher.usecases.state_capacity import Places, statement_of, store_statements


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one program."""

    program_id: str
    places: Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of it: ``older`` than what stands are left out, and so is what stands already."""

    stated: tuple[str, ...]
    unchanged: tuple[str, ...]
    older: tuple[str, ...]


def state_places(
    session: Session, now: datetime, actor: Actor, said: Sequence[Said], allowance: timedelta
) -> Taken:
    """Replace the statements of programs, of all or of none; the caller has the turn.

    Said again, it changes nothing; said late, it does not undo what was said since. Raises
    ProblemError naming each entry whose program is not the caller's, or whose time is to come.
    """
    programs = directory.agencies_of(session, {one.program_id for one in said})
    _check(said, programs, actor, now)
    before = capacity.lock_stated(session, [one.program_id for one in said])
    news: dict[str, Statement] = {}
    unchanged, older = [], []
    for one in said:
        new, stands = statement_of(one.places, now, allowance), before.get(one.program_id)
        if stands is not None and new.stated_at < stands.statement.stated_at:
            older.append(one.program_id)
        elif _is_same(new, stands):
            unchanged.append(one.program_id)
        else:
            news[one.program_id] = new
    store_statements(session, now, news)
    for program_id in sorted(news):
        version = before[program_id].version + 1 if program_id in before else 1
        audit.record(session, program_id, now, actor, "capacity.stated", version=version)
    return Taken(stated=tuple(news), unchanged=tuple(unchanged), older=tuple(older))


def _check(said: Sequence[Said], programs: Mapping[str, str], actor: Actor, now: datetime) -> None:
    named = Counter(one.program_id for one in said)
    wrong: dict[str, Any] = {}
    for place, one in enumerate(said):
        agency = programs.get(one.program_id)
        if agency is None or actor.agency_id not in {None, agency}:
            wrong[str(place)] = {"program_id": ["must be a program of yours"]}
        elif named[one.program_id] > 1:
            wrong[str(place)] = {"program_id": ["must be named once"]}
        elif one.places.as_of is not None and one.places.as_of > now:
            wrong[str(place)] = {"as_of": ["must not lie in the future"]}
    if wrong:
        detail = f"{len(wrong)} statements are not right, so none was taken"
        raise ProblemError(Problem.INVALID, detail, {"statements": wrong})


def _is_same(new: Statement, stands: Stated | None) -> bool:
    return stands is not None and stands.statement == new
