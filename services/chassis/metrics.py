"""Prometheus metrics of a service: what flows, read from its own tables at each scrape."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.chassis.service import Flow

_HELP = {
    "unpublished": "Outbox rows that wait for the relay",
    "lag": "Records that a consumer group has not committed",
    "waiting": "Messages held until the one before them arrives",
    "parked": "Keys that wait for a human",
    "quarantined": "Records that no code can read",
    "due": "Timers, deliveries and decisions that are due now",
}


class FlowCollector(Collector):
    """Turns a service's flow into gauges."""

    def __init__(self, service: str, flow: Callable[[], Flow]) -> None:
        self._service = service
        self._flow = flow

    def collect(self) -> Iterable[Metric]:
        """One gauge per number of the flow."""
        flow = self._flow()
        for name, help_text in _HELP.items():
            gauge = GaugeMetricFamily(f"handoff_{name}", help_text, labels=["service"])
            gauge.add_metric([self._service], getattr(flow, name))
            yield gauge


def registry_of(flows: dict[str, Callable[[], Flow]]) -> CollectorRegistry:
    """A registry of its own, never the process-wide default."""
    registry = CollectorRegistry()
    for service, flow in flows.items():
        registry.register(FlowCollector(service, flow))
    return registry
