"""An explanation in sentences, for whoever has to answer for a decision."""

from typing import Final

from contracts.questions import ASKED_AS
from services.matcher.domain.explain import Change, Kind
from services.matcher.domain.rules import TOLD

_TERMS: Final = {
    "distance": "distance",
    "interpreter": "the person's language",
    "preferred": "the person's wish",
    "open_now": "doors that are open now",
    "spare_accommodations": "what this person does not need there",
    "questions": "what still has to be asked",
}


def told(change: Change) -> str:
    """A change as a sentence."""
    program = change.program_id
    match change.kind:
        case Kind.PLACE:
            return f"With one more place, {program} would have been chosen."
        case Kind.POINTS:
            most = f"; it lacks most in {_TERMS[change.term]}" if change.term in _TERMS else ""
            return f"With {change.points:.2f} points more, {program} would have been chosen{most}."
        case Kind.PLAN:
            return f"Without the plan, which keeps places for others, it would have been {program}."
        case Kind.ANSWER:
            asked = " ".join(ASKED_AS[question] for question in change.questions)
            answer = "Another answer" if change.against else "The right answer"
            end = "ruled it out" if change.against else "had it chosen"
            return f"Asked by {program}: {asked} {answer} would have {end}."
        case Kind.GROUND:
            reasons = ", and ".join(TOLD[ground] for ground in change.reasons)
            return f"{program} would have fitted, but: {reasons}."
