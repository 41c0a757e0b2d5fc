"""SQL of progress: the fold of each referral, its offers as JSON beside it."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.orm import Session

from contracts.vocabulary import (
    AgeBand,
    EntryDoor,
    HandoffKind,
    Origin,
    Outcome,
    Reason,
    ReferralState,
    Sector,
    Side,
    Urgency,
)
from services.chassis.columns import insert
from services.notifier.domain.progress import OfferProgress, OfferStep, Progress
from services.notifier.tables import Model

_TABLE: Final = Model.metadata.tables["progress"]
_FACTS: Final = tuple(c.name for c in _TABLE.columns if c.name not in {"referral_id", "offers"})
# Once, for every event runs through here: `excluded` made anew costs more than the statement.
_CHANGED: Final[dict[str, ColumnElement[Any]]] = {
    name: literal_column(f"excluded.{name}") for name in (*_FACTS, "offers")
}
_OFFER: Final = tuple(field.name for field in fields(OfferProgress))


def get(session: Session, referral_id: UUID) -> Progress | None:
    """How far a referral came, locked; None before its first event."""
    query = select(_TABLE).where(_TABLE.c.referral_id == referral_id).with_for_update()
    row = session.execute(query).mappings().first()
    return _progress(dict(row)) if row else None


def put(session: Session, progress: Progress) -> None:
    """Keep how far a referral came."""
    row = {name: getattr(progress, name) for name in ("referral_id", *_FACTS)}
    row["offers"] = [_offer_json(offer) for offer in progress.offers]
    add = insert(session, _TABLE)
    add = add.on_conflict_do_update(index_elements=["referral_id"], set_=_CHANGED)
    session.execute(add, row)


def _progress(row: dict[str, Any]) -> Progress:
    words = {
        "state": ReferralState(row["state"]),
        "sector": Sector(row["sector"]),
        "urgency": Urgency(row["urgency"]),
        "entry_door": EntryDoor(row["entry_door"]) if row["entry_door"] else None,
        "age_band": AgeBand(row["age_band"]),
        "origin": Origin(row["origin"]),
        "outcome": Outcome(row["outcome"]) if row["outcome"] else None,
        "handoff_kind": HandoffKind(row["handoff_kind"]) if row["handoff_kind"] else None,
        "offers": tuple(_offer(data) for data in row["offers"]),
    }
    return Progress(**row | words)


def _offer_json(offer: OfferProgress) -> dict[str, Any]:
    """Without what is empty."""
    return {name: value for name, value in asdict(offer).items() if value not in {None, False}}


def _offer(data: dict[str, Any]) -> OfferProgress:
    read: dict[str, Any] = {
        "offer_id": UUID,
        "answer": OfferStep,
        "reason": Reason,
        "side": Side,
    } | {name: datetime.fromisoformat for name in _OFFER if name.endswith("_at")}
    return OfferProgress(**{k: read[k](v) if k in read else v for k, v in data.items()})
