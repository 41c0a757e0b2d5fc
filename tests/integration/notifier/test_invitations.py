"""Invitations over HTTP: a letter brings a code, and the code a token; guesses are counted."""

from typing import Any

import pytest
from sqlalchemy import event, select, text

from services.chassis import audit
from services.notifier.domain.staff import INVITED_FOR, MOST_TRIES
from services.notifier.tables import StaffRow
from tests.integration.notifier.conftest import ADMIN, Desk
from tests.integration.notifier.staffing import (
    INVITATIONS,
    NIA,
    calling,
    codes,
    invite,
    posted,
    redeem,
    states,
)
from tests.ports.at_once import at_once

CONTACTS = "/v1/agencies/harbour/contacts"
UNKNOWN = (404, "no invitation with this id is open to you")


def test_a_letter_brings_a_code_and_the_code_a_token_that_lets_in(desk: Desk) -> None:
    staff_id, code = invite(desk, name="Nia")
    (letter,) = desk.mail
    assert letter["To"] == NIA["email"]
    assert "https://handoff.example.org/v1/invitations/redeem" in letter.get_content()
    joined = redeem(desk, code, phone="555 0142")
    assert joined.status_code == 201
    assert joined.json["subject"] == f"staff-{staff_id}"
    assert calling(desk, joined.json["token"], "GET", CONTACTS).status_code == 200
    assert calling(desk, joined.json["token"], "GET", "/v1/notices").status_code == 403
    shown = desk.get(ADMIN, f"/v1/staff/{staff_id}")
    assert (shown["state"], shown["name"], shown["phone"]) == ("active", "Nia", "555 0142")
    assert (shown["agency_id"], shown["administrator"]) == ("harbour", False)


def test_neither_address_nor_code_stands_anywhere_but_in_the_letter(desk: Desk) -> None:
    _, code = invite(desk, name="Nia Canary")
    secret = code[9:].replace("-", "")
    with desk.service.database.transaction() as session:
        rows = [dict(row) for row in session.execute(select(StaffRow.__table__)).mappings()]
    kept = repr([rows, *map(desk.rows, ("notices", "contacts"))])
    for word in ("canary", "nia@", code, secret):
        assert word.lower() not in kept.lower()


def test_a_code_works_once_and_whatever_is_wrong_the_answer_is_the_same(desk: Desk) -> None:
    _, used = invite(desk)
    assert redeem(desk, used).status_code == 201
    withdrawn_id, withdrawn = invite(desk)
    assert desk.call(ADMIN, "POST", f"{INVITATIONS}/{withdrawn_id}/withdraw", {}).status_code == 200
    again_id, replaced = invite(desk)
    _, newest = posted(desk, ADMIN, f"{INVITATIONS}/{again_id}/send-again", {})
    _, late = invite(desk)
    wrong = f"{newest[:9]}{used[9:]}"
    nothing = "0000-0000-0000-0000-0000-0000-0000-0000"
    for code in (used, withdrawn, replaced, wrong, nothing, "x", "é" * 32):
        answer = redeem(desk, code)
        assert (code, answer.status_code, answer.json["detail"]) == (code, *UNKNOWN)
    assert redeem(desk, f" {newest.lower().replace('-', ' ')} ").status_code == 201
    desk.clock.advance(INVITED_FOR)
    assert redeem(desk, late).status_code == 404


def test_guesses_are_counted_and_after_a_few_even_the_right_code_is_refused(desk: Desk) -> None:
    staff_id, code = invite(desk)
    for _ in range(MOST_TRIES):
        assert redeem(desk, f"{code[:9]}0000-0000-0000-0000-0000-0000").status_code == 404
    assert redeem(desk, code).status_code == 404
    with desk.service.database.transaction() as session:
        chain = audit.entries(session, f"staff:{staff_id}")
    tries = [entry["detail"].get("tries") for entry in chain]
    # What is tried at a dead code is not even written down.
    assert tries == [None, *range(1, MOST_TRIES + 1)]
    assert audit.verify(chain) == []
    _, new = posted(desk, ADMIN, f"{INVITATIONS}/{staff_id}/send-again", {})
    assert redeem(desk, new).status_code == 201


