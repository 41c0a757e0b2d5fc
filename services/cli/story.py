"""What came of a played day, as the API answers it: figures, and one referral's story."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.cli import people
from services.cli.client import Client
from services.cli.figures import show_funnel, show_summary
from services.cli.people import SignIn
from services.cli.screen import say, table

REROUTED: Final = frozenset({"declined", "lapsed", "not_served"})
# The facts of an event that tell its story; everything else of it is ids and the snapshot.
TOLD: Final = ("program_id", "reason", "side", "outcome", "mode", "reached", "until", "changed")


def tell(client: Client, sign_in: SignIn) -> None:
    """Print the day: figures first, then one referral that was routed again."""
    manager = client.acting(sign_in(people.MANAGER))
    show_funnel(manager.get("/v1/outcomes/funnel"))
    show_summary(manager.get("/v1/outcomes/summary", by="sector"))
    coordinator = client.acting(sign_in(people.COORDINATOR))
    referral = most_travelled(coordinator)
    if referral is None:
        say("no referral was routed again today")
        return
    _history(coordinator, referral)
    _decisions(coordinator, referral)


def most_travelled(coordinator: Client) -> Mapping[str, Any] | None:
    """The referral put to most programs among those that one said no to; the oldest of equals."""
    found: Mapping[str, Any] | None = None
    for referral in coordinator.items("/v1/referrals"):
        offers = referral["offers"]
        again = any(offer["state"] in REROUTED for offer in offers) and not referral["training"]
        if again and len(offers) > len(found["offers"] if found else ()):
            found = referral
    return found


def _history(coordinator: Client, referral: Mapping[str, Any]) -> None:
    items = coordinator.get(f"/v1/referrals/{referral['referral_id']}/history")["items"]
    rows = [
        (item["seq"], _clock(item["at"]), _short(item["type"]), facts_of(item["data"]))
        for item in items
    ]
    title = (
        f"Referral {referral['reference']}: {referral['need']}, {referral['urgency']}, "
        f"put to {len(referral['offers'])} programs, now {referral['state']}"
    )
    table(title, ("seq", "at", "what happened", "facts"), rows)


def _decisions(coordinator: Client, referral: Mapping[str, Any]) -> None:
    query = {"referral_id": referral["referral_id"]}
    listed = list(coordinator.items("/v1/decisions", **query))
    for entry in sorted(listed, key=lambda d: (d["attempt"], d["decision_number"])):
        decision = coordinator.get(f"/v1/decisions/{entry['decision_id']}")
        chosen = {choice["program_id"] for choice in decision["choices"]}
        title = (
            f"Attempt {decision['attempt']}, decision {decision['decision_number']} at "
            f"{_clock(decision['decided_at'])}: {decision['answer']} (policy {decision['policy']})"
        )
        rows = [
            (
                "->" if found["program_id"] in chosen else "",
                found["program_id"],
                found["verdict"],
                found["free"],
                found.get("score"),
                _why(found),
            )
            for found in decision["considered"]
        ]
        table(title, ("", "program", "verdict", "free", "score", "why"), rows)


def _why(found: Mapping[str, Any]) -> str:
    """The grounds to refuse or the questions to ask, then the terms of the score."""
    words = [*found["reasons"], *(f"ask {question}" for question in found["questions"])]
    terms = (found.get("terms") or {}).items()
    return ", ".join([*words, *(f"{name} {value:+g}" for name, value in terms)])


def facts_of(data: Mapping[str, Any]) -> str:
    """The facts of an event that tell its story, in words."""
    told = [(name, data[name]) for name in TOLD if data.get(name) not in (None, [], ())]
    return ", ".join(f"{name} {_said(value)}" for name, value in told)


def _said(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _short(kind: str) -> str:
    """An event's type without publisher and version."""
    return ".".join(part for part in kind.split(".")[1:-1])


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%d %b %H:%M")
