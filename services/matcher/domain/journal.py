"""The numbered inputs of the decider, and the state that they fold into, to decide again."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.matcher.domain import board as boards
from services.matcher.domain import capacity
from services.matcher.domain.board import Board, Gone, order_of
from services.matcher.domain.by_plan import Standing
from services.matcher.domain.capacity import Acceptance, StatedBy, Statement
from services.matcher.domain.catalogue import Catalogue
from services.matcher.domain.decision import Decision, after
from services.matcher.domain.directory import program_of
from services.matcher.domain.plan import Plan, plan_of
from services.matcher.domain.policy import FRESH, Policy, policy_of
from services.matcher.domain.request import ERASED, Holder, Request, learn, seen_of

Given = Callable[[UUID], Sequence[Decision]]
# About whom a turn decided, of those that it looked at.
DECIDED: Final = "decided"


class Kind(StrEnum):
    """What an entry tells.

    A program's new entry, a statement, a snapshot, a policy, a plan, or a turn to decide.
    """

    PROGRAM = "program"
    CAPACITY = "capacity"
    REQUEST = "request"
    POLICY = "policy"
    PLAN = "plan"
    TICK = "tick"


@dataclass(frozen=True, slots=True)
class Entry:
    """One input, numbered without a gap in the order in which it was taken."""

    number: int
    at: datetime
    kind: Kind
    body: Mapping[str, Any]


@dataclass(slots=True)
class Ledger:
    """The fold of a journal: everything that the decider's tables hold, in memory."""

    policy: Policy
    programs: Catalogue = field(default_factory=Catalogue)
    statements: dict[str, Statement] = field(default_factory=dict)
    requests: dict[UUID, Request] = field(default_factory=dict)
    acceptances: dict[str, dict[tuple[UUID, datetime], Acceptance]] = field(default_factory=dict)
    # Whose facts were erased: what was decided about them is looked up, not decided anew.
    given: Given = lambda _: ()
    erased: set[UUID] = field(default_factory=set)
    plan: Plan | None = None
    looked_at: set[UUID] = field(default_factory=set)  # since the plan

    def apply(self, entry: Entry) -> tuple[Decision, ...]:
        """Take one input; a tick answers with its decisions."""
        match entry.kind:
            case Kind.TICK:
                return self._tick(entry)
            case Kind.REQUEST:
                self._see(entry.body)
            case Kind.POLICY | Kind.PLAN:
                self._steer(entry)
            case _:
                self._stock(entry)
        return ()

    def taken(self, program_id: str) -> int:
        """How many of a program's stated places are taken; 0 where none were stated."""
        if program_id not in self.statements:
            return 0
        held = sum(
            hold.program_id == program_id and not hold.over_capacity
            for r in self.requests.values()
            for hold in r.holds
        )
        accepted = self.acceptances.get(program_id, {}).values()
        return capacity.taken(self.statements[program_id], held, accepted)

    def free(self, program_id: str) -> int:
        """The stated places that are not taken; below zero where a statement was lowered."""
        stated = self.statements.get(program_id)
        return stated.available - self.taken(program_id) if stated else 0

    def free_of(self, program_ids: Collection[str]) -> dict[str, int]:
        """The free places of programs; those without a statement are left out."""
        return {name: self.free(name) for name in program_ids if name in self.statements}

    def _stock(self, entry: Entry) -> None:
        """There is a program, or places of one."""
        if entry.kind is Kind.PROGRAM:
            self.programs.take([program_of(entry.body)])
        else:
            self.statements[entry.body["program_id"]] = statement_of(entry.body)

    def _steer(self, entry: Entry) -> None:
        """There is another policy to go by, or a plan."""
        if entry.kind is Kind.POLICY:
            self.policy = policy_of(entry.body)
        else:
            self.plan, self.looked_at = plan_of(entry.body), set()

    def _see(self, body: Mapping[str, Any]) -> None:
        seen = seen_of(body)
        if body.get(ERASED):
            self.erased.add(seen.referral_id)
        before = self.requests.get(seen.referral_id)
        request = self.requests[seen.referral_id] = learn(before, seen)
        held = before.holder if before else None
        if held is not None and held != request.holder:
            self._accept(seen.referral_id, held, ended_at=seen.at)
        if request.holder is not None and held != request.holder:
            self._accept(seen.referral_id, request.holder)

    def _accept(self, referral_id: UUID, holder: Holder, ended_at: datetime | None = None) -> None:
        of_program = self.acceptances.setdefault(holder.program_id, {})
        key = (referral_id, holder.accepted_at)
        of_program[key] = Acceptance(holder.accepted_at, ended_at, holder.over_capacity)

    def _tick(self, entry: Entry) -> tuple[Decision, ...]:
        ids = [UUID(text) for text in entry.body["requests"]]
        asked = [self.requests[one] for one in ids if one not in self.erased]
        told = [found for one in ids if one in self.erased for found in self._told(one, entry)]
        gone = [
            Gone(order_of(self.requests[decision.referral_id]), choice.program_id)
            for decision in told
            for choice in decision.choices
        ]
        erased, standing = len(ids) - len(asked), self._standing(ids)
        board = Board(self.programs, self.free_of, asked, gone, erased, standing)
        made = boards.decide(board, entry.at, self.policy)
        if board.plan_number:
            self.looked_at.update(ids)
        decisions = (*told, *made)
        for decision in decisions:
            request = self.requests[decision.referral_id]
            self.requests[decision.referral_id] = after(request, decision)
        return decisions

    def _standing(self, asked: Iterable[UUID]) -> Standing | None:
        """The plan with the offers that still stand; to the erased their places were given."""
        plan = self.plan
        if plan is None or not self.policy.hold_back or plan.policy != self.policy.version:
            return None
        gone = self.looked_at | (self.erased & set(asked))
        offers = ((of, one) for of, one in plan.offers if of not in gone and self._seeks(of))
        return Standing(plan, tuple((str(of), one) for of, one in offers))

    def _seeks(self, referral_id: UUID) -> bool:
        request = self.requests.get(referral_id)
        return request is not None and request.open

    def _told(self, referral_id: UUID, entry: Entry) -> list[Decision]:
        """What this turn decided about somebody who was erased: the next number of the attempt.

        Older entries do not say about whom they decided; their time does.
        """
        request = self.requests[referral_id]
        decided = entry.body.get(DECIDED, [str(referral_id)])
        following = (request.attempt, request.decision_number + 1, entry.at)
        return [
            decision
            for decision in self.given(referral_id)
            if str(referral_id) in decided
            and (decision.attempt, decision.number, decision.decided_at) == following
        ]


