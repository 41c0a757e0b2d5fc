"""The market of a running matcher: everything that a plan may look at, of one moment."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.matcher.domain import experience, market
from services.matcher.domain.asking import asked_of, day_of
from services.matcher.domain.capacity import Statement
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.directory import Program
from services.matcher.domain.experience import Answers, Stay
from services.matcher.domain.policy import Policy
from services.matcher.domain.request import Request

# How far back stays are looked at.
KNOWN_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Taken:
    """A place that a referral took, and until when; None = still."""

    program_id: str
    referral_id: UUID
    since: datetime
    until: datetime | None
    over_capacity: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the matcher knows at a moment.

    ``seeking``: who waits for an offer; ``lately``: who was submitted in the last weeks, those who
    wait included, ``since`` when; ``free``: places that can be granted now.
    """

    now: datetime
    catalogue: Catalogue
    programs: Sequence[Program]
    statements: Mapping[str, Statement]
    free: Mapping[str, int]
    seeking: Sequence[Request]
    lately: Sequence[Request]
    since: datetime
    taken: Sequence[Taken]


def accept_of(survey: Survey) -> dict[str, float]:
    """The chance of a yes by program, as far as it was seen lately."""
    yes = Counter(taken.program_id for taken in survey.taken if taken.since > survey.since)
    no = Counter(program for request in survey.lately for program in request.excluded)
    return experience.acceptance(_sectors(survey), Answers(yes, no))


def market_of(survey: Survey, policy: Policy, accept: Mapping[str, float]) -> market.Market:
    """The survey as the engine takes it."""
    wants = _Wants(survey, policy, accept)
    waiting = {request.referral_id for request in survey.seeking}
    served = {taken.referral_id for taken in survey.taken}
    before = sorted(
        (r for r in survey.lately if r.referral_id not in waiting),
        key=lambda r: (r.facts.submitted_at, r.referral_id),
    )
    now, there = day_of(survey.now), _there(survey)
    queue = [wants.now(request) for request in survey.seeking]
    past = [wants.once(request, served=request.referral_id in served) for request in before]
    return market.Market(
        now=now,
        programs=_programs(survey, there),
        occupied=[(name, now - day) for name, one in there.items() for day in one.days()],
        queue=queue,
        past=[*past, *queue],
    )


class _Wants:
    """What each request could be offered, by the rules of a decision."""

    def __init__(self, survey: Survey, policy: Policy, accept: Mapping[str, float]) -> None:
        self._survey, self._policy, self._accept = survey, policy, accept

    def now(self, request: Request) -> market.Request:
        """Somebody who waits."""
        return self._asked(request, len(self._survey.programs))

    def once(self, request: Request, *, served: bool) -> market.Request:
        """Somebody who asked lately, as if nobody had answered yet; a plan looks at the best."""
        anew = replace(request, excluded=(), holds=(), hand=None)
        return replace(self._asked(anew, self._policy.widest), served=served)

    def _asked(self, request: Request, most: int) -> market.Request:
        catalogue, now = self._survey.catalogue, self._survey.now
        found = catalogue.best(request, now, self._policy, most)
        return asked_of(request, request.without_held(found), self._policy, self._accept)


def _sectors(survey: Survey) -> dict[str, str]:
    """Exercises are a sector of their own: their answers and stays tell nothing of real ones."""
    return {p.id: f"{p.sector} training" if p.training else p.sector for p in survey.programs}


def _programs(survey: Survey, there: Mapping[str, "_There"]) -> list[market.Program]:
    lasting = experience.stays(_sectors(survey), _stays(survey))
    return [
        market.Program(
            id=program.id,
            places=there[program.id].places if program.id in there else 0,
            free=max(0, survey.free.get(program.id, 0)),
            open=program.active and not program.paused and program.id in survey.statements,
            stays=lasting[program.id],
        )
        for program in survey.programs
    ]


def _stays(survey: Survey) -> Iterable[Stay]:
    """Those of whom all are known that came on the same days, whether they left or not."""
    for taken in survey.taken:
        if taken.since < survey.now - KNOWN_FOR:
            continue
        days = day_of(taken.until or survey.now) - day_of(taken.since)
        yield Stay(taken.program_id, max(0.0, days), taken.until is not None)


@dataclass(frozen=True, slots=True)
class _There:
    """Who is at a program by its newest statement, and since; a closure nobody told takes none.

    ``before``: since when those are there whom the statement may count, the newest first.
    """

    stated: Statement
    before: Sequence[datetime]
    since: Sequence[datetime]

    @property
    def counted(self) -> int:
        """How many were there at the statement: as stated, else as many as are known of."""
        stated = self.stated
        others = 0 if stated.maximum is None else stated.maximum - stated.available
        if stated.accepted_counted and stated.maximum is not None:
            return others
        return others + len(self.before)

    @property
    def places(self) -> int:
        """How many places there are; whom a statement does not count is in one of those stated."""
        beside = 0 if self.stated.accepted_counted else len(self.before)
        return self.stated.available + self.counted - beside

    def days(self) -> list[float]:
        """Since which day each is there; of whom no referral brought, the day of the statement."""
        before = [*self.before][: self.counted]
        before += [self.stated.stated_at] * (self.counted - len(before))
        return [day_of(moment) for moment in (*self.since, *before)]


def _there(survey: Survey) -> dict[str, _There]:
    """By program that has stated its places."""
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for taken in survey.taken:
        if taken.until is None and not taken.over_capacity:
            found[taken.program_id].append(taken.since)
    return {
        program_id: _There(
            stated,
            sorted((m for m in found[program_id] if m <= stated.stated_at), reverse=True),
            [moment for moment in found[program_id] if moment > stated.stated_at],
        )
        for program_id, stated in sorted(survey.statements.items())
    }
