"""`handoff up --local-servers`: many processes that start, mend themselves and end as one."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from services.chassis.settings import STORES
from services.cli import access, city, people, settings
from services.cli.client import connect
from services.cli.duties import PURPOSES
from services.cli.local_stores import LocalStores
from services.cli.local_suite import LocalSuite
from services.local_servers.waiting import wait_until
from tests.integration.cli.conftest import Handoff, line_of
from tests.integration.cli.test_up import COMMAND

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.many_servers]

ENOUGH_S = 240
LAST_LINE = "Ctrl-C stops"
NAMES = {f"{service}.{duty}" for service, duty in PURPOSES}


@contextmanager
def up(home: Path, until: str = LAST_LINE) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The command in a process group of its own, and what it printed until a line began so."""
    log = home.parent / "up.log"
    with log.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [*COMMAND, "up", "--local-servers", "--home", str(home), "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            printed = []
            for line in process.stdout:
                printed.append(line)
                if until in line:
                    break
            yield process, printed
        finally:
            process.kill()
            process.communicate()


def ours(home: Path) -> list[str]:
    """Every process that has to do with a folder: by its command line or its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            command, told = process.cmdline(), list(process.environ().values())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it has ended meanwhile, or is somebody else's
        if process.pid != os.getpid() and any(str(home) in word for word in (*command, *told)):
            found.append(f"{process.pid} {' '.join(command)}")
    return found


def asked(url: str) -> httpx.Response:
    """An answer, however long a busy machine takes for it."""
    return httpx.get(url, timeout=ENOUGH_S)


def has_another(home: Path, name: str, before: int) -> bool:
    """Whether the process of a name is another one now, as its pid file tells."""
    file = home / "processes" / f"{name}.pid"
    return file.exists() and int(file.read_text().split()[0] or before) != before


def pasted(printed: str) -> str:
    """What the printed commands answer in a shell, without spaces.

    The matcher gets more time than a person needs on an idle machine.
    """
    shell = printed.partition("makes more):\n\n")[2].partition(LAST_LINE)[0]
    done = subprocess.run(
        ["bash", "-eu"],  # noqa: S607 - wherever the machine keeps it
        input=shell.replace("sleep 2", "sleep 10"),
        capture_output=True,
        text=True,
        timeout=ENOUGH_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return "".join(done.stdout.split())


def assert_all_ended(process: subprocess.Popen[str], home: Path) -> None:
    """It ended well, said so in its last line and nothing else, and left no process."""
    rest, _ = process.communicate(timeout=ENOUGH_S)
    assert process.returncode == 0, rest
    assert "stopped in" in rest
    assert (home.parent / "up.log").read_text() == ""
    assert ours(home) == []


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose suite took a referral from submission to outcome, and was ended by Ctrl-C."""
    home = tmp_path_factory.mktemp("lived") / "home"
    with up(home) as (process, printed):
        text = "".join(printed)
        assert "the bundled city was loaded" in text
        assert [
            name for name in (*NAMES, "front door", "postgres") if f"│ {name} " not in text
        ] == []
        doctor = Handoff(home)("doctor")
        assert doctor.exit_code == 0, doctor.stdout
        assert "serves, and owns nothing" in doctor.stdout
        assert "every topic is as in the contract" in doctor.stdout
        said = pasted(text)
        assert '"program_id":"bluff-street-counselling"' in said
        assert '"outcome":"service_completed"' in said
        assert '"count":1' in said.partition('"stages"')[2]
        os.killpg(process.pid, signal.SIGINT)
        assert_all_ended(process, home)
    return home


def test_nothing_outlives_a_supervisor_that_is_killed_while_it_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with up(home, until="processes start") as (process, _):
        assert wait_until(lambda: len(ours(home)) > len(NAMES), ENOUGH_S), ours(home)
        process.kill()
        process.wait()
        assert wait_until(lambda: ours(home) == [], ENOUGH_S), ours(home)


def test_a_second_start_says_so_and_its_processes_do_not_outlive_it_either(lived_in: Path) -> None:
    with up(lived_in) as (process, printed):
        text = "".join(printed)
        assert "the directory is the one of last time" in text
        assert "topics as before" in text
        assert len(ours(lived_in)) > len(NAMES)
        process.kill()
        process.wait()
        assert wait_until(lambda: ours(lived_in) == [], ENOUGH_S), ours(lived_in)


def test_a_stopped_suite_is_well_and_the_doctor_says_how_to_start_it(lived_in: Path) -> None:
    doctor = Handoff(lived_in)("doctor")
    assert doctor.exit_code == 0, doctor.stdout
    assert "handoff up --local-servers" in doctor.stdout
    assert "│ matcher.relay " in doctor.stdout


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_during_the_start_ends_what_has_started(tmp_path: Path, by: signal.Signals) -> None:
    home = tmp_path / "home"
    with up(home, until="PostgreSQL is up") as (process, _):
        os.killpg(process.pid, by)
        rest, _ = process.communicate(timeout=ENOUGH_S)
        assert process.returncode == 0, rest
        assert "stopping before all was up" in rest
        assert "Traceback" not in (tmp_path / "up.log").read_text()
        assert ours(home) == []


class Sayings:
    """What a suite says while it runs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._more:
            self.lines.append(line)
            self._more.notify_all()

    def heard(self, words: str, seconds: float = ENOUGH_S) -> bool:
        """Whether the words are said within the seconds."""
        with self._more:
            return self._more.wait_for(lambda: any(words in line for line in self.lines), seconds)


@pytest.fixture(scope="module")
def sayings() -> Sayings:
    return Sayings()


@pytest.fixture(scope="module")
def suite(lived_in: Path, sayings: Sayings) -> Iterator[LocalSuite]:
    """The suite of that folder, running again, in this process."""
    running = LocalSuite(settings.read(lived_in, port=0), say=sayings, durable=False)
    try:
        running.start()
        yield running
    finally:
        assert running.close() == []
        assert ours(lived_in) == []


def test_another_start_goes_on(suite: LocalSuite, sayings: Sayings) -> None:
    assert sayings.heard("topics as before")
    sign_in = people.sign_in(suite.settings)
    with connect(suite.address, sign_in(people.ADMIN)) as admin:
        assert not city.open_city(admin, suite.platform.clock.now())
    with connect(suite.address, sign_in(people.MANAGER)) as manager:
        stages = manager.get("/v1/outcomes/funnel")["stages"]
    assert 1 in [stage["count"] for stage in stages]


def test_what_died_is_started_again_and_a_line_says_so(suite: LocalSuite, sayings: Sayings) -> None:
    home = suite.settings.home
    for name in ("matcher.worker", "notifier.web"):
        before = suite.processes[name].pid
        os.kill(before, signal.SIGKILL)
        assert sayings.heard(f"{name} has ended by itself")
        assert wait_until(partial(has_another, home, name, before), ENOUGH_S)
    ready = f"{suite.address}/readyz"
    assert wait_until(lambda: asked(ready).is_success, ENOUGH_S), asked(ready).text


def test_readiness_at_the_front_door_names_the_process_that_is_down(suite: LocalSuite) -> None:
    suite.processes["matcher.relay"].stop()
    answer = asked(f"{suite.address}/readyz")
    assert answer.status_code == 503
    assert answer.json()["faults"]["matcher"] == ["matcher.relay does not answer"]
    suite.restart("matcher.relay")
    assert asked(f"{suite.address}/readyz").status_code == 200


def test_a_service_that_is_down_is_a_problem_that_passes(suite: LocalSuite) -> None:
    suite.processes["matcher.web"].stop()
    answer = asked(f"{suite.address}/v1/programs")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "1"
    assert asked(f"{suite.address}/v1/match-previews").json()["crisis_line"] == "988"
    suite.restart("matcher.web")
    assert asked(f"{suite.address}/v1/programs").status_code == 401


def test_a_request_passes_the_front_door_as_it_came(suite: LocalSuite) -> None:
    with connect(suite.address, people.sign_in(suite.settings)(people.ADMIN)) as admin:
        first = admin.get("/v1/programs", limit=2)
        assert len(first["items"]) == 2
        assert admin.get("/v1/programs", limit=2, after=first["next"])["items"] != first["items"]
    strange = asked(f"{suite.address}/v1/programs/%C3%A4%20b")
    assert strange.status_code == 401
    assert asked(f"{suite.address}/docs/").is_success
    keys = asked(f"{suite.address}/.well-known/jwks.json").json()["keys"]
    assert [sorted(key) for key in keys] == [["alg", "crv", "kid", "kty", "use", "x"]]


def test_what_tells_of_the_servers_is_the_owners_alone(suite: LocalSuite) -> None:
    path = suite.settings.keys / access.FILE
    assert path.stat().st_mode & 0o777 == 0o600
    for log in (suite.settings.home / "processes").glob("*.log"):
        for url in suite.settings.databases.values():
            assert url.split(":")[2].split("@")[0] not in log.read_text()


def test_the_folder_is_one_suites_alone(suite: LocalSuite) -> None:
    handoff = Handoff(suite.settings.home)
    assert "another suite is running" in line_of(handoff("up", "--local-servers"))
    assert "add --local-servers" in line_of(handoff("up", "--demo-clock"))


def test_a_folder_of_an_embedded_suite_is_left_alone(new_home: Handoff) -> None:
    assert new_home("migrate").exit_code == 0
    assert "leave --local-servers out" in line_of(new_home("up", "--local-servers"))


def test_servers_that_the_settings_name_are_used_and_none_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in STORES:
        monkeypatch.setenv(f"HANDOFF_{store.upper()}_DATABASE", f"postgresql://app@db/{store}")
    monkeypatch.setenv("HANDOFF_KAFKA_SERVERS", "kafka.example.org:9092")
    found = settings.read(tmp_path / "home", port=0)
    stores = LocalStores(found, 1, Sayings())
    opened = stores.open()
    assert (opened.settings, opened.kafka.servers) == (found, ("kafka.example.org:9092",))
    assert list(stores.members()) == []
    assert not (tmp_path / "home").exists()


def test_lost_keys_are_told_before_anything_starts(new_home: Handoff) -> None:
    data = new_home.home / "servers" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    assert "restore the keys" in line_of(new_home("up", "--local-servers"))


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("HANDOFF_JWKS_URL", "https://login.example.org/keys", "signs itself"),
        ("HANDOFF_KAFKA_SERVERS", "127.0.0.1:9", "DATABASE"),
        ("HANDOFF_HOST", "10.0.0.7", "127.0.0.1, or 0.0.0.0"),
    ],
)
def test_settings_that_contradict_it_are_named(
    new_home: Handoff, monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    monkeypatch.setenv(name, value)
    assert right in line_of(new_home("up", "--local-servers"))
