"""Every route with its roles, its tenants and a body that it takes, written by hand."""

from typing import Any, Final

from contracts.vocabulary import Role
from services.chassis.api import Tenant
from tests.journey.directory import directory, program

ALL, AGENCY, MINE = Tenant.ALL, Tenant.OWN_AGENCY, Tenant.OWN_SUBMISSION
EVERYBODY: Final = dict.fromkeys(
    (Role.OFFICER, Role.PARTNER, Role.COORDINATOR, Role.MANAGER, Role.ADMIN, Role.SERVICE), ALL
)
STEP: Final = {Role.PARTNER: AGENCY}
HOLDING: Final = {Role.PARTNER: AGENCY, Role.COORDINATOR: ALL}
RUNNING: Final = {**HOLDING, Role.ADMIN: ALL}
KEEPING: Final = {Role.PARTNER: AGENCY, Role.ADMIN: ALL}
FIGURES: Final = {Role.MANAGER: ALL, Role.COORDINATOR: ALL, Role.ADMIN: ALL}

# The whole map, written by hand: a route that is not in it fails, whatever it declares.
ROUTES: Final[dict[str, dict[Role, Tenant]]] = {
    "PUT /v1/units/<unit_id>": {Role.ADMIN: ALL},
    "GET /v1/units": {Role.ADMIN: ALL, Role.COORDINATOR: ALL},
    "POST /v1/referrals": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "GET /v1/referrals": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "PATCH /v1/referrals/<referral_id>": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/withdraw": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/reroute": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/close": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/place": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/enter-in-error": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/facts": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/history": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/audit": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/disclosures": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/notes": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/consents": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/consent": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/revoke-consent": {
        Role.OFFICER: MINE,
        Role.COORDINATOR: ALL,
    },
    "POST /v1/referrals/<referral_id>/erase": {Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/handoff": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/handoff": {Role.OFFICER: MINE, Role.COORDINATOR: ALL},
    "GET /v1/referrals/<referral_id>/duplicates": {Role.COORDINATOR: ALL},
    "POST /v1/referrals/<referral_id>/duplicates/<other_id>/settle": {Role.COORDINATOR: ALL},
    "GET /v1/worklist": {Role.COORDINATOR: ALL},
    "GET /v1/worklist/counts": {Role.COORDINATOR: ALL},
    "POST /v1/worklist/hand-over": {Role.COORDINATOR: ALL},
    "POST /v1/worklist/<referral_id>/take": {Role.COORDINATOR: ALL},
    "GET /v1/offers": HOLDING,
    "GET /v1/offers/<offer_id>": HOLDING,
    "GET /v1/offers/<offer_id>/person": STEP,
    "POST /v1/offers/<offer_id>/acknowledge": HOLDING,
    "POST /v1/offers/<offer_id>/accept": HOLDING,
    "POST /v1/offers/<offer_id>/decline": HOLDING,
    "POST /v1/offers/<offer_id>/contacts": HOLDING,
    "POST /v1/offers/<offer_id>/engage": HOLDING,
    "POST /v1/offers/<offer_id>/complete": HOLDING,
    "POST /v1/offers/<offer_id>/not-served": HOLDING,
    "POST /v1/offers/<offer_id>/facts": STEP,
    "POST /v1/offers/<offer_id>/consent": STEP,
    "POST /v1/offers/<offer_id>/revoke-consent": STEP,
    "POST /v1/offers/<offer_id>/acknowledge-revocation": HOLDING,
    "POST /v1/tallies": {Role.OFFICER: MINE},
    "GET /v1/deadlines": EVERYBODY,
    "POST /v1/history/republish": {Role.ADMIN: ALL},
    "POST /v1/directory/imports": {Role.ADMIN: ALL},
    "GET /v1/programs": EVERYBODY,
    "GET /v1/programs/<program_id>": EVERYBODY,
    "GET /v1/programs/<program_id>/capacity": {
        Role.PARTNER: AGENCY,
        Role.COORDINATOR: ALL,
        Role.ADMIN: ALL,
    },
    "PUT /v1/programs/<program_id>/capacity": STEP,
    "POST /v1/programs/<program_id>/pause": RUNNING,
    "POST /v1/programs/<program_id>/resume": RUNNING,
    "POST /v1/programs/<program_id>/close": {Role.ADMIN: ALL},
    "POST /v1/programs/<program_id>/reopen": {Role.ADMIN: ALL},
    "GET /v1/directory/agencies": RUNNING,
    "POST /v1/directory/agencies/<agency_id>/pause": RUNNING,
    "POST /v1/directory/agencies/<agency_id>/resume": RUNNING,
    "POST /v1/directory/agencies/<agency_id>/close": {Role.ADMIN: ALL},
    "POST /v1/directory/agencies/<agency_id>/reopen": {Role.ADMIN: ALL},
    "GET /v1/queue": HOLDING,
    "GET /v1/queue/<referral_id>": {Role.COORDINATOR: ALL},
    "GET /v1/decisions": {Role.COORDINATOR: ALL},
    "GET /v1/decisions/<decision_id>": {Role.COORDINATOR: ALL},
    "GET /v1/agencies/<agency_id>/contacts": {Role.PARTNER: AGENCY, Role.ADMIN: ALL},
    "PUT /v1/agencies/<agency_id>/contacts": {Role.PARTNER: AGENCY, Role.ADMIN: ALL},
    "GET /v1/contacts/coordinator": {Role.ADMIN: ALL},
    "PUT /v1/contacts/coordinator": {Role.ADMIN: ALL},
    "GET /v1/agencies/<agency_id>/on-call": HOLDING,
    "GET /v1/staff": KEEPING,
    "GET /v1/staff/<staff_id>": RUNNING,
    "PUT /v1/staff/<staff_id>/duty": RUNNING,
    "POST /v1/staff/<staff_id>/leave": KEEPING,
    "POST /v1/invitations": KEEPING,
    "POST /v1/invitations/<staff_id>/send-again": KEEPING,
    "POST /v1/invitations/<staff_id>/withdraw": KEEPING,
    "POST /v1/access/end": {Role.ADMIN: ALL},
    "GET /v1/notices": {Role.COORDINATOR: ALL, Role.ADMIN: ALL},
    "GET /v1/outcomes/summary": FIGURES,
    "GET /v1/outcomes/funnel": FIGURES,
    "GET /v1/outcomes/firewall": FIGURES,
    "POST /v1/outcomes/rebuild": {Role.ADMIN: ALL},
}

