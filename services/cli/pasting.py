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

# 1. An officer submits a referral.
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

# 2. The agency sees the offer (after a moment: the matcher answers by itself).
sleep 2
OFFERS=$$(curl -sS "$$API/v1/offers?state=open" -H "Authorization: Bearer $$PARTNER")
echo "$$OFFERS"
OFFER=$$(echo "$$OFFERS" | field offer_id)

# 3. It accepts, and may now read whom to help.
curl -sS "$$API/v1/offers/$$OFFER/accept" -X POST -H "Authorization: Bearer $$PARTNER"
curl -sS "$$API/v1/offers/$$OFFER/person" -H "Authorization: Bearer $$PARTNER"

# 4. It records what came of it.
curl -sS "$$API/v1/offers/$$OFFER/complete" -H "Authorization: Bearer $$PARTNER" \\
  -H "Content-Type: application/json" -d '{"outcome": "service_completed"}'

# 5. The officer sees that the loop is closed, the manager counts it.
curl -sS "$$API/v1/referrals/$$REFERRAL" -H "Authorization: Bearer $$OFFICER"
sleep 2
curl -sS "$$API/v1/outcomes/funnel" -H "Authorization: Bearer $$MANAGER"

# 6. The coordinator reads why it went where it went.
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
