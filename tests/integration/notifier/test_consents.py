"""Consents in letters and figures: who is told of a revocation, how long it took, and erasures."""

from dataclasses import replace
from typing import Any

from sqlalchemy import text

from contracts.events.snapshot import Holder
from contracts.vocabulary import EntryDoor, Need, Origin, Sector
from services.notifier.usecases.rebuild import rebuild
from tests.integration.notifier.conftest import COORDINATOR, MANAGER, Desk
from tests.integration.notifier.story import FACTS, START, Story

FIGURES = ("progress", "rollup_counts", "rollup_times")


def held(name: str = "robin") -> tuple[Story, Holder]:
    """A referral that an agency accepted, and its hold."""
    story = Story(name).submitted().wait(minutes=10).offered().wait(minutes=20).accepted()
    assert story.snapshot.holder is not None
    return story, story.snapshot.holder


def told(desk: Desk) -> list[tuple[str, str]]:
    """Recipient and template of every notice but of the offer's own story."""
    items = desk.get(COORDINATOR, "/v1/notices")["items"]
    found = [(n["recipient"], n["template"]) for n in items]
    return sorted(one for one in found if not one[1].startswith("offer_"))


def figures(desk: Desk) -> Any:
    return desk.get(MANAGER, "/v1/outcomes/summary")


def test_a_holder_is_told_of_a_revocation_with_its_deadline(desk: Desk) -> None:
    desk.contacts("harbour")
    story, hold = held()
    desk.notices(story.revoked().records)
    desk.work()
    (letter,) = [mail for mail in desk.mail if "Consent revoked" in mail["Subject"]]
    assert "acknowledge by 19:30 on Mon 1 Mar 2027 (UTC)" in letter["Subject"]
    assert f"/v1/offers/{hold.offer_id}" in letter.get_content()


def test_a_silent_holder_is_reminded_each_time_and_the_coordinator_told(desk: Desk) -> None:
    story, hold = held()
    desk.notices(story.revoked().overdue(hold).wait(hours=4).overdue(hold).records)
    assert told(desk) == [
        ("coordinator", "holder_silent"),
        ("coordinator", "holder_silent"),
        ("harbour", "consent_revoked"),
        ("harbour", "revocation_reminder"),
        ("harbour", "revocation_reminder"),
    ]


def test_an_expiry_is_told_to_the_holder_and_the_coordinator_while_it_goes_on(desk: Desk) -> None:
    story, _ = held()
    desk.notices(story.expired().records)
    desk.notices(Story("ended").submitted().withdrawn().expired().records)
    assert told(desk) == [("coordinator", "consent_expired"), ("harbour", "consent_expired")]


def test_every_agency_that_ever_held_the_person_is_told_of_the_erasure(desk: Desk) -> None:
    story, _ = held()
    desk.notices(story.withdrawn().erased("elsewhere", "harbour").records)
    assert told(desk) == [("elsewhere", "person_erased"), ("harbour", "person_erased")]


def test_the_clock_of_a_revocation_is_a_figure(desk: Desk) -> None:
    quick, hold = held("quick")
    desk.outcomes(quick.revoked().wait(minutes=45).acknowledged(hold).records)
    late, hold = held("late")
    desk.outcomes(late.revoked().wait(hours=4).overdue(hold).wait(hours=4).overdue(hold).records)
    late_then, hold = held("late then")
    records = late_then.revoked().wait(hours=5).overdue(hold).acknowledged(hold).records
    desk.outcomes(records)
    total = figures(desk)["total"]
    counted = {name: n for name, n in total["counts"].items() if name.startswith("revocations")}
    assert counted == {"revocations": 3, "revocations_open": 1, "revocations_overdue": 1}
    spread = total["times"]["revoked_to_acknowledged"]
    assert spread == {"count": 2, "median": 45, "p90": 300}
    meant = figures(desk)["definitions"]
    assert "until it acknowledged" in meant["times"]["revoked_to_acknowledged"]
    assert "past their deadline" in meant["counts"]["revocations_overdue"]


def test_an_erasure_keeps_the_totals_and_makes_the_person_unknown(desk: Desk) -> None:
    story, _ = held()
    desk.outcomes(story.withdrawn().records)
    before = figures(desk)["total"]
    desk.outcomes(story.erased("harbour").records[-1:])
    assert figures(desk)["total"] == before
    for by in ("language", "age_band", "entry_door"):
        groups = desk.get(MANAGER, f"/v1/outcomes/summary?by={by}")["groups"]
        assert [group["value"] for group in groups] == ["unknown"]
    columns = "SELECT language, entry_door, age_band FROM progress"
    with desk.service.database.transaction() as session:
        assert session.execute(text(columns)).all() == [(None, None, "unknown")]


def test_what_is_sent_again_after_an_erasure_makes_identical_rows(desk: Desk) -> None:
    stories = [held("a")[0].withdrawn(), held("b")[0].completed()]
    past = Story("past", replace(FACTS, origin=Origin.IMPORTED))
    past.snapshot = replace(past.snapshot, occurred_at=START.replace(month=1, day=17, hour=0))
    stories.append(past.submitted().withdrawn())
    for story in stories:
        desk.outcomes(story.records)
        desk.outcomes(story.erased("harbour").records[-1:])
    rows = [desk.rows(table) for table in FIGURES]
    with desk.service.database.transaction() as session:
        rebuild(session)
    for story in stories:
        desk.outcomes(story.records)
    assert [desk.rows(table) for table in FIGURES] == rows


def test_nobody_but_staff_of_agencies_and_the_coordinator_is_ever_written_to(desk: Desk) -> None:
    story, hold = held()
    desk.notices(story.revoked().overdue(hold).erased("harbour").records)
    recipients = {n["recipient"] for n in desk.get(COORDINATOR, "/v1/notices")["items"]}
    assert recipients == {"harbour", "coordinator"}


def test_a_letter_of_a_protected_need_tells_no_need_and_no_place(desk: Desk) -> None:
    desk.contacts("harbour")
    facts = replace(
        FACTS,
        need=Need.DOMESTIC_VIOLENCE_SHELTER,
        sector=Sector.HOUSING,
        entry_door=EntryDoor.COMMUNITY,
    )
    story = Story("dv", facts).submitted().offered().accepted()
    assert story.snapshot.holder is not None
    desk.notices(story.revoked().erased("harbour").records)
    desk.work()
    assert len(desk.mail) == 2
    for letter in desk.mail:
        whole = f"{letter['Subject']}{letter.get_content()}"
        assert not [word for word in ("violence", "domestic", "Street", "address") if word in whole]