# These alone ask for no token: what stands in for it is in the body.
OPEN: Final[dict[str, dict[Role, Tenant]]] = {"POST /v1/invitations/redeem": {}}

# The operators' routes, of the operations app beside the services.
_ADMINS: Final = {Role.ADMIN: ALL}
_VERIFIERS: Final = {Role.ADMIN: ALL, Role.SERVICE: ALL}
OPERATIONS: Final[dict[str, dict[Role, Tenant]]] = {
    "GET /livez": {},
    "GET /readyz": {},
    "GET /metrics": {},
    "GET /docs/": {},
    "GET /docs/<path>": {},
    "GET /docs/<name>.json": {},
    "GET /ops/flow": _ADMINS,
    "GET /ops/parked": _ADMINS,
    "POST /ops/parked/redrive": _ADMINS,
    "POST /ops/republish": _ADMINS,
    "GET /ops/audit": _VERIFIERS,
    "POST /ops/audit/heads": _VERIFIERS,
    "POST /ops/audit/walk": _VERIFIERS,
    "POST /ops/audit/hold": _VERIFIERS,
    "GET /ops/keys": _ADMINS,
    "POST /ops/keys/rewrap": _ADMINS,
    "POST /ops/keys/retire": _ADMINS,
    "GET /ops/clock": _ADMINS,
    "PUT /ops/clock": _ADMINS,
}

CONSENT: Final = {"scope": "all_stated", "given_by": "self", "method": "spoken"}
BODIES: Final[dict[str, Any]] = {
    "PUT /v1/units/<unit_id>": {"name": "Central", "training": False},
    "POST /v1/directory/imports": directory(program("harbour/beds")),
    "PATCH /v1/referrals/<referral_id>": {"urgency": "crisis"},
    "POST /v1/referrals/<referral_id>/withdraw": {"reason": "declined"},
    "POST /v1/referrals/<referral_id>/close": {"outcome": "information_given"},
    "POST /v1/referrals/<referral_id>/place": {
        "program_id": "harbour-beds",
        "note": "agreed",
    },
    "POST /v1/referrals/<referral_id>/enter-in-error": {"note": "typed twice"},
    "POST /v1/worklist/hand-over": {"to": "coordinator-di", "note": "on leave"},
    "POST /v1/offers/<offer_id>/decline": {"reason": "no_capacity", "side": "provider"},
    "POST /v1/offers/<offer_id>/contacts": {"mode": "call", "reached": False},
    "POST /v1/offers/<offer_id>/complete": {"outcome": "sheltered"},
    "POST /v1/offers/<offer_id>/not-served": {"reason": "barred", "side": "provider"},
    "POST /v1/directory/agencies/<agency_id>/pause": {"reason": "away"},
    "POST /v1/referrals/<referral_id>/consent": CONSENT,
    "POST /v1/referrals/<referral_id>/erase": {"reason": "person_asked"},
    "POST /v1/referrals/<referral_id>/handoff": {"kind": "cold"},
    "POST /v1/referrals/<referral_id>/duplicates/<other_id>/settle": {
        "state": "different",
        "note": "met both",
    },
    "POST /v1/offers/<offer_id>/consent": CONSENT,
    "POST /v1/referrals/<referral_id>/facts": {"documents": "some"},
    "POST /v1/offers/<offer_id>/facts": {"documents": "some"},
    "POST /v1/tallies": {"need": "counselling", "entry_door": "community"},
    "PUT /v1/programs/<program_id>/capacity": {"available": 3},
    "PUT /v1/agencies/<agency_id>/contacts": {"contacts": [{"email": "a@example.org"}]},
    "POST /v1/invitations": {"role": "manager", "email": "m@example.org"},
    "POST /v1/access/end": {"subject": "somebody"},
    "PUT /v1/contacts/coordinator": {"contacts": [{"email": "c@example.org"}]},
}
