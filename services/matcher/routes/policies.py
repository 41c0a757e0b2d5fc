"""HTTP: the capacity policy in force, who put it there, and the plans that are made for it."""

from typing import Any, Final

from contracts.bodies.policies import (
    ActivateBody,
    ActivationPage,
    ActivationView,
    PlanPage,
    PolicyView,
    WholePlanView,
)
from contracts.problems import NotFoundError
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.chassis.pages import PageQuery
from services.matcher.domain.policy import Activation, policy_json, policy_of
from services.matcher.store import plans, policies
from services.matcher.store.journal import take_turn
from services.matcher.usecases.activate_policy import activate_policy
from services.matcher.usecases.tell_policy import tell_policy

ADMIN: Final = {Role.ADMIN: Tenant.ALL}
OVERSEERS: Final = {Role.COORDINATOR: Tenant.ALL, Role.MANAGER: Tenant.ALL} | ADMIN
# A plan names referrals.
COORDINATOR: Final = {Role.COORDINATOR: Tenant.ALL}
RULE: Final = "/v1/policies"
PLANS: Final = "/v1/plans"
# What a column of numbers holds.
_LARGEST: Final = 2**31 - 1


def policies_api() -> Api:
    """The routes under /v1/policies and /v1/plans."""
    api = Api("policies", __name__)
    _add_policies(api)
    _add_plans(api)
    return api


def _add_policies(api: Api) -> None:
    @api.route_for("GET", f"{RULE}/in-force", OVERSEERS, Contract(answer=PolicyView))
    def read_policy_in_force(call: Call) -> dict[str, Any]:
        """The policy in force, on what offers are decided now, and how many are held back."""
        found = tell_policy(call.session, call.now())
        activation = found["activated"]
        return found | {"activated": _view(activation) if activation else None}

    listing = Contract(answer=ActivationPage, query=PageQuery)

    @api.route_for("GET", RULE, OVERSEERS, listing)
    def list_activations(call: Call) -> dict[str, Any]:
        """Every policy that was put in force, oldest first: by whom, when and why."""
        page = policies.page(call.session, call.query["after"], call.query["limit"])
        return {"items": [_view(one) for one in page.items], "next": page.next}

    activation = Contract(answer=ActivationView, body=ActivateBody, status=201)

    @api.route_for("POST", RULE, ADMIN, activation)
    def activate(call: Call) -> dict[str, Any]:
        """Put a policy in force: the caller is its named owner, and is kept in the audit."""
        take_turn(call.session)
        policy = policy_of(call.body["policy"])
        made = activate_policy(call.session, call.now(), call.actor, policy, call.body["because"])
        return _view(made)


def _add_plans(api: Api) -> None:
    @api.route_for("GET", PLANS, OVERSEERS, Contract(answer=PlanPage, query=PageQuery))
    def list_plans(call: Call) -> dict[str, Any]:
        """The plans that were made, oldest first, in outline."""
        page = plans.page(call.session, call.query["after"], call.query["limit"])
        return {"items": [row._asdict() for row in page.items], "next": page.next}

    @api.route_for("GET", f"{PLANS}/<int:number>", COORDINATOR, Contract(answer=WholePlanView))
    def read_plan(call: Call, number: int) -> dict[str, Any]:
        """One plan: the prices of places, and which referrals it holds back."""
        if number > _LARGEST:
            raise NotFoundError("plan")
        outline, plan = plans.outline(call.session, number), plans.whole(call.session, number)
        if outline is None or plan is None:
            raise NotFoundError("plan")
        dearest = sorted(plan.prices.items(), key=lambda item: (-item[1], item[0]))
        prices = [{"program_id": program, "price": price} for program, price in dearest]
        held = {"held_back": sorted(plan.held), "prices": prices}
        return outline._asdict() | held


def _view(activation: Activation) -> dict[str, Any]:
    return {
        "number": activation.number,
        "policy": policy_json(activation.policy),
        "activated_at": activation.at,
        "activated_by": activation.by,
        "because": activation.because,
    }
