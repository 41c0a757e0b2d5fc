"""The web process under gunicorn: several processes of one port that answer, count and end well."""

import json
import os
import signal
import socket
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from services.chassis import metrics_folder
from services.chassis.database import Database
from services.chassis.settings import PREFIX
from tests.integration.processes.load import Load
from tests.integration.processes.stage import NOWHERE, Process, Stage, eventually
from tests.integration.referral_api.office import OFFICER, submission

PROGRAMS = "GET /v1/programs"
LISTENERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^LISTEN'"
)


def counted(web: Process) -> float:
    """How many answers to one route the process that happens to be asked tells of."""
    families = text_string_to_metric_families(web.get("/metrics").text)
    samples = [s for f in families if f.name == "handoff_http_requests" for s in f.samples]
    return sum(s.value for s in samples if s.labels["route"] == PROGRAMS)


def folder_of(web: Process) -> Path:
    """Where a master keeps its metrics."""
    owners = Path(tempfile.gettempdir()).glob(f"{metrics_folder.PREFIX}*/{metrics_folder.OWNER}")
    (owner,) = [found for found in owners if found.read_text().strip() == str(web.running.pid)]
    return owner.parent


def files(web: Process) -> set[str]:
    """The files of the metrics of a master."""
    return {file.name for file in folder_of(web).glob("*.db")}


def ask(web: Process, times: int) -> None:
    """Ask that route, on connections of their own, so that both processes answer."""
    for _ in range(times):
        assert web.get("/v1/programs").status_code == 401


def test_requests_are_counted_over_all_processes_living_and_dead(stage: Stage) -> None:
    web = stage.web("matcher").ready()
    ask(web, 40)
    assert [counted(web) for _ in range(6)] == [40.0] * 6
    first, second = web.children()
    sum_before = counted(web)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: f"counter_{first}.db" not in files(web))
    assert counted(web) == sum_before
    eventually(lambda: len(web.children()) == 2)
    web.signal(signal.SIGHUP)
    eventually(lambda: not {second} & set(web.children()) and len(web.children()) == 2)
    eventually(lambda: f"counter_{second}.db" not in files(web))
    ask(web, 10)
    assert [counted(web) for _ in range(4)] == [sum_before + 10] * 4
    folder = folder_of(web)
    assert folder.stat().st_mode & 0o077 == 0
    assert web.stop() == 0
    assert '"exception"' not in web.said()
    assert not folder.exists()
    assert counted(stage.web("matcher").ready()) == 0


def test_ten_thousand_requests_meet_no_failure_while_the_processes_are_replaced(
    stage: Stage,
) -> None:
    web = stage.web("matcher").ready()
    load = Load(web.address, ("/livez", "/livez", "/livez", "/v1/programs"), 10_000, 16)
    load.start()
    for share in (1_500, 4_000, 6_500):
        eventually(partial(load.has_done, share))
        web.signal(signal.SIGHUP)
    assert load.join() == {"200": 7_500, "401": 2_500}
    assert web.said().count("Hang up") == 3
    assert web.stop() == 0
    assert '"exception"' not in web.said()


def test_a_request_under_way_is_answered_before_the_process_ends(stage: Stage) -> None:
    web = stage.web("matcher", PROCESSES=1).ready()
    body = json.dumps({"service": "matcher", "topic": "directory.programs"}).encode()
    with connected(web) as connection:
        head = command(stage, "/ops/republish", f"Content-Length: {len(body)}")
        connection.sendall(head + body[:10])
        assert web.status("/livez") == 200
        web.signal(signal.SIGTERM)
        eventually(lambda: web.status("/livez") == 0)
        connection.sendall(body[10:])
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 202 ")
    assert web.ended() == 0


def listeners(database: Database) -> int:
    """How many sessions hear of its commits."""
    with database.transaction() as session:
        return int(session.scalar(LISTENERS) or 0)


def test_who_waits_for_an_offer_is_answered_before_the_process_ends(stage: Stage) -> None:
    web = stage.web("referral_api", PROCESSES=1).ready()
    web.put(f"/v1/units/{OFFICER.unit_id}", stage.token(), {"name": "Central", "training": False})
    officer = stage.token(OFFICER)
    made = web.post("/v1/referrals", officer, submission(urgency="crisis")).json()
    path = f"/v1/referrals/{made['referral_id']}?wait=30"
    with connected(web) as connection, closing(stage.database("referral_api")) as database:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {officer}\r\n\r\n"
        connection.sendall(head.encode())
        # From the first that has to wait on, the process hears of the commits of others.
        eventually(lambda: listeners(database) == 1)
        assert web.status("/livez") == 200
        web.signal(signal.SIGTERM)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"receiver":null' in answer.replace(b" ", b"")
    assert web.ended() == 0


