"""Gate: topics.py names every producer and consumer, and each consumer handles what it reads."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

import services as package
from contracts import events
from contracts.events import Event, event_types, lifecycle
from contracts.topics import TOPICS, Consumer, Service, topics_of
from services.chassis.service import WiredService

ROOT: Final = Path(package.__file__).parent
Handled = Mapping[Consumer, frozenset[type[Event]]]

# What a consumer reads past on purpose: the sequence moves on, nothing else happens.
IGNORED: Final[Handled] = {
    Consumer.REFERRAL_API: frozenset(),
    Consumer.MATCHER: frozenset(),
    Consumer.NOTICES: frozenset(),
    Consumer.OUTCOMES: frozenset(),
}


def handled_by(services: list[WiredService]) -> Handled:
    """The event classes for which each consumer has a handler."""
    boxes = [box for service in services for box in service.inboxes]
    return {box.consumer: frozenset(box._handlers) for box in boxes}  # noqa: SLF001 - none else asks


def read_by(consumer: Consumer) -> frozenset[type[Event]]:
    """The event classes that appear on a consumer's topics."""
    names = {name for topic in topics_of(consumer) for name in TOPICS[topic].events}
    return frozenset(event_types()[name].event for name in names)


def consumer_faults(handled: Handled, ignored: Handled) -> list[str]:
    """Consumers that are missing, and events that are handled or read without the other."""
    found = [
        f"{consumer}: no service consumes as this" for consumer in set(Consumer) - set(handled)
    ]
    for consumer, known in handled.items():
        read, passed = read_by(consumer), ignored.get(consumer, frozenset())
        found += [f"{consumer}: {e.__name__} is not on its topics" for e in known - read]
        found += [f"{consumer}: {e.__name__} is not handled" for e in read - known - passed]
        found += [f"{consumer}: {e.__name__} is handled, not ignored" for e in known & passed]
    return sorted(found)


def producer_faults(service: str, source: str) -> list[str]:
    """Where a source publishes to a topic, or makes an event, of another producer."""
    tree = ast.parse(source)
    found = []
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        if name in {"outbox.publish", "publish"}:
            found += topic_faults(service, call, tree)
        for event in made(name):
            producers = {TOPICS[topic].producer for topic in event_types()[event].topics}
            if service not in producers:
                found.append(f"line {call.lineno}: {event} is not this service's to publish")
    return found


def topic_faults(service: str, call: ast.Call, tree: ast.Module) -> list[str]:
    """What is wrong with the topic of one call of ``outbox.publish``."""
    topics = topics_said(call.args[1], tree) if len(call.args) > 1 else set()
    if not topics:
        return [f"line {call.lineno}: name the topic by its constant in contracts.events"]
    return [
        f"line {call.lineno}: {service} does not produce {topic}"
        for topic in sorted(topics)
        if topic not in TOPICS or TOPICS[topic].producer != service
    ]


def topics_said(said: ast.expr, tree: ast.Module) -> set[str]:
    """The topics that an expression may name; none where that cannot be told."""
    assigned = assignments(tree, said.id) if isinstance(said, ast.Name) else []
    if assigned:
        return set().union(*(topics_said(value, tree) for value in assigned))
    if isinstance(said, ast.Constant):
        return {str(said.value)}
    if isinstance(said, ast.Subscript):
        said = said.value
    head, _, rest = ast.unparse(said).partition(".")
    full = f"{imported(tree).get(head, head)}.{rest}".strip(".")
    return constants().get(full, set())


def assignments(tree: ast.Module, name: str) -> list[ast.expr]:
    """What a source assigns to a variable."""
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]


def constants() -> Mapping[str, set[str]]:
    """The topics behind each constant of contracts.events."""
    return {
        "contracts.events.access.TOPIC": {events.access.TOPIC},
        "contracts.events.directory.TOPIC": {events.directory.TOPIC},
        "contracts.events.lifecycle.TOPIC": {events.lifecycle.TOPIC},
        "contracts.events.tallies.TOPIC": {events.tallies.TOPIC},
        "contracts.events.tallies.OF_MATCHER": {events.tallies.OF_MATCHER},
        "contracts.events.routing.TOPIC_OF": set(events.routing.TOPICS),
        "contracts.events.routing.TOPICS": set(events.routing.TOPICS),
    }


