"""Outcomes over HTTP: aggregates only, each with its definition."""

from typing import Any, Final

from contracts.bodies.firewall import FirewallView
from contracts.bodies.notifier import (
    FunnelView,
    PeriodQuery,
    RebuildView,
    SummaryQuery,
    SummaryView,
)
from contracts.bodies.shared import Nothing
from contracts.vocabulary import Role
from services.chassis.api import Api, Call, Contract, Tenant
from services.notifier.domain.measures import Dimension
from services.notifier.store.figures import Period
from services.notifier.usecases import summarise
from services.notifier.usecases.firewall import firewall
from services.notifier.usecases.rebuild import rebuild

api = Api("outcomes", __name__, description="What came of the referrals: aggregates only")

_READERS: Final = dict.fromkeys((Role.MANAGER, Role.COORDINATOR, Role.ADMIN), Tenant.ALL)


@api.route_for(
    "GET", "/v1/outcomes/summary", _READERS, Contract(answer=SummaryView, query=SummaryQuery)
)
def summary(call: Call) -> dict[str, Any]:
    """Counts, rates and times of a period, whole and by one dimension."""
    by = call.query["by"]
    return summarise.summary(call.session, _period(call), Dimension(by) if by else None)


@api.route_for(
    "GET", "/v1/outcomes/funnel", _READERS, Contract(answer=FunnelView, query=PeriodQuery)
)
def funnel(call: Call) -> dict[str, Any]:
    """How many referrals came how far, and what kept the others."""
    return summarise.funnel(call.session, _period(call))


@api.route_for(
    "GET", "/v1/outcomes/firewall", _READERS, Contract(answer=FirewallView, query=PeriodQuery)
)
def refused_attempts(call: Call) -> dict[str, Any]:
    """How often officers tried what no officer may: by kind and month, naming nobody."""
    return firewall(call.session, _period(call))


@api.route_for(
    "POST",
    "/v1/outcomes/rebuild",
    {Role.ADMIN: Tenant.ALL},
    Contract(answer=RebuildView, status=202, body=Nothing),
)
def rebuild_figures(call: Call) -> dict[str, str]:
    """Empty all figures; POST /v1/history/republish then makes them again, identical."""
    rebuild(call.session)
    return {"next": "POST /v1/history/republish"}


def _period(call: Call) -> Period:
    return Period(first=call.query["first_month"], last=call.query["last_month"])
