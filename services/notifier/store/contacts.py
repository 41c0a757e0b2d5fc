"""SQL of contacts: who of an agency, or of the coordinators, is written to."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.chassis.columns import insert
from services.notifier.domain.contacts import Contact
from services.notifier.tables import ContactRow, Model, RecipientRow

_RECIPIENTS: Final = Model.metadata.tables["recipients"]
_CONTACTS: Final = Model.metadata.tables["contacts"]


def lock(session: Session, recipient: str) -> int:
    """Lock a recipient's row, made at need, and return its version; 0 = nothing stated yet."""
    row = {"recipient": recipient, "version": 0}
    session.execute(insert(session, _RECIPIENTS).values(row).on_conflict_do_nothing())
    held = select(RecipientRow.version).where(RecipientRow.recipient == recipient)
    return session.execute(held.with_for_update()).scalar_one()


def version(session: Session, recipient: str) -> int:
    """The version of a recipient's contacts; 0 = nothing stated yet."""
    query = select(RecipientRow.version).where(RecipientRow.recipient == recipient)
    return session.scalar(query) or 0


def replace(session: Session, recipient: str, contacts: Sequence[Contact]) -> None:
    """Put these contacts in place of all others."""
    session.execute(delete(ContactRow).where(ContactRow.recipient == recipient))
    rows = [
        {
            "recipient": recipient,
            "position": position,
            "email": contact.email,
            "name": contact.name,
            "on_call": contact.on_call,
        }
        for position, contact in enumerate(contacts)
    ]
    if rows:
        session.execute(insert(session, _CONTACTS), rows)
    raised = update(RecipientRow).where(RecipientRow.recipient == recipient)
    session.execute(raised.values(version=RecipientRow.version + 1))


def of(session: Session, recipients: Collection[str]) -> dict[str, list[Contact]]:
    """The contacts of each recipient that has any, in the order stated."""
    query = (
        select(ContactRow)
        .where(ContactRow.recipient.in_(recipients))
        .order_by(ContactRow.recipient, ContactRow.position)
    )
    found: dict[str, list[Contact]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.recipient].append(Contact(row.email, row.name, row.on_call))
    return dict(found)
