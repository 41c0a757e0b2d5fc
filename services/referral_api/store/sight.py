"""Whose rows a transaction sees on PostgreSQL, whose policies mind it; SQLite shows all to all."""

from sqlalchemy.orm import Session

from services.chassis import postgres


def widen(session: Session) -> None:
    """From here on the transaction sees the rows of every agency.

    For a step that was found to be the caller's own: only the row-level policies let go, and what
    is read and written from here on must be of the one referral that the step is on.
    """
    if session.get_bind().dialect.name == "postgresql":
        postgres.show_every_agency(session)


def narrow(session: Session, agency_id: str) -> None:
    """From here on the transaction sees what this agency may see, and nothing else."""
    if session.get_bind().dialect.name == "postgresql":
        postgres.show_only(session, agency_id)
