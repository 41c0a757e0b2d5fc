"""The table of duplicates and its SQL: who is to be compared, with whom, and what was found."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    Table,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from contracts.likeness import DuplicateState
from contracts.vocabulary import (
    PROTECTED_NEEDS,
    SECTOR_OF,
    Attention,
    ConsentStatus,
    Need,
    Origin,
)
from services.chassis.columns import Json, UtcDateTime, insert
from services.chassis.jobs import NOW
from services.referral_api.domain.likeness import MOST_COMPARED, WINDOW, neighbourhood
from services.referral_api.domain.referral import OPEN
from services.referral_api.tables import SUBJECT, AttentionRow, Base, Referral, word


class Duplicate(Base):
    """Two referrals that seem to be of one person, by which traits, and what was said of it.

    ``referral_id`` is the newer of the two, ``other_id`` the older; what a person's traits are
    stands in neither.
    """

    __tablename__ = "duplicates"

    referral_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("referrals.id"), primary_key=True)
    why: Mapped[list[str]] = mapped_column(Json)
    state: Mapped[DuplicateState] = mapped_column(word(DuplicateState))
    found_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str | None] = mapped_column(SUBJECT)

    __table_args__ = (Index("ix_duplicates_other_id", "other_id", "referral_id"),)


@dataclass(frozen=True, slots=True)
class Double:
    """A pair seen from one of its referrals: ``referral`` is the other of the two."""

    pair: Duplicate
    referral: Referral


_LIVE: Final = text(f"state IN ({', '.join(repr(str(state)) for state in OPEN)})")
_WAITS: Final = text("compare_at IS NOT NULL")
_NEAR: Final = (Referral.submitted_at, Referral.id)
# Of the referrals' table, and here because only a comparison asks for them.
INDEXES: Final = (
    Index(
        "ix_referrals_compare_at",
        *(Referral.compare_at, Referral.id),
        sqlite_where=_WAITS,
        postgresql_where=_WAITS,
    ),
    Index(
        "ix_referrals_near_unit",
        *(Referral.unit_id, *_NEAR),
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    Index(
        "ix_referrals_near_cell",
        *(Referral.cell, *_NEAR),
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
)
# In one transaction: it may open as many persons as MOST_COMPARED, and an agency that answers
# meanwhile waits for it.
AT_ONCE: Final = 1
_PAIRS: Final = cast("Table", Duplicate.__table__)
# The words stand in the statement itself, as the partial indexes need it.
_IS_OPEN: Final = Referral.state.in_(bindparam("open", OPEN, expanding=True, literal_execute=True))
_DUE: Final = Referral.compare_at.is_not(None)
# How many referrals are to be compared.
COUNT_DUE: Final = select(func.count()).where(_DUE, Referral.compare_at <= NOW)


def due(session: Session, now: datetime, limit: int) -> Sequence[UUID]:
    """The referrals to be compared, the longest waiting first."""
    query = select(Referral.id).where(_DUE, Referral.compare_at <= now)
    first = query.order_by(Referral.compare_at, Referral.id).limit(min(limit, AT_ONCE))
    return session.scalars(first).all()


def candidates(session: Session, referral: Referral, now: datetime) -> list[Referral]:
    """The live referrals of the sector, near in time and place, that may be of the same person.

    The newest of the referral's unit and of its neighbourhood, as many as may be compared; none
    whose need is protected, whose consent does not stand, or whose pair with it is known. A newer
    one that still waits for its own comparison is left out: it will find this one.
    """
    places: list[ColumnElement[bool]] = [Referral.unit_id == referral.unit_id]
    if referral.cell is not None:
        places.append(Referral.cell.in_(neighbourhood(referral.cell)))
    found: dict[UUID, Referral] = {}
    for place in places:
        query = _comparable(select(Referral), referral, now).where(place)
        newest = query.order_by(Referral.submitted_at.desc(), Referral.id.desc())
        found |= {one.id: one for one in session.scalars(newest.limit(MOST_COMPARED))}
    known = _known(session, referral.id, found)
    rest = [one for one in found.values() if one.id not in known]
    return sorted(rest, key=lambda one: (one.submitted_at, one.id), reverse=True)[:MOST_COMPARED]


def hold(session: Session, seen: Collection[Referral]) -> set[UUID]:
    """Keep those of the referrals as they are that nobody else holds, and that nobody changed.

    One that was corrected, erased, or whose consent was taken back since it was seen is left out:
    its words may no longer stand. Never waiting for one, it cannot stand in the way of whoever
    takes referrals in order. What erases or corrects one afterwards finds the pair, and deletes it.
    """
    versions = {one.id: one.version for one in seen}
    query = select(Referral.id, Referral.version).where(Referral.id.in_(versions))
    rows = session.execute(query.with_for_update(read=True, key_share=True, skip_locked=True))
    return {row.id for row in rows if row.version == versions[row.id]}


def keep(session: Session, pairs: Collection[Duplicate]) -> None:
    """Store pairs that were found, in one statement; one that is there already stays as it is."""
    names = [column.name for column in _PAIRS.columns]
    rows = [{name: getattr(pair, name) for name in names} for pair in pairs]
    session.execute(insert(session, _PAIRS).values(rows).on_conflict_do_nothing())


def find(session: Session, one: UUID, other: UUID) -> Duplicate | None:
    """The pair of two referrals, in whichever order they are named."""
    return session.get(Duplicate, (one, other)) or session.get(Duplicate, (other, one))


def doubles(session: Session, ids: Collection[UUID]) -> list[tuple[UUID, Double]]:
    """What some referrals have to do with others, unless they were told apart, the newest first."""
    found: list[tuple[UUID, Double]] = []
    for own, other in (
        (Duplicate.referral_id, Duplicate.other_id),
        (Duplicate.other_id, Duplicate.referral_id),
    ):
        query = (
            select(own, Duplicate, Referral)
            .join(Referral, Referral.id == other)
            .where(own.in_(ids), Duplicate.state != DuplicateState.DIFFERENT)
        )
        found += [(mine, Double(pair, seen)) for mine, pair, seen in session.execute(query)]
    return sorted(found, key=lambda item: item[1].referral.id, reverse=True)


def forget(session: Session, referral_id: UUID, *, only_open: bool = False) -> None:
    """Delete the pairs of a referral: all, or those of which nobody has said anything yet."""
    mine = or_(Duplicate.referral_id == referral_id, Duplicate.other_id == referral_id)
    states = [DuplicateState.OPEN] if only_open else list(DuplicateState)
    session.execute(delete(Duplicate).where(mine, Duplicate.state.in_(states)))


def outlived(session: Session, _now: datetime, limit: int) -> Sequence[UUID]:
    """Referrals in the worklist as duplicates whose other one has ended, or is gone."""
    return session.scalars(_OUTLIVED.limit(limit)).all()


def stands(session: Session, referral_id: UUID) -> bool:
    """Whether a referral has a live double of which nobody has said anything yet."""
    return bool(session.scalar(select(or_(*_standing(referral_id)))))


def _comparable(query: Any, referral: Referral, now: datetime) -> Any:
    sector = SECTOR_OF[referral.need]
    needs = [need for need in Need if SECTOR_OF[need] is sector and need not in PROTECTED_NEEDS]
    return query.where(
        _IS_OPEN,
        Referral.need.in_(needs),
        Referral.submitted_at >= referral.submitted_at - WINDOW,
        Referral.submitted_at <= referral.submitted_at + WINDOW,
        Referral.training == referral.training,
        Referral.origin == Origin.LIVE,
        Referral.consent_status == ConsentStatus.GIVEN,
        or_(Referral.consent_ends_at.is_(None), Referral.consent_ends_at > now),
        Referral.erased_at.is_(None),
        Referral.id != referral.id,
        or_(Referral.id < referral.id, Referral.compare_at.is_(None)),
    )


def _known(session: Session, referral_id: UUID, ids: Collection[UUID]) -> set[UUID]:
    """Those with which the referral is a pair already."""
    newer = select(Duplicate.other_id).where(Duplicate.referral_id == referral_id)
    older = select(Duplicate.referral_id).where(Duplicate.other_id == referral_id)
    return {*session.scalars(newer), *session.scalars(older)} & set(ids)


def _standing(referral_id: Any) -> list[ColumnElement[bool]]:
    """The two ways of being one of an open pair whose other referral is live."""
    ways: list[ColumnElement[bool]] = []
    for own, other in (
        (Duplicate.referral_id, Duplicate.other_id),
        (Duplicate.other_id, Duplicate.referral_id),
    ):
        # Its state is looked up by its key: joined, SQLite walks every live referral each time.
        state = select(Referral.state).where(Referral.id == other).scalar_subquery()
        unsaid = Duplicate.state == DuplicateState.OPEN
        ways.append(exists().where(own == referral_id, unsaid, state.in_(OPEN)))
    return ways


def _outlived(query: Select[Any]) -> Select[Any]:
    query = query.where(AttentionRow.why == Attention.DUPLICATE)
    for way in _standing(AttentionRow.referral_id):
        query = query.where(~way)
    return query


# Made once: dear to put together, and asked at every look.
_OUTLIVED: Final = _outlived(select(AttentionRow.referral_id)).order_by(AttentionRow.referral_id)
COUNT_OUTLIVED: Final = _outlived(select(func.count()).select_from(AttentionRow))
