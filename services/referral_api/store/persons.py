"""The person table: what was said of a person and every free text, sealed under their own key."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import orjson
import structlog
from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from contracts.problems import ConflictError
from services.chassis.columns import insert
from services.chassis.faults import reason_of
from services.chassis.keys import KeyDestroyedError, PersonKeys, seal, unseal
from services.referral_api.tables import PersonField

log = structlog.get_logger()

SUBMITTED: Final = ""
NOTE: Final = "note"
REPRESENTATIVE: Final = "representative_name"
_FIELDS: Final = cast("Table", PersonField.__table__)


class Persons:
    """Seals and opens the fields of the person table; the keys lie in a store apart."""

    def __init__(self, keys: PersonKeys) -> None:
        self._keys = keys

    def create(
        self, session: Session, referral_id: UUID, said: Mapping[str, Any], now: datetime
    ) -> None:
        """Make the person's key, then store what was said; None and empty are not kept."""
        key = self._keys.create(str(referral_id), now)
        self._insert(session, key, referral_id, {(n, SUBMITTED): v for n, v in said.items()})

    def read(self, session: Session, referral_id: UUID) -> dict[str, Any]:
        """What was said at submission and since corrected, by field name."""
        key = self._key(referral_id)
        query = select(PersonField.field, PersonField.sealed).where(
            PersonField.referral_id == referral_id, PersonField.row == SUBMITTED
        )
        return {
            field: orjson.loads(unseal(key, sealed, _place(referral_id, field, SUBMITTED)))
            for field, sealed in session.execute(query)
        }

    def read_some(
        self, session: Session, ids: Collection[UUID], fields: Collection[str]
    ) -> dict[UUID, dict[str, Any]]:
        """These fields of several persons, in two queries; who cannot be opened is left out.

        That a key is gone is nothing new; a person who is there and cannot be read is logged.
        """
        keys = self._keys.read_many([str(referral_id) for referral_id in ids])
        query = select(PersonField.referral_id, PersonField.field, PersonField.sealed).where(
            PersonField.referral_id.in_(ids),
            PersonField.row == SUBMITTED,
            PersonField.field.in_(fields),
        )
        sealed: dict[UUID, dict[str, bytes]] = {UUID(person): {} for person in keys}
        for referral_id, field, hidden in session.execute(query):
            if referral_id in sealed:
                sealed[referral_id][field] = hidden
        opened = {one: _opened(keys[str(one)], one, hidden) for one, hidden in sealed.items()}
        return {one: said for one, said in opened.items() if said is not None}

    def replace(self, session: Session, referral_id: UUID, said: Mapping[str, Any]) -> None:
        """Store what is said now in place of what was said before, for these fields alone."""
        session.execute(
            delete(PersonField).where(
                PersonField.referral_id == referral_id,
                PersonField.row == SUBMITTED,
                PersonField.field.in_(list(said)),
            )
        )
        values = {(name, SUBMITTED): value for name, value in said.items()}
        self._insert(session, self._key(referral_id), referral_id, values)

    def name_representative(
        self, session: Session, referral_id: UUID, version: int, name: str | None
    ) -> None:
        """Keep who consents for the person by a later record of the consent."""
        values = {(REPRESENTATIVE, str(version)): name}
        self._insert(session, self._key(referral_id), referral_id, values)

    def representative(self, session: Session, referral_id: UUID, version: int) -> str | None:
        """Who consents for the person by one record; the first came with the submission."""
        row = SUBMITTED if version == 1 else str(version)
        place = (referral_id, REPRESENTATIVE, row)
        found = session.get(PersonField, place)
        if found is None:
            return None
        name: str = orjson.loads(unseal(self._key(referral_id), found.sealed, _place(*place)))
        return name

    def note(self, session: Session, referral_id: UUID, about: UUID, text: str) -> None:
        """Keep a free text that came with a step; ``about`` tells it from the others."""
        values = {(NOTE, str(about)): text}
        self._insert(session, self._key(referral_id), referral_id, values)

    def notes(self, session: Session, referral_id: UUID) -> list[tuple[UUID, str]]:
        """Every free text that came with a step, as (about, text), in the order of the ids."""
        key = self._key(referral_id)
        query = (
            select(PersonField.row, PersonField.sealed)
            .where(PersonField.referral_id == referral_id, PersonField.field == NOTE)
            .where(PersonField.row != SUBMITTED)
            .order_by(PersonField.row)
        )
        return [
            (UUID(row), orjson.loads(unseal(key, sealed, _place(referral_id, NOTE, row))))
            for row, sealed in session.execute(query)
        ]

    def forget(self, session: Session, referral_id: UUID) -> None:
        """Delete every sealed fact and text; the key is another store's, and goes after this."""
        session.execute(delete(PersonField).where(PersonField.referral_id == referral_id))

    def _insert(
        self,
        session: Session,
        key: bytes,
        referral_id: UUID,
        values: Mapping[tuple[str, str], Any],
    ) -> None:
        rows = [
            {
                "referral_id": referral_id,
                "field": field,
                "row": row,
                "sealed": seal(key, orjson.dumps(value), _place(referral_id, field, row)),
            }
            for (field, row), value in values.items()
            if value not in (None, [], ())
        ]
        if rows:
            session.execute(insert(session, _FIELDS), rows)

    def _key(self, referral_id: UUID) -> bytes:
        try:
            return self._keys.read(str(referral_id))
        except KeyDestroyedError:
            raise ConflictError("what was known of this person has been erased") from None


def _opened(key: bytes, person: UUID, sealed: Mapping[str, bytes]) -> dict[str, Any] | None:
    """What was sealed of a person, by field; None, and a line in the log, where it is harmed."""
    try:
        return {
            field: orjson.loads(unseal(key, hidden, _place(person, field, SUBMITTED)))
            for field, hidden in sealed.items()
        }
    except ValueError as error:
        log.warning("person_not_read", referral_id=str(person), reason=reason_of(error))
        return None


def _place(referral_id: UUID, field: str, row: str) -> str:
    """What the seal is bound to: table, column and row, so that nothing can be moved."""
    place = f"person_fields.{field}.{referral_id}"
    return f"{place}.{row}" if row else place
