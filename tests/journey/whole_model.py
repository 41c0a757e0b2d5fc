"""What every referral must be after whatever was done: a model of the rules, not of the code.

People's commands move it exactly. What the matcher chose, and what time did, it learns by reading,
and it holds each to be one that the rules allow.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from tests.journey.whole_things import (
    ENDED,
    HELD,
    LIVE,
    PROTECTED,
    SECTOR_OF,
    SEEKING,
    Offer,
    Program,
    Referral,
)

OVER: Final = ("expired", "revoked")
# From which states an agency's step may be taken, and into which it leads.
STEPS: Final[dict[str, tuple[tuple[str, ...], str | None]]] = {
    "acknowledge": (("open",), "acknowledged"),
    "accept": (LIVE, "accepted"),
    "decline": ((*LIVE, *HELD), "declined"),
    "engage": (("accepted",), "engaged"),
    "complete": (HELD, "completed"),
    "not-served": (HELD, "not_served"),
    "contacts": (HELD, None),
}
ANSWERS: Final = {"accept": "accepted", "decline": "declined"}
SIGNS_OF_LIFE: Final = ("acknowledge", "accept", "decline")
# Minutes within which a holder acknowledges that a consent was revoked.
HONOURED_WITHIN: Final = {"crisis": 60, "urgent": 240, "routine": 1440}
# How long an officer may say how the person was brought, and which times each way has.
ENCOUNTER: Final = timedelta(hours=12)
MOMENTS: Final = ("called_at", "arrived_at", "left_at")
MOMENTS_OF: Final = {"in_person": MOMENTS, "phone": ("called_at",), "cold": ()}
# How long before an agency's statement an acceptance counts as not yet in it.
ALLOWANCE: Final = timedelta(seconds=60)


@dataclass(slots=True)
class Town:
    """All referrals, programs and pauses; every command says whether the rules allow it."""

    programs: dict[str, Program]
    referrals: dict[str, Referral] = field(default_factory=dict)
    # (agency or program, pause or closing) -> until when; None = until somebody ends it.
    halts: dict[tuple[str, str], datetime | None] = field(default_factory=dict)
    # Stopped, back or stated anew since all was at rest: what is under way may not know.
    unsure: set[str] = field(default_factory=set)
    # By agency: when it last gave a sign of life, and when it let offers lapse since.
    heard_at: dict[str, datetime] = field(default_factory=dict)
    lapses: dict[str, list[datetime]] = field(default_factory=dict)

    # --- What agencies do

    def step(self, offer: Offer, said: dict[str, Any], name: str, now: datetime) -> bool:
        """An agency's step on an offer, whoever records it."""
        referral, (allowed, state) = self.of(offer), STEPS[name]
        over = referral.standing(now) in OVER and name in {"acknowledge", "accept"}
        if offer.state not in allowed or over:
            return False
        if name in SIGNS_OF_LIFE and not referral.training:
            self.hear(offer.program.agency, now)
        if name in ANSWERS and offer.state in LIVE:
            offer.answer, offer.answered_at = ANSWERS[name], now
            offer.reason, offer.side = said.get("reason"), said.get("side")
        offer.state = state or offer.state
        offer.contacted_at = offer.contacted_at or (now if name == "contacts" else None)
        offer.engaged_at = offer.engaged_at or (now if name == "engage" else None)
        self._follow(referral, offer, said, now)
        return True

    def _follow(
        self, referral: Referral, offer: Offer, said: dict[str, Any], now: datetime
    ) -> None:
        """What an offer's new state makes of its referral."""
        if offer.state == "accepted":
            referral.state = "accepted"
        elif offer.state == "completed":
            offer.completed = True
            referral.end("closed", now, said["outcome"])
        elif offer.state in {"declined", "not_served"} and said["side"] == "person":
            referral.end("closed", now, "not_served")
        elif offer.state in {"declined", "not_served"}:
            offer.returned = offer.answer == "accepted"
            referral.excluded[offer.program.id] = "declined"
            referral.seek()

    # --- What coordinators and officers do

    def correct(self, referral: Referral, need: str, urgency: str) -> bool:
        """Other facts: whoever was asked is asked no more."""
        if referral.state not in (*SEEKING, "offered"):
            return False
        if referral.before and need != PROTECTED:
            referral.age = referral.before.pop()
        referral.need, referral.urgency = need, urgency
        referral.version += 1
        referral.seek()
        return True

    def answer(self, referral: Referral, age: int, now: datetime, offer: Offer | None) -> bool:
        """The person's age, which programs ask; ``offer`` where its agency tells of it."""
        holds = offer is not None and offer.state in HELD
        asks = offer is None or self._asks_age(referral, offer, now)
        if referral.need == PROTECTED:
            asks = False
        over = referral.state in ENDED or referral.standing(now) in OVER
        if over or not (holds or asks):
            return False
        if referral.need == PROTECTED and not referral.before:
            referral.before = [referral.age]
        referral.age, referral.waited = age, False
        referral.version += 1
        return True

    def _asks_age(self, referral: Referral, offer: Offer, now: datetime) -> bool:
        """Whether an offer that is live shows the age as open to be told."""
        asks = offer.state in LIVE and offer.program.oldest is not None
        return asks and referral.age is None and referral.standing(now) == "given"

    def hand_over(self, referral: Referral, said: dict[str, Any], now: datetime) -> bool:
        """How the officer brought the person, while the encounter is open."""
        after = referral.handoff | said
        times = [after[name] for name in MOMENTS if name in after]
        fits = after.keys() <= {"kind", *MOMENTS_OF.get(after.get("kind", ""), ())}
        whole = "kind" in after and ("left_at" not in after or "arrived_at" in after)
        over = referral.state in ENDED or now >= referral.submitted_at + ENCOUNTER
        if over or not fits or not whole or times != sorted(times):
            return False
        referral.handoff = after
        return True

    def reroute(self, referral: Referral) -> bool:
        """Look again."""
        if allowed := referral.state in {"waitlisted", "unplaced"}:
            referral.seek()
        return allowed

    def place(self, referral: Referral, program: Program, *, insist: bool) -> bool:
        """Ask one program; insisting goes beyond its places, not beyond anybody's no."""
        wished = program.id not in referral.avoided and (
            referral.excluded.get(program.id) != "declined"
        )
        asked = referral.hand == program.id and referral.state == "routing" and not insist
        stopped = self.stopped(program) if insist else self.closed(program)
        serves = _serves(program, referral, bound=insist)
        allowed = wished and serves and not stopped and names(referral, program)
        if asked or not allowed or referral.state not in SEEKING:
            return False
        referral.excluded.pop(program.id, None)
        referral.seek(program.id)
        referral.insisted = insist
        return True

    def close(self, referral: Referral, outcome: str, side: str | None, now: datetime) -> bool:
        """The coordinator ends it, for an agency that holds it too."""
        holder = referral.unended if referral.state == "accepted" else None
        settled = referral.state in {"accepted", "unplaced"}
        allowed = referral.state not in ENDED and (settled or side == "person")
        if not allowed or (holder is None and outcome not in {"not_served", "information_given"}):
            return False
        if holder is not None:
            holder.completed = outcome != "not_served"
            holder.state = "completed" if holder.completed else "not_served"
            holder.returned = not holder.completed and side == "provider"
            if holder.returned:
                referral.excluded[holder.program.id] = "declined"
        referral.end("closed", now, outcome)
        return True

    def mark_in_error(self, referral: Referral, now: datetime) -> bool:
        """It should never have been, even where it had ended."""
        if allowed := referral.state != "entered_in_error":
            referral.end("entered_in_error", now)
        return allowed

    # --- What the person says

    def withdraw(self, referral: Referral, now: datetime) -> bool:
        """The person takes the referral back."""
        if allowed := referral.state not in ENDED:
            referral.end("withdrawn", now)
        return allowed

    def revoke(self, referral: Referral, now: datetime, by: str = "") -> bool:
        """The person takes the consent back; ``by`` is the agency that records it."""
        if referral.consent == "revoked":
            return False
        referral.consent, referral.revoked_at, referral.ends_at = "revoked", now, None
        self.withdraw(referral, now)
        holders = [o for o in referral.offers if o.held_at is not None]
        due_at = now + timedelta(minutes=HONOURED_WITHIN[referral.urgency])
        for offer in {o.program.agency: o for o in holders}.values():
            offer.told_at, offer.due_at = now, due_at
            offer.said_at = now if offer.program.agency == by else None
        return True

    def consented(self, referral: Referral, named: Iterable[str] = ()) -> bool:
        """A given consent in the place of the one that stands; who was not named may be now."""
        if referral.state in ENDED:
            return False
        referral.consent, referral.ends_at, referral.named = "given", None, frozenset(named)
        kept = {p: why for p, why in referral.excluded.items() if why != "not_named"}
        referral.excluded, referral.waited = kept, False
        return True

    def honour(self, offer: Offer, now: datetime) -> bool:
        """An agency says that it no longer uses what it knew of the person."""
        if allowed := offer.told_at is not None and offer.said_at is None:
            offer.said_at = now
        return allowed

    def erase(self, referral: Referral, now: datetime) -> bool:
        """Nothing that tells of the person stays."""
        if referral.erased:
            return False
        if referral.state not in ENDED:
            self.revoke(referral, now)
        referral.erased, referral.ends_at = True, None
        return True

    # --- What holds of programs

    def of(self, offer: Offer) -> Referral:
        """The referral that an offer is of."""
        return next(r for r in self.referrals.values() if offer in r.offers)

    def stopped(self, program: Program) -> bool:
        """Whether it takes nobody now."""
        return any(target in {program.id, program.agency} for target, _ in self.halts)

    def closed(self, program: Program) -> bool:
        """Whether it takes nobody any more."""
        return any((target, "closing") in self.halts for target in (program.id, program.agency))

    def halt(self, target: str, kind: str, until: datetime | None) -> bool:
        """Take nobody; False where it stands so already."""
        if (target, kind) in self.halts:
            return False
        self.halts[target, kind] = until
        self._now_unsure(target)
        return True

    def resume(self, target: str, kind: str, now: datetime) -> bool:
        """Take referrals again; False where it does not stand so itself."""
        if (target, kind) not in self.halts:
            return False
        del self.halts[target, kind]
        if kind == "pause":
            self.hear(target, now)
        self._now_unsure(target)
        return True

    def hear(self, agency: str, now: datetime) -> None:
        """A sign of life: of the lapses before it none counts any more."""
        self.heard_at[agency], self.lapses[agency] = now, []

    def state_places(self, program: Program, free: int, now: datetime) -> int:
        """A new statement with so many places free; returns how many it states in all."""
        program.counts_from = now - ALLOWANCE
        program.available = self.taken(program) + free
        program.version += 1
        self.unsure.add(program.id)
        return program.available

    def taken(self, program: Program) -> int:
        """How many of its stated places are gone: to live offers, and to whom it has taken."""
        offers = (o for r in self.referrals.values() for o in r.offers if o.program is program)
        return sum(_takes_a_place(offer) for offer in offers)

    def fits(self, program: Program, referral: Referral) -> bool:
        """Whether the matcher may propose it; whom the person's consent names it does not know."""
        by_hand = referral.hand is not None
        return (
            (referral.hand == program.id if by_hand else _suits(program, referral))
            and _serves(program, referral, bound=True)
            and program.id not in {*referral.excluded, *referral.avoided}
            and not self.stopped(program)
        )

    def _now_unsure(self, target: str) -> None:
        self.unsure |= {p.id for p in self.programs.values() if target in {p.id, p.agency}}


def names(referral: Referral, program: Program) -> bool:
    """Whether the person's consent names the agency, or nobody."""
    return not referral.named or program.agency in referral.named


def _serves(program: Program, referral: Referral, *, bound: bool) -> bool:
    """What binds a placement by hand, too; a need is protected however it is placed."""
    if program.training is not referral.training:
        return False
    if referral.need == PROTECTED and program.need != PROTECTED:
        return False
    return not bound or SECTOR_OF[program.need] == SECTOR_OF[referral.need]


def _suits(program: Program, referral: Referral) -> bool:
    """Whether it does what is asked, for such a person; nobody is left out for what is unknown."""
    known = None if referral.need == PROTECTED else referral.age
    old = program.oldest is not None and known is not None and known > program.oldest
    return program.need == referral.need and not old


def _takes_a_place(offer: Offer) -> bool:
    held = offer.held_at is not None and offer.held_at > offer.program.counts_from
    return not offer.over and (held or offer.state in LIVE)
