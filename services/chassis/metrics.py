"""Prometheus metrics: what flows, read from the services' tables at each scrape, and requests."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.chassis.settings import metrics_folder
from services.chassis.shared_metrics import SharedCollector

if TYPE_CHECKING:
    from services.chassis.service import Flow

log = structlog.get_logger()

_HELP: Final = {
    "unpublished": "Outbox rows that wait for the relay",
    "lag": "Records that a consumer group has not committed",
    "waiting": "Messages held until the one before them arrives",
    "parked": "Keys that wait for a human",
    "quarantined": "Records that no code can read",
    "due": "Timers, deliveries and decisions that are due now",
}
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class FlowCollector(Collector):
    """Turns the flow of several services into gauges, one family for each number."""

    def __init__(self, flows: Mapping[str, Callable[[], "Flow"]]) -> None:
        self._flows = flows

    def collect(self) -> Iterable[Metric]:
        """One gauge per number; a service that cannot count is left out, and logged."""
        gauges = {
            name: GaugeMetricFamily(f"handoff_{name}", text, labels=["service"])
            for name, text in _HELP.items()
        }
        for service, count in self._flows.items():
            try:
                flow = count()
            except Exception:  # one service away must not hide the others
                log.exception("flow_unknown", service=service)
                continue
            for name, gauge in gauges.items():
                number = getattr(flow, name)
                if number is not None:  # a web process has no way to the event log
                    gauge.add_metric([service], number)
        return [gauge for gauge in gauges.values() if gauge.samples]


class RequestMetrics:
    """The requests of one service: how many by route and status, and how long they took."""

    def __init__(self, service: str) -> None:
        self._service = service
        labels = ("service", "route")
        self._requests = Counter(
            "handoff_http_requests", "Requests answered", (*labels, "status"), registry=None
        )
        self._refused = Counter(
            "handoff_http_refused",
            "Requests beyond a limit, by what they are counted by: token or address",
            ("service", "counted_by"),
            registry=None,
        )
        self._seconds = Histogram(
            "handoff_http_seconds",
            "Seconds that a request took",
            labels,
            buckets=_SECONDS,
            registry=None,
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count one answer; ``route`` is the rule, never an address with ids in it."""
        self._requests.labels(self._service, route, str(status)).inc()
        self._seconds.labels(self._service, route).observe(seconds)

    def refused(self, counted_by: str) -> None:
        """Count one refusal of a request beyond a limit."""
        self._refused.labels(self._service, counted_by).inc()

    def families(self) -> Iterable[Metric]:
        """What was counted so far."""
        yield from self._requests.collect()
        yield from self._refused.collect()
        yield from self._seconds.collect()


class RequestCollector(Collector):
    """Puts the requests of several services into one family each."""

    def __init__(self, sources: Sequence[RequestMetrics]) -> None:
        self._sources = sources

    def collect(self) -> Iterable[Metric]:
        """The families of all sources, merged by name."""
        merged: dict[str, Metric] = {}
        for source in self._sources:
            for family in source.families():
                merged.setdefault(family.name, _empty(family)).samples.extend(family.samples)
        return merged.values()


def registry_of(
    flows: Mapping[str, Callable[[], "Flow"]], requests: Sequence[RequestMetrics] = ()
) -> CollectorRegistry:
    """A registry of its own, never the process-wide default.

    The requests are those of every process of the port, where several share it.
    """
    registry = CollectorRegistry()
    registry.register(FlowCollector(flows))
    folder = metrics_folder()
    registry.register(RequestCollector(requests) if folder is None else SharedCollector(folder))
    return registry


def _empty(family: Metric) -> Metric:
    return Metric(family.name, family.documentation, family.type, family.unit)
