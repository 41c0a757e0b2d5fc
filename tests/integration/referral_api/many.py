"""Many referrals at once, for tests of batches: sent one by one they would take minutes."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert, select

from services.referral_api.tables import Offer, Referral
from tests.integration.referral_api.office import Office


def multiply(office: Office, referral_id: str, times: int) -> None:
    """More referrals, each with the offers it has, that differ from this one in their ids alone."""
    referrals: Any = Referral.__table__
    offers: Any = Offer.__table__
    with office.behind.transaction() as session:
        one = select(referrals).where(referrals.c.id == UUID(referral_id))
        referral = session.execute(one).mappings().one()
        its = select(offers).where(offers.c.referral_id == UUID(referral_id))
        made = session.execute(its).mappings().all()
        more = [{**referral, "id": uuid4(), "reference": f"R{n}"} for n in range(times)]
        session.execute(insert(referrals), more)
        asked = [{**o, "id": uuid4(), "referral_id": r["id"]} for r in more for o in made]
        if asked:
            session.execute(insert(offers), asked)
