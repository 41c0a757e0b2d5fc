"""The directory in memory: programs by id and by need, and the best of them for a request."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from contracts.questions import Question
from contracts.vocabulary import PROTECTED_NEEDS, Need
from services.matcher.domain import overview
from services.matcher.domain.directory import Program
from services.matcher.domain.eligibility import judge, open_questions
from services.matcher.domain.look import Considered, consider
from services.matcher.domain.policy import Policy
from services.matcher.domain.ranking import Ranking
from services.matcher.domain.request import Facts, Request
from services.matcher.domain.shelf import shelf_of


class Catalogue:
    """Every program, ready to be looked up; what is looked up is made once, and kept.

    Whoever takes changes does so alone; others may look meanwhile.
    """

    def __init__(self, programs: Iterable[Program] = ()) -> None:
        self.programs: dict[str, Program] = {}
        self._of: dict[Need, dict[str, Program]] = {need: {} for need in Need}
        self._rankings: dict[Need, Ranking] = {}
        self.take(programs)

    def take(self, changed: Iterable[Program]) -> None:
        """Take new entries of programs."""
        for program in changed:
            before = self.programs.get(program.id)
            served = set(program.needs) | set(before.needs if before else ())
            self.programs[program.id] = program
            for need in served:
                self._place(need, program)

    def best(self, request: Request, now: datetime, policy: Policy, count: int) -> dict[str, float]:
        """The best programs that would take a request with their scores, best first.

        Exactly as if each were judged and scored. A request placed by hand looks at the program
        that is named, and at no other.
        """
        if request.hand is not None:
            return _scores(self._by_hand(request, now, policy))
        ranked = self._ranking(request.facts.need, policy).best(request, now, count)
        ranked |= _scores(self._preferred(request, now, policy))
        if not request.facts.preferred:
            return ranked
        found = sorted(ranked.items(), key=lambda item: (-item[1], item[0]))
        return dict(found[:count])

    def fitting(self, request: Request, now: datetime, policy: Policy) -> list[str]:
        """Every program that would take a request, by id."""
        if request.hand is not None:
            return [found.program_id for found in self._by_hand(request, now, policy)]
        apart = {found.program_id for found in self._preferred(request, now, policy)}
        return sorted(apart.union(self._ranking(request.facts.need, policy).fitting(request)))

    def out(self, request: Request, now: datetime, policy: Policy, count: int) -> list[str]:
        """Programs for the need that would not take a request, the telling ones first.

        First those that said no or that the person names, then those in reach.
        """
        if request.hand is not None:
            fits = {found.program_id for found in self._by_hand(request, now, policy)}
            return [name for name in (request.hand,) if name in self.programs.keys() - fits]
        serving = self._of[request.facts.need]
        facts = request.facts
        named = {*request.excluded, *facts.avoided, *facts.preferred} & serving.keys()
        fits = {found.program_id for found in self._preferred(request, now, policy)}
        nearest = overview.nearest_out(self._ranking(facts.need, policy), request, count)
        return [*sorted(named - fits), *nearest][:count]

    def eliminated(self, request: Request, policy: Policy) -> dict[str, int]:
        """How many programs for the need are out of the question, by ground."""
        if request.hand is not None:
            program = self.programs.get(request.hand)
            found = judge(program, request, policy.farthest_km).reasons if program else ()
            return {ground.value: 1 for ground in found}
        return overview.eliminated(self._ranking(request.facts.need, policy), request)

    def open_questions(self, facts: Facts, policy: Policy) -> tuple[Question, ...]:
        """What the programs that may take a person ask, and no fact tells; see eligibility."""
        if facts.need in PROTECTED_NEEDS:
            return ()
        serving = self._of[facts.need]
        preferred = [serving[name] for name in sorted({*facts.preferred} & serving.keys())]
        found = overview.open_questions(self._ranking(facts.need, policy), facts)
        return tuple(sorted(found.union(open_questions(preferred, facts, policy.farthest_km))))

    def _preferred(self, request: Request, now: datetime, policy: Policy) -> Iterator[Considered]:
        """What the person prefers: it is few, and looked at one by one."""
        serving: Mapping[str, Program] = self._of[request.facts.need]
        for name in sorted(set(request.facts.preferred) & serving.keys()):
            found = consider(serving[name], request, 0, now, policy)
            if found.score is not None:
                yield found

    def _by_hand(self, request: Request, now: datetime, policy: Policy) -> Iterator[Considered]:
        program = self.programs.get(request.hand or "")
        if program is not None:
            found = consider(program, request, 0, now, policy)
            if found.score is not None:
                yield found

    def _ranking(self, need: Need, policy: Policy) -> Ranking:
        found = self._rankings.get(need)
        if found is None or found.policy != policy:
            shelf = found.shelf if found else shelf_of(self._of[need].values())
            found = self._rankings[need] = Ranking(shelf, policy)
        return found

    def _place(self, need: Need, program: Program) -> None:
        """Put a program on the shelf of a need, or take it from there."""
        if need in program.needs:
            self._of[need][program.id] = program
        else:
            self._of[need].pop(program.id, None)
        ranking = self._rankings.pop(need, None)
        shelf = ranking.shelf.patched(program) if ranking else None
        if ranking is not None and shelf is not None:
            self._rankings[need] = ranking.patched(shelf)


def _scores(found: Iterable[Considered]) -> dict[str, float]:
    return {one.program_id: one.score for one in found if one.score is not None}