def replay(
    entries: Iterable[Entry], given: Given = lambda _: (), first: Policy = FRESH
) -> list[Decision]:
    """Every decision of a journal, made again under the policies that were in force.

    ``first``: the policy until the journal tells of one.
    ``given`` looks up the decisions about a referral whose person was erased: those are taken
    as they were, with the places that they gave.
    """
    ledger = Ledger(first, given=given)
    return [decision for entry in entries for decision in ledger.apply(entry)]


def statement_json(program_id: str, statement: Statement) -> dict[str, Any]:
    """A capacity statement as plain JSON, for the journal."""
    return {
        "program_id": program_id,
        "available": statement.available,
        "maximum": statement.maximum,
        "stated_at": statement.stated_at,
        "counts_from": statement.counts_from,
        "accepted_counted": statement.accepted_counted,
        "stated_by": statement.stated_by,
    }


def statement_of(data: Mapping[str, Any]) -> Statement:
    """The statement of its JSON."""
    return Statement(
        available=data["available"],
        maximum=data["maximum"],
        stated_at=datetime.fromisoformat(data["stated_at"]),
        counts_from=datetime.fromisoformat(data["counts_from"]),
        accepted_counted=data["accepted_counted"],
        stated_by=StatedBy(data["stated_by"]),
    )
