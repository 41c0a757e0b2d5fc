"""Plans: their outlines, the newest one whole, and which of its offers still stand."""

from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from services.chassis.jobs import NOW
from services.chassis.pages import Page, cut, page_of
from services.matcher.domain.by_plan import Standing
from services.matcher.domain.plan import Plan, plan_of
from services.matcher.domain.policy import Policy
from services.matcher.store.policies import NEWEST_NUMBER
from services.matcher.tables import SEEKS, JournalRow, PlanRow, PolicyRow, RequestRow

_PLANS: Any = PlanRow.__table__
_JOURNAL: Any = JournalRow.__table__
_POLICIES: Any = PolicyRow.__table__
_REQUESTS: Any = RequestRow.__table__
_WHOLE: Final = select(_PLANS.c.number, _JOURNAL.c.body).join_from(
    _PLANS, _JOURNAL, _JOURNAL.c.number == _PLANS.c.journal_number
)
_NEWEST: Final = _WHOLE.order_by(_PLANS.c.number.desc()).limit(1)
_UNSEEN: Final = select(_REQUESTS.c.referral_id).where(
    _REQUESTS.c.referral_id.in_(bindparam("ids", expanding=True)),
    SEEKS,
    _REQUESTS.c.looked_plan < bindparam("number"),
)
_NEWEST_NUMBER: Final = select(func.max(_PLANS.c.number)).scalar_subquery()
# The newest plan, where it is one for the policy beside it.
_OWN: Final = select(_PLANS.c.number).where(
    _PLANS.c.number == _NEWEST_NUMBER, _PLANS.c.policy == _POLICIES.c.version
)
# 1 where the policy in force wants a plan and none is to be had.
COUNT_DUE: Final = select(func.count()).where(
    _POLICIES.c.number == NEWEST_NUMBER,
    _POLICIES.c.hold_back,
    ~_OWN.where(_PLANS.c.next_at > NOW).exists(),
)
# How many are held back for whom there is no plan to wait for any more.
COUNT_FORSAKEN: Final = select(func.count()).where(
    SEEKS,
    _REQUESTS.c.answered == "deferred",
    ~_REQUESTS.c.due,
    ~select(_PLANS.c.number)
    .join(_POLICIES, _PLANS.c.policy == _POLICIES.c.version)
    .where(_POLICIES.c.number == NEWEST_NUMBER, _POLICIES.c.hold_back)
    .where(_PLANS.c.number == _NEWEST_NUMBER, _PLANS.c.lasts_until >= NOW)
    .exists(),
)


def standing(session: Session, policy: Policy) -> Standing | None:
    """The newest plan, with its offers that still stand, where it is for this policy.

    A plan for an earlier activation of the same policy is not taken up again.
    """
    if not policy.hold_back:
        return None
    row = session.execute(_NEWEST).first()
    plan = plan_of(row.body) if row else None
    if plan is None or plan.policy != policy.version:
        return None
    ids = sorted({referral for referral, _ in plan.offers})
    unseen = set(session.scalars(_UNSEEN, {"ids": ids, "number": plan.number})) if ids else set()
    offers = ((str(of), program) for of, program in plan.offers if of in unseen)
    return Standing(plan, tuple(offers))


def next_number(session: Session) -> int:
    """The number of the plan to make."""
    return (session.scalar(select(func.max(_PLANS.c.number))) or 0) + 1


def add(session: Session, plan: Plan, policy: Policy, journal_number: int) -> None:
    """Keep a plan that the journal has taken."""
    row = {
        "number": plan.number,
        "made_at": plan.made_at,
        "next_at": plan.next_at(policy),
        "lasts_until": plan.lasts_until(policy),
        "policy": plan.policy,
        "basis": plan.basis,
        "asked": len(plan.asked),
        "offered": len({referral for referral, _ in plan.offers}),
        "held": len(plan.held),
        "journal_number": journal_number,
    }
    session.execute(_PLANS.insert(), row)


def outline(session: Session, number: int) -> Row[Any] | None:
    """One plan in outline."""
    return session.execute(select(_PLANS).where(_PLANS.c.number == number)).first()


def whole(session: Session, number: int) -> Plan | None:
    """One plan."""
    row = session.execute(_WHOLE.where(_PLANS.c.number == number)).first()
    return plan_of(row.body) if row else None


def page(session: Session, after: str | None, limit: int) -> Page:
    """One page of outlines, oldest first."""
    rows = session.execute(page_of(select(_PLANS), [_PLANS.c.number], after, limit)).all()
    return cut(rows, ["number"], limit)
