"""What the pages for operators say: every setting, process, topic and database, and no other."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from contracts.topics import TOPICS, Service
from services.chassis.names import KNOWN
from services.chassis.settings import PREFIX, STORES
from services.cli import production
from services.cli.duties import PURPOSES, Duty

DOCS = Path(__file__).parents[2] / "docs"
README = DOCS.parent / "README.md"
PICTURE = DOCS / "pictures" / "architecture.svg"
TESTS_ALONE = "HANDOFF_TEST_WITHOUT"


def drawn() -> str:
    """The words of the drawing, one after the other."""
    root = ET.parse(PICTURE).getroot()  # noqa: S314 - our own file
    return " ".join(" ".join(root.itertext()).split())


def names_of_processes() -> set[str]:
    return {f"{service}.{duty}" for service, duty in PURPOSES}


def test_every_setting_has_its_line_in_the_reference_and_no_line_is_left_over() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^\| `(HANDOFF_\w+)`", page, re.MULTILINE))
    assert described == {PREFIX + name for name in KNOWN}
    mentioned = set(re.findall(r"HANDOFF_[A-Z_]*[A-Z]", page))
    assert mentioned - described == {TESTS_ALONE}


def test_the_drawing_shows_every_process_topic_and_database() -> None:
    words = drawn().replace(" .", ".")
    things = names_of_processes() | set(TOPICS) | set(STORES)
    assert {thing for thing in things if thing not in words} == set()


def test_the_drawing_fits_a_page_and_its_letters_can_be_read() -> None:
    root = ET.parse(PICTURE).getroot()  # noqa: S314 - our own file
    _, _, width, _ = map(float, root.attrib["viewBox"].split())
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", PICTURE.read_text())]
    assert width <= 800
    assert min(sizes) >= 10


def test_every_process_is_explained_where_people_look() -> None:
    readme = README.read_text(encoding="utf-8")
    assert {name for name in names_of_processes() if f"`{name}`" not in readme} == set()
    explained = {name: purpose for name, purpose, _ in production.processes()}
    assert {*names_of_processes(), "kafka", "postgres", "front door"} == set(explained)
    assert all(explained.values())


def test_every_service_that_publishes_has_a_relay_and_no_other_has() -> None:
    relays = {service for service, duty in PURPOSES if duty is Duty.RELAY}
    assert relays == {topic.producer for topic in TOPICS.values()}


def test_the_topics_of_the_page_are_those_of_the_contract() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[a-z]+\.[a-z].*?) \| (\w+) \| ([\w, ]+) \|", page, re.MULTILINE)
    told = {
        name: (producer, set(readers.split(", ")))
        for names, producer, readers in rows
        for name in re.findall(r"`([^`]+)`", names)
    }
    assert told == {
        topic.name: (
            topic.producer,
            {Service(consumer.partition(".")[0]) for consumer in topic.consumers},
        )
        for topic in TOPICS.values()
    }
