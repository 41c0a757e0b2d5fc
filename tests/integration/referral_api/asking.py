"""Persons of whom something is still to be asked, and who answers for them."""

from typing import Any, Final

from contracts.events.routing import Choice, Routed, Waitlisted
from contracts.questions import Question
from services.chassis.actor import Actor
from tests.integration.referral_api.office import Office

UNKNOWN: Final = {"person": {"age": None, "household_size": None}}
ASKED: Final = (Question.AGE, Question.DOCUMENTS, Question.SOBRIETY)
PROTECTED: Final = "domestic_violence_shelter"


def asked(shown: Any) -> list[str]:
    """The questions that a body says are open."""
    return [one["question"] for one in shown["questions"]]


def waiting(office: Office, **changes: Any) -> str:
    """A referral that waits while three questions are open."""
    referral = office.submit(**UNKNOWN | changes)
    office.propose(Waitlisted, referral, questions=ASKED)
    return referral


def offered(office: Office, **changes: Any) -> tuple[str, str]:
    """A referral on offer to near, whose program asks for papers and an age, and to far."""
    referral = office.submit(**UNKNOWN | changes)
    protected = changes.get("need") == PROTECTED
    asks = {"near": () if protected else (Question.AGE, Question.DOCUMENTS), "far": ()}
    choices = tuple(
        Choice(program_id=f"{a}-beds", agency_id=a, directory_version=1, questions=q)
        for a, q in asks.items()
    )
    made = choices[:1] if protected else choices
    office.propose(Routed, referral, choices=made, questions=() if protected else ASKED)
    offers = {o["agency_id"]: o["offer_id"] for o in office.seen(referral)["offers"]}
    return referral, offers["near"]


def answer(office: Office, who: Actor, referral: str, body: object, **headers: str) -> Any:
    return office.call(who, "POST", f"/v1/referrals/{referral}/facts", body, **headers)


def tag(office: Office, who: Actor, path: str) -> str:
    return str(office.call(who, "GET", path).headers["ETag"])
