"""What the pages for operators say: every setting, process, topic and database, and no other."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from contracts.topics import TOPICS, Service
from services.chassis.names import KNOWN
from services.chassis.settings import PREFIX, STORES
from services.cli import contracts, production
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


def test_the_pages_of_commands_routes_and_events_are_those_of_the_code(tmp_path: Path) -> None:
    # In a process of its own: click remembers by which names a command was first asked for help.
    command = [sys.executable, "-c", "from services.cli.main import main; main()"]
    make = [*command, "contracts", "pages", "--folder", str(tmp_path)]
    subprocess.run(make, check=True, capture_output=True)  # noqa: S603 - our own command
    wanted = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.md")}
    assert sorted(wanted) == ["api.md", "commands.md", "events.md"]
    assert contracts.stale(DOCS / "reference", wanted) == []
    (tmp_path / "api.md").write_text("# Routes of last year\n", encoding="utf-8")
    assert contracts.stale(tmp_path, wanted) == ["api.md"]


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    found = {
        (page, target)
        for page in (README, *DOCS.rglob("*.md"))
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    }
    assert len(found) > 40
    assert [(p.name, t) for p, t in sorted(found) if not (p.parent / t).exists()] == []


def test_every_page_is_named_in_the_list_of_pages() -> None:
    listed = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = [*DOCS.glob("howto/*.md"), *DOCS.glob("reference/*.md"), *DOCS.glob("explanation/*.md")]
    assert [page.name for page in pages if f"/{page.name})" not in listed] == []


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
