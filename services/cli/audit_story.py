"""A referral's audit as a story, in plain words, and the list of its disclosures."""

import csv
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.cli.client import Client, ClientError
from services.cli.screen import say, table
from services.cli.story import facts_of

READ: Final = ".read"
MARK: Final = "READ"
# What an entry of the audit says in plain words; one that is not here says its own.
WORDS: Final[Mapping[str, str]] = {
    "referral.submit": "submitted the referral",
    "referral.correct": "corrected the referral",
    "referral.add_facts": "answered questions about the person",
    "referral.withdraw": "withdrew the referral",
    "referral.reroute": "had the matcher look again",
    "referral.place": "placed by hand",
    "referral.insist": "placed by hand beyond stated capacity",
    "referral.close": "closed the referral",
    "referral.enter_in_error": "marked it entered in error",
    "referral.mend": "set a timer that was missing",
    "review.due": "told the owner that it is time to look",
    "proposal.routed": "put it to the programs that the matcher proposed",
    "proposal.deferred": "will look again later, as the matcher proposed",
    "proposal.waitlisted": "put it on the waiting list",
    "proposal.unplaced": "found no program for it",
    "offer.acknowledge": "acknowledged the offer",
    "offer.accept": "accepted the offer",
    "offer.decline": "declined the offer",
    "offer.lapse": "noted that an offer went unanswered",
    "offer.contact": "tried to reach the person",
    "offer.engage": "began with the person",
    "offer.complete": "recorded the outcome",
    "offer.not_served": "could not serve the person",
    "offer.leave_stopped": "took the offer back from a program that paused or closed",
    "referral.holder_closed": "noted that the program which held the person closed",
    "consent.record": "recorded a consent",
    "consent.expire": "noted that the consent expired",
    "consent.revoke": "revoked the consent",
    "revocation.acknowledge": "acknowledged the revoked consent",
    "revocation.overdue": "reminded that the revoked consent is not acknowledged",
    "person.erase": "erased the person",
    "person.key_destroyed": "destroyed the person's key",
    "person.compare": "compared the person with others' live referrals nearby",
    "duplicate.same": "kept it, for another referral was the same person's",
    "duplicate.different": "found that a referral alike to it is another person's",
    "duplicate.outlived": "noted that the referral alike to it has ended",
    "referral.hand_over": "recorded how the person was handed over",
    "worklist.take": "took it on",
    "worklist.hand_over": "handed it over",
    "person.read": "read the person",
    "notes.read": "read the notes",
}
_COLUMNS: Final = ("number", "at", "agency_id", "by", "role", "fields", "purpose", "consent")


def tell(client: Client, referral: str) -> bool:
    """Print who did what, when and for whom; whether the chains hold."""
    found = _id_of(client, referral)
    seen = client.get(f"/v1/referrals/{found}")
    audit = client.get(f"/v1/referrals/{found}/audit")
    events = _by_moment(client.get(f"/v1/referrals/{found}/history")["items"])
    reads = 0
    say(
        f"Referral {seen['reference']}: {seen['need']}, {seen['urgency']}, "
        f"submitted by unit {seen['unit_id']}, now {seen['state']}"
    )
    for entry in audit["items"]:
        say(_line(entry, events))
        reads += entry["action"].endswith(READ)
    say(f"entries: {len(audit['items'])}, reads of the person: {reads}; {_verdict(audit)}")
    return bool(audit["verified"])


def disclosures(client: Client, referral: str, *, as_csv: bool) -> bool:
    """Print every disclosure as a table or as CSV; whether the chains hold."""
    found = client.get(f"/v1/referrals/{_id_of(client, referral)}/disclosures")
    rows = [[_cell(item[name]) for name in _COLUMNS] for item in found["items"]]
    if as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([_COLUMNS, *rows])
        return bool(found["verified"])
    table(f"Disclosures of the person of referral {found['reference']}", _COLUMNS, rows)
    say(f"disclosures: {len(rows)}; {_verdict(found)}")
    return bool(found["verified"])


def _id_of(client: Client, referral: str) -> str:
    """The id of a referral that is named by its id or short reference; raises ClientError."""
    try:
        return str(UUID(referral))
    except ValueError:
        listed = client.get("/v1/referrals", reference=referral.strip().upper())["items"]
    if not listed:
        raise ClientError(f"there is no referral {referral}")
    return str(listed[0]["referral_id"])


def _by_moment(events: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """What was published, by its moment: a command's events and its entry have the same."""
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        told = facts_of(event["data"])
        if told:
            found[event["at"]].append(told)
    return found


def _line(entry: Mapping[str, Any], events: Mapping[str, list[str]]) -> str:
    """One entry as a sentence, a read of the person marked in front."""
    action = entry["action"]
    read = action.endswith(READ)
    words = WORDS.get(action, action.replace(".", " ").replace("_", " "))
    told = [] if read else events.get(entry["at"], [])
    details = "; ".join([*dict.fromkeys(told), *_details(entry["detail"], read=read)])
    mark = MARK if read else ""
    said = f"{_who(entry)} {words}" + (f": {details}" if details else "")
    return f"{entry['number']:>4}  {_moment(entry['at'])}  {mark:<{len(MARK)}}  {said}"


def _who(entry: Mapping[str, Any]) -> str:
    """The actor, what they are, and for whom they acted."""
    of = f" of {entry['tenant']}" if entry["tenant"] else ""
    behalf = entry["detail"].get("on_behalf_of")
    return f"{entry['actor']} ({entry['role']}{of})" + (f" for {behalf}" if behalf else "")


def _details(detail: Mapping[str, Any], *, read: bool) -> list[str]:
    """What the entry itself says; ids of offers are told by their program in the events."""
    hidden = {"offer", "on_behalf_of"} | (set() if read else {"consent"})
    return [f"{name} {_cell(value)}" for name, value in detail.items() if name not in hidden]


def _verdict(answer: Mapping[str, Any]) -> str:
    return "its chains hold" if answer["verified"] else "ITS CHAINS DO NOT HOLD"


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S")


def _cell(value: object) -> str:
    """A value for a person to read; nothing for null."""
    if value is None:
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
