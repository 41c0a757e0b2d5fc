"""The commands that `handoff up` prints: a referral from submission to outcome, for a shell."""

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Final
from uuid import uuid4

NAME: Final = "handoff"
UNIT: Final = "central"
PROGRAM: Final = "bluff-street-counselling"
AGENCY: Final = "bluff-street"

_COMMANDS: Final = Template(
    """\
API=$api
$tokens

# Takes the first value of a field out of an answer.
field() { grep -o "\\"$$1\\": *\\"[^\\"]*\\"" | head -n 1 | cut -d '"' -f 4; }
# Asks with a token until the answer shows what is looked for, a minute at most.
ask_until() {
  for second in $$(seq 60); do
    ANSWER=$$(curl -sS "$$3" -H "Authorization: Bearer $$2")
    if echo "$$ANSWER" | grep -q "$$1"; then break; fi
    sleep 1
  done
  echo "$$ANSWER"
}

# 1. An officer asks who could help now; nothing of it is kept.
curl -sS "$$API/v1/match-previews" -H "Authorization: Bearer $$OFFICER" \\
  -H "Content-Type: application/json" -d '{
    "need": "counselling", "place": {"latitude": 41.82, "longitude": -90.18},
    "age": 34, "language": "en", "most": 3}'

# 2. The officer submits a referral, and may drive on.
RECEIPT=$$(curl -sS "$$API/v1/referrals" -H "Authorization: Bearer $$OFFICER" \\
  -H "Content-Type: application/json" -H "Idempotency-Key: $key" -d '{
    "encounter_id": "$encounter", "need": "counselling", "urgency": "urgent",
    "entry_door": "social_contact", "voluntary": true,
    "person": {"name": "Robin Marlowe", "phone": "+1-309-555-0199", "safe_contact": "no_voicemail",
               "language": "en", "age": 34},
    "place": {"latitude": 41.82, "longitude": -90.18},
    "preferred_programs": ["$program"],
    "consent": {"scope": "all_stated", "given_by": "self", "method": "spoken"}}')
echo "$$RECEIPT"
REFERRAL=$$(echo "$$RECEIPT" | field referral_id)

# 3. The matcher asks a program to take it; the agency sees the offer.
OFFERS=$$(ask_until offer_id "$$PARTNER" "$$API/v1/offers?state=open")
echo "$$OFFERS"
OFFER=$$(echo "$$OFFERS" | field offer_id)

# 4. It accepts, and may now read whom to help.
curl -sS "$$API/v1/offers/$$OFFER/accept" -X POST -H "Authorization: Bearer $$PARTNER"
curl -sS "$$API/v1/offers/$$OFFER/person" -H "Authorization: Bearer $$PARTNER"

# 5. It records what came of it.
curl -sS "$$API/v1/offers/$$OFFER/complete" -H "Authorization: Bearer $$PARTNER" \\
  -H "Content-Type: application/json" -d '{"outcome": "service_completed"}'

# 6. The officer sees that the loop is closed, the manager counts it.
curl -sS "$$API/v1/referrals/$$REFERRAL" -H "Authorization: Bearer $$OFFICER"
ask_until '"count": *[1-9]' "$$MANAGER" "$$API/v1/outcomes/funnel"

# 7. The coordinator reads why it went where it went.
curl -sS "$$API/v1/decisions?referral_id=$$REFERRAL" -H "Authorization: Bearer $$COORDINATOR"
"""
)


def command(called: str, python: Path) -> str:
    """How to type the ``handoff`` command in use: its name, or its path where no PATH finds it.

    ``called`` is how this process was called; ``python`` runs it, and has the command beside it.
    """
    own = Path(called)
    if own.name != NAME:
        own = python.with_name(NAME)
    found = shutil.which(NAME)
    if not own.exists() or (found is not None and own.samefile(found)):
        return NAME
    return shlex.quote(str(own))


def commands(api: str, tokens: Mapping[str, str]) -> str:
    """The commands for the suite at ``api``; ``tokens`` by the names of the roles.

    Pasting them twice submits once: encounter and key are fixed when they are printed.
    """
    named = "\n".join(f"{role.upper()}={token}" for role, token in tokens.items())
    return _COMMANDS.substitute(
        api=api, tokens=named, key=uuid4(), encounter=uuid4(), program=PROGRAM
    )