def imported(tree: ast.Module) -> Mapping[str, str]:
    """What each name brought in by ``from x import y`` is in full."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def made(name: str) -> Iterator[str]:
    """The event type whose class a call names, such as ``lifecycle.OfferMade``."""
    last = name.rpartition(".")[2]
    return (entry.name for entry in event_types().values() if entry.event.__name__ == last)


def sources() -> list[tuple[str, Path]]:
    return [(name, path) for name in Service for path in sorted((ROOT / name).rglob("*.py"))]


def test_every_consumer_handles_exactly_what_it_reads(services: list[WiredService]) -> None:
    assert consumer_faults(handled_by(services), IGNORED) == []


def test_every_consumer_runs_in_the_service_that_its_name_begins_with(
    services: list[WiredService],
) -> None:
    for service in services:
        for box in service.inboxes:
            assert box.consumer.partition(".")[0] == service.name


@pytest.mark.parametrize(
    ("service", "path"),
    sources(),
    ids=[path.relative_to(ROOT).as_posix() for _, path in sources()],
)
def test_a_service_publishes_only_to_its_own_topics(service: str, path: Path) -> None:
    assert producer_faults(service, path.read_text(encoding="utf-8")) == []


def test_every_topic_is_published_to_by_the_service_that_is_named() -> None:
    assert published_topics(sources()) == set(TOPICS)


def published_topics(files: list[tuple[str, Path]]) -> set[str]:
    """The topics of all calls of ``outbox.publish``."""
    found: set[str] = set()
    for _, path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in {"outbox.publish", "publish"}:
                found |= topics_said(call.args[1], tree)
    return found


IMPORT = "from contracts.events import lifecycle, routing\n"


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        (
            "outbox.publish(session, lifecycle.TOPIC, key, [], now)",
            "line 2: matcher does not produce referral.lifecycle",
        ),
        (
            "outbox.publish(session, 'referral.gossip', key, [], now)",
            "line 2: matcher does not produce referral.gossip",
        ),
        (
            "outbox.publish(session, somewhere, key, [], now)",
            "line 2: name the topic by its constant in contracts.events",
        ),
        (
            "event = lifecycle.OfferMade(snapshot=s)",
            "line 2: handoff.offer.made.v1 is not this service's to publish",
        ),
    ],
)
def test_a_producer_that_topics_does_not_name_is_found(source: str, fault: str) -> None:
    assert producer_faults("matcher", IMPORT + source) == [fault]


@pytest.mark.parametrize(
    "source",
    [
        "outbox.publish(session, routing.TOPIC_OF[sector], key, [routing.Routed()], now)",
        "topic = routing.TOPIC_OF[sector]\noutbox.publish(session, topic, key, [], now)",
        "from contracts.events import directory as d\npublish(session, d.TOPIC, key, [], now)",
    ],
)
def test_publishing_to_its_own_topics_is_no_fault(source: str) -> None:
    assert producer_faults("matcher", IMPORT + source) == []


def test_a_consumer_that_does_not_run_is_found() -> None:
    everything = {consumer: read_by(consumer) for consumer in Consumer}
    del everything[Consumer.OUTCOMES]
    assert consumer_faults(everything, {}) == ["notifier.outcomes: no service consumes as this"]


def test_an_event_that_a_consumer_reads_and_does_not_handle_is_found() -> None:
    handled = {consumer: read_by(consumer) for consumer in Consumer}
    handled[Consumer.MATCHER] -= {lifecycle.OfferLapsed}
    assert consumer_faults(handled, {}) == ["matcher: OfferLapsed is not handled"]
    passed = {Consumer.MATCHER: frozenset({lifecycle.OfferLapsed})}
    assert consumer_faults(handled, passed) == []


def test_an_event_that_a_consumer_handles_and_never_reads_is_found() -> None:
    handled = {consumer: read_by(consumer) for consumer in Consumer}
    handled[Consumer.REFERRAL_API] |= {lifecycle.OfferLapsed}
    assert consumer_faults(handled, {}) == ["referral_api: OfferLapsed is not on its topics"]