def test_what_is_tried_at_an_expired_code_is_not_written_down(desk: Desk) -> None:
    staff_id, code = invite(desk)
    desk.clock.advance(INVITED_FOR)
    for guess in (code, f"{code[:9]}0000-0000-0000-0000-0000-0000"):
        assert redeem(desk, guess).status_code == 404
    with desk.service.database.transaction() as session:
        assert len(audit.entries(session, f"staff:{staff_id}")) == 1


def test_what_is_no_code_at_all_is_answered_without_the_database(new_desk: Desk) -> None:
    asked: list[Any] = []
    event.listen(new_desk.service.database.engine, "begin", asked.append)
    for code in ("x", "0000-0000", "é" * 32):
        answer = redeem(new_desk, code)
        assert (answer.status_code, answer.json["detail"]) == UNKNOWN
    assert asked == []
    redeem(new_desk, "0000-0000-0000-0000-0000-0000-0000-0000")
    assert len(asked) == 1


def test_a_letter_that_is_written_again_is_no_copy_of_the_one_before(desk: Desk) -> None:
    _, dead = invite(desk)
    (first,) = desk.mail
    with desk.service.database.transaction() as session:  # as after a crash before it was recorded
        session.execute(text("UPDATE notices SET state = 'pending'"))
    desk.work()
    (second,) = desk.mail
    assert dead not in second.get_content()
    assert first["Message-ID"] != second["Message-ID"]
    (newest,) = codes(desk)
    assert [redeem(desk, code).status_code for code in (dead, newest)] == [404, 201]


def test_a_letter_of_an_invitation_that_was_withdrawn_is_not_sent(desk: Desk) -> None:
    answer = desk.call(ADMIN, "POST", INVITATIONS, NIA)
    path = f"{INVITATIONS}/{answer.json['staff_id']}/withdraw"
    assert desk.call(ADMIN, "POST", path, {}).status_code == 200
    desk.work()
    assert desk.mail == []
    assert [state for _, state in states(desk, "invitation")] == ["dropped"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (INVITATIONS, {**NIA, "agency_id": None}, "agency_id"),
        (INVITATIONS, {**NIA, "unit_id": "central"}, "unit_id"),
        (INVITATIONS, {**NIA, "role": "officer"}, "agency_id"),
        (INVITATIONS, {**NIA, "role": "service", "agency_id": None}, "role"),
        (INVITATIONS, {"role": "manager", "email": "m@example.org", "administrator": True}, ""),
        (INVITATIONS, {**NIA, "email": "nobody"}, "email"),
        (INVITATIONS, {**NIA, "email": "a@example.org\nBcc: b@example.org"}, "email"),
        (f"{INVITATIONS}/redeem", {}, "code"),
        (f"{INVITATIONS}/redeem", {"code": "x" * 81}, "code"),
        ("/v1/access/end", {}, "subject"),
        ("/v1/access/end", {"subject": "a", "token_id": "b"}, "subject"),
        ("/v1/access/end", {"token_id": "b", "agency_id": "harbour"}, "agency_id"),
        ("/v1/access/end", {"subject": "a", "agency_id": "b", "unit_id": "c"}, "unit_id"),
    ],
)
def test_what_is_not_right_is_refused_by_its_field(
    desk: Desk, path: str, body: Any, field: str
) -> None:
    refused = desk.call(ADMIN, "POST", path, body)
    assert refused.status_code == 422
    assert (field or "administrator") in refused.json["errors"]
    assert desk.rows("staff") == []


def test_of_many_who_send_a_code_at_once_one_takes_up_the_post(desk: Desk) -> None:
    _, code = invite(desk)
    answers = at_once(lambda _: int(redeem(desk, code).status_code), times=1, threads=4)
    assert sorted(answers) == [201, 404, 404, 404]
