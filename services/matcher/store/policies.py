"""Which policies were put in force, by whom and why."""

from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from services.chassis.pages import Page, cut, page_of
from services.matcher.domain.policy import FRESH, Activation, Policy, policy_json, policy_of
from services.matcher.tables import PolicyRow

_POLICIES: Any = PolicyRow.__table__
_NEWEST: Final = select(_POLICIES).order_by(_POLICIES.c.number.desc()).limit(1)
NEWEST_NUMBER: Final = select(func.max(_POLICIES.c.number)).scalar_subquery()


def in_force(session: Session) -> Policy:
    """The policy in force: the one activated last; a fresh installation holds nothing back."""
    found = newest(session)
    return found.policy if found else FRESH


def newest(session: Session) -> Activation | None:
    """The last activation; None in a fresh installation."""
    row = session.execute(_NEWEST).first()
    return _activation(row) if row else None


def of_version(session: Session, version: str) -> Policy | None:
    """The policy that was in force under a version; its content never changes."""
    if version == FRESH.version:
        return FRESH
    query = select(_POLICIES.c.body).where(_POLICIES.c.version == version).limit(1)
    body = session.scalar(query)
    return policy_of(body) if body else None


def add(session: Session, activation: Activation) -> None:
    """Put a policy in force."""
    policy = activation.policy
    row = {
        "number": activation.number,
        "version": policy.version,
        "hold_back": policy.hold_back,
        "body": policy_json(policy),
        "activated_at": activation.at,
        "activated_by": activation.by,
        "because": activation.because,
    }
    session.execute(_POLICIES.insert(), row)


def page(session: Session, after: str | None, limit: int) -> Page:
    """One page of activations, oldest first."""
    rows = session.execute(page_of(select(_POLICIES), [_POLICIES.c.number], after, limit)).all()
    found = cut(rows, ["number"], limit)
    return Page([_activation(row) for row in found.items], found.next)


def _activation(row: Row[Any]) -> Activation:
    return Activation(
        number=row.number,
        policy=policy_of(row.body),
        at=row.activated_at,
        by=row.activated_by,
        because=row.because,
    )
