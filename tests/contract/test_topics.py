"""Gate: every topic that an event, a service or a consumer names is declared in topics.py."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import services
from contracts import events
from contracts.events import event_types
from contracts.topics import TOPICS, Consumer, Topic, topics_of

ROOT: Final = Path(services.__file__).parent
# The chassis' doors at which a topic is the second argument.
DOORS: Final = {f"outbox.{verb}" for verb in ("publish", "stream", "keys", "republish", "verify")}

LOOKS_LIKE: Final = re.compile(r"[a-z]+\.[a-z.-]+")


def undeclared(source: str) -> list[str]:
    """The texts that a source names as topics and that are none."""
    named = (text for node in ast.walk(ast.parse(source)) for text in topics_named(node))
    return sorted(text for text in named if text not in TOPICS)


def topics_named(node: ast.AST) -> Iterator[str]:
    """Texts given to a door, to an argument ``topic``, or to a variable with topic in its name."""
    if isinstance(node, ast.Call):
        given = node.args[1:2] if ast.unparse(node.func) in DOORS else []
        given += [word.value for word in node.keywords if word.arg == "topic"]
        yield from (str(said.value) for said in given if isinstance(said, ast.Constant))
    if isinstance(node, ast.Assign | ast.AnnAssign) and "topic" in variable(node):
        found = texts(node.value) if node.value else ()
        yield from (text for text in found if LOOKS_LIKE.fullmatch(text))


def variable(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return ast.unparse(target).lower()


def texts(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def sources() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def test_every_event_names_only_declared_topics_and_at_least_one() -> None:
    for entry in event_types().values():
        assert entry.topics
        assert set(entry.topics) <= set(TOPICS)


def test_every_topic_carries_events_and_has_consumers() -> None:
    for topic in TOPICS.values():
        assert topic.events
        assert topic.consumers


def test_every_consumer_reads_a_topic() -> None:
    assert all(topics_of(consumer) for consumer in Consumer)


def test_every_topic_constant_of_the_contracts_is_declared() -> None:
    said = {events.directory.TOPIC, events.lifecycle.TOPIC, events.tallies.TOPIC}
    said |= {events.tallies.OF_MATCHER, events.access.TOPIC, *events.routing.TOPICS}
    assert said == set(TOPICS)


def test_no_service_reads_what_only_it_writes() -> None:
    for topic in TOPICS.values():
        readers = {consumer.partition(".")[0] for consumer in topic.consumers}
        assert topic.producer not in readers


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_services_name_no_undeclared_topic(path: Path) -> None:
    assert undeclared(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "outbox.publish(session, 'referral.gossip', key, [], now)",
        "outbox.republish(session, 'referral.gossip')",
        "redrive(consumer=one, topic='referral.gossip')",
        "TOPIC: Final = 'referral.gossip'",
        "topics = ['referral.lifecycle', 'referral.gossip']",
    ],
)
def test_an_undeclared_topic_is_found(source: str) -> None:
    assert undeclared(source) == ["referral.gossip"]


@pytest.mark.parametrize("name", sorted(TOPICS))
def test_a_declared_topic_is_no_fault(name: str) -> None:
    assert undeclared(f"topic = {name!r}") == []


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_a_topic_can_be_kept_by_a_broker(topic: Topic) -> None:
    assert re.fullmatch(r"[a-z.-]{1,249}", topic.name)
    assert topic.partitions > 0
    assert topic.retention.days > 0
