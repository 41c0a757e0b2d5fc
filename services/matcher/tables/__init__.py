"""The matcher's tables; nothing about a person stands here but the coarse facts of a need."""

from services.matcher.tables.journal import (
    DecisionRow,
    JournalHeadRow,
    JournalRow,
    PlanRow,
    PolicyRow,
)
from services.matcher.tables.stock import (
    IS_WAITING,
    SEEKS,
    AcceptanceRow,
    AgencyLapseRow,
    AgencyRow,
    Base,
    CapacityRow,
    HaltRow,
    ListingRow,
    ListingTermRow,
    ProgramNeedRow,
    ProgramRow,
    RequestRow,
    ReservationRow,
    WaitRow,
)

__all__ = [
    "IS_WAITING",
    "SEEKS",
    "AcceptanceRow",
    "AgencyLapseRow",
    "AgencyRow",
    "Base",
    "CapacityRow",
    "DecisionRow",
    "HaltRow",
    "JournalHeadRow",
    "JournalRow",
    "ListingRow",
    "ListingTermRow",
    "PlanRow",
    "PolicyRow",
    "ProgramNeedRow",
    "ProgramRow",
    "RequestRow",
    "ReservationRow",
    "WaitRow",
]