def test_a_setting_that_is_wrong_is_named_in_one_line_and_nothing_starts(stage: Stage) -> None:
    wrong = stage.web("matcher", THREADS="many")
    assert wrong.ended() == 1
    assert wrong.said().strip() == 'Error: HANDOFF_THREADS "many": not a valid integer'
    misspelt = stage.web("matcher", JWKS_ULR="https://login.example.org/keys")
    assert misspelt.ended() == 1
    (line,) = misspelt.said().strip().splitlines()
    assert line.startswith("Error: HANDOFF_JWKS_ULR is no setting")
    missing = stage.web("matcher", MATCHER_DATABASE="sqlite:///x")
    assert missing.ended() == 1
    assert f"{PREFIX}MATCHER_DATABASE" in missing.said()


def test_keys_that_are_not_there_are_named_and_the_master_halts(stage: Stage) -> None:
    web = stage.web("notifier", KEYS=stage.folder / "elsewhere", PROCESSES=1)
    assert web.ended() == 4
    lines = [line for line in web.said().splitlines() if not line.startswith("{")]
    assert len(lines) == 1
    assert lines[0].startswith("notifier: HANDOFF_KEYS: ")


def test_intake_goes_on_while_the_broker_is_away_and_not_without_its_database(
    stage: Stage,
) -> None:
    web = stage.web("referral_api", PROCESSES=1, KAFKA_SERVERS=NOWHERE).ready()
    assert web.status() == 200
    unit = {"name": "Central", "training": False}
    assert web.put(f"/v1/units/{OFFICER.unit_id}", stage.token(), unit).status_code == 200
    officer = stage.token(OFFICER)
    assert web.post("/v1/referrals", officer, submission()).status_code == 201
    stage.close_database("referral_api")
    eventually(lambda: web.status() == 503)
    assert web.status("/livez") == 200
    faults = web.get("/readyz").json()["faults"]["referral_api"]
    assert any(fault.startswith("database: ") for fault in faults)
    stage.open_database("referral_api")
    eventually(lambda: web.status() == 200)


def test_what_cannot_be_read_is_answered_with_a_problem_and_not_logged(stage: Stage) -> None:
    web = stage.web("matcher", PROCESSES=1).ready()
    long = b"canary" * 2000
    assert refused(web, b"GET /livez?who=canary\r\n\r\n") == (400, "malformed")
    assert refused(web, b"GET /livez HTTP/1.1\r\nX: " + long + b"\r\n\r\n") == (
        431,
        "headers-too-large",
    )
    assert refused(web, b"GET /" + long + b" HTTP/1.1\r\n\r\n") == (431, "headers-too-large")
    chunked = command(stage, "/ops/republish", "Transfer-Encoding: chunked")
    assert refused(web, chunked + b"canary\r\n") == (400, "malformed")
    large = command(stage, "/ops/republish", "Content-Length: 2000000")
    assert refused(web, large) == (413, "too-large")
    logged = [json.loads(line) for line in web.said().splitlines()]
    assert {(entry["service"], entry["process"]) for entry in logged} == {("matcher", "web")}
    assert "canary" not in web.said()
    assert "/ops/" not in web.said()


def connected(web: Process) -> socket.socket:
    """A connection to the port."""
    host, _, port = web.address.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=30.0)


def command(stage: Stage, path: str, length: str) -> bytes:
    """The head of an administrator's command."""
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {stage.token()}"]
    lines += ["Content-Type: application/json", "Connection: close", length, "", ""]
    return "\r\n".join(lines).encode()


def read_all(connection: socket.socket) -> bytes:
    """Everything up to the end."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    return answer


def refused(web: Process, request: bytes) -> tuple[int, str]:
    """The status and the problem that a request of these bytes is answered with."""
    with connected(web) as connection:
        connection.sendall(request)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    problem = json.loads(body)
    assert int(head.split()[1]) == problem["status"]
    return problem["status"], problem["type"].removeprefix("/problems/")
