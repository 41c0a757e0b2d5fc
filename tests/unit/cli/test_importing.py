"""Ids of imported rows: the same for the same row, and of no use to who lacks the secret."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx
import orjson
import pytest

from services.chassis.keys import MasterKeys
from services.chassis.platform import MASTER
from services.cli import settings
from services.cli.home import HomeError
from services.cli.import_secret import FILE, secret_for
from services.cli.importing import Importer
from services.cli.map_file import parse
from services.cli.sheet import Row, SheetError
from tests.unit.cli.answers import Answers, client

RECEIPT = httpx.Response(201, json={"reference": "7QK4-M2XD", "referral_id": str(UUID(int=1))})
PLACED = {"when": {"Result": ["Placed"]}, "need": "emergency_shelter", "urgency": "urgent"}
SECRET, ANOTHER = b"a" * 32, b"b" * 32


@dataclass(frozen=True, slots=True)
class Sent:
    """What identified a row on the wire, and in the report."""

    encounter: str
    once: str
    key: str


def send(secret: bytes, number: str, person: str = "Robin Marlowe", *, keyed: bool = True) -> Sent:
    """Submit a row of an incident and look at what was sent."""
    sheet = {"source": "log", "encounter": "Incident"} | ({"key": "No"} if keyed else {})
    transport = Answers(RECEIPT)
    importer = Importer(
        parse({"sheet": sheet, "rules": [PLACED]}), client(transport, lambda _: None), secret
    )
    cells = {"No": "1", "Incident": number, "Name": person, "Result": "Placed"}
    result = importer.submit(Row(2, cells))
    assert result.result == "submitted", result
    (request,) = transport.asked
    body = orjson.loads(request.content)
    return Sent(body["encounter_id"], request.headers["Idempotency-Key"], result.key)


def test_the_same_row_has_the_same_ids_and_a_row_of_another_incident_others() -> None:
    first, again, other = send(SECRET, "26-101"), send(SECRET, "26-101"), send(SECRET, "26-102")
    assert first == again
    assert first.encounter != other.encounter
    assert UUID(first.encounter).version == 4


def test_rows_of_one_encounter_share_its_id_and_nothing_else() -> None:
    one = send(SECRET, "26-101", "Robin Marlowe", keyed=False)
    two = send(SECRET, "26-101", "Kim Ashby", keyed=False)
    assert one.encounter == two.encounter
    assert one.once != two.once
    assert one.key != two.key


def test_another_secret_gives_every_id_anew() -> None:
    ours, theirs = (send(secret, "26-101", keyed=False) for secret in (SECRET, ANOTHER))
    assert ours.encounter != theirs.encounter
    assert ours.once != theirs.once
    assert ours.key != theirs.key


def test_who_holds_the_incident_list_cannot_compute_the_ids() -> None:
    sent = send(SECRET, "26-101", keyed=False)
    cells = {"No": "1", "Incident": "26-101", "Name": "Robin Marlowe", "Result": "Placed"}
    whole = "\x1f".join(f"{name}={cell}" for name, cell in sorted(cells.items()))
    digest = hashlib.sha256(whole.encode()).hexdigest()[:32]
    guesses = {digest} | {
        str(uuid5(NAMESPACE_URL, f"handoff:log:{kind}:{text}"))
        for kind, text in (("encounter", "26-101"), ("row", digest), ("row", "1"))
    }
    assert guesses.isdisjoint({sent.encounter, sent.once, sent.key})


def test_the_secret_is_that_of_the_folders_keys(tmp_path: Path) -> None:
    found = settings.read(tmp_path)
    MasterKeys.create_file(found.keys / MASTER, "master-1")
    secret = secret_for(found, tmp_path / "report.csv")
    assert secret == secret_for(found, None)
    assert secret != MasterKeys.read(found.keys / MASTER).derive("idempotency")
    assert not (tmp_path / FILE).exists()


def test_without_keys_a_secret_is_made_once_beside_the_report_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    found, report = settings.read(tmp_path / "no-home"), tmp_path / "report.csv"
    secret = secret_for(found, report)
    assert len(secret) == 32
    assert secret == secret_for(found, tmp_path / "another.csv")
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_without_keys_and_without_a_report_there_is_no_import(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="name a --report"):
        secret_for(settings.read(tmp_path), None)


@pytest.mark.parametrize("text", ["", "abcd", "no hexadecimal", "é"])
def test_a_secret_that_is_none_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SheetError, match="holds no secret of an import"):
        secret_for(settings.read(tmp_path / "no-home"), tmp_path / "report.csv")
    assert (tmp_path / FILE).read_text(encoding="utf-8") == text


def test_keys_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    found = settings.read(tmp_path)
    found.keys.mkdir()
    (found.keys / MASTER).write_text("{}")
    with pytest.raises(HomeError, match="cannot be used"):
        secret_for(found, tmp_path / "report.csv")
