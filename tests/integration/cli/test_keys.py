"""`handoff keys`: what it shows, what it refuses, and what the doctor says of a second copy."""

import json
from pathlib import Path

import pytest

from services.chassis import audit
from services.chassis.service import OPERATIONS
from services.cli import copies, people, settings
from services.cli.client import ClientError
from tests.integration.cli.conftest import Handoff, Town, line_of
from tests.integration.cli.harm import obeying_file_modes
from tests.integration.cli.test_doctor import shown
from tests.integration.cli.test_looking_after import submit_one


def masters(handoff: Handoff) -> list[str]:
    """The master keys of a folder, and the current one again."""
    content = json.loads((handoff.home / "keys" / "master.json").read_text())
    return [*content["keys"], content["current"]]


def test_the_steps_that_several_machines_need_lead_from_the_old_key_to_the_new(
    stopped: Handoff,
) -> None:
    old = masters(stopped)[0]
    assert "next: handoff keys export FILE, then handoff keys use" in stopped("keys", "add").stdout
    assert masters(stopped)[2] == old
    new = masters(stopped)[1]
    assert "next: handoff keys rewrap" in stopped("keys", "use", new).stdout
    assert f"{new} wraps them all" in stopped("keys", "rewrap").stdout
    assert stopped("keys", "retire", old).stdout == f"retired {old}\n"
    assert masters(stopped) == [new, new]


def test_a_key_that_is_not_there_or_in_use_is_refused_in_one_line(stopped: Handoff) -> None:
    (old, _) = masters(stopped)
    for words in (("use", "nix"), ("retire", "nix")):
        result = stopped("keys", *words)
        assert result.exit_code == 1
        assert line_of(result) == f"handoff: there is no master key nix: there are {old}"
    assert f"{old} is the current master key" in line_of(stopped("keys", "retire", old))


def test_a_folder_without_keys_is_named(new_home: Handoff) -> None:
    for words in (("list",), ("add",), ("rotate",), ("export", new_home.home / "copy.json")):
        result = new_home("keys", *words)
        assert result.exit_code == 1
        assert "master.json: No such file or directory" in line_of(result)


def test_a_key_file_that_may_not_be_written_is_named(stopped: Handoff) -> None:
    keys = stopped.home / "keys"
    before = masters(stopped)
    keys.chmod(0o500)
    with obeying_file_modes():
        result = stopped("keys", "add")
    keys.chmod(0o700)
    assert (result.exit_code, masters(stopped)) == (1, before)
    assert "Permission denied" in line_of(result)


def test_the_doctor_warns_until_every_master_key_has_a_second_copy(
    stopped: Handoff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    warned = stopped("doctor")
    assert warned.exit_code == 0
    assert "warn master-1: no copy of this master key is known" in shown(warned)
    assert "all is well; see to: second copy" in warned.stdout
    copy = tmp_path / "safe" / "copy.json"
    assert stopped("keys", "export", copy).exit_code == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_text() == (stopped.home / "keys" / "master.json").read_text()
    assert " warn " not in shown(stopped("doctor"))
    assert [of.place for of in copies.known(settings.read(stopped.home)).values()] == [str(copy)]
    stopped("keys", "rotate")
    assert f"warn {masters(stopped)[1]}: no copy" in shown(stopped("doctor"))


def test_a_copy_beside_the_keys_or_over_another_file_is_refused(
    stopped: Handoff, tmp_path: Path
) -> None:
    beside = stopped("keys", "export", stopped.home / "copy.json")
    assert "is beside the keys that it copies" in line_of(beside)
    taken = tmp_path / "taken.json"
    taken.write_text("something")
    assert "is there already" in line_of(stopped("keys", "export", taken))
    assert taken.read_text() == "something"


def test_a_running_suite_is_asked_over_http_and_audits_it(town: Town) -> None:
    submit_one(town)
    result = town.handoff.calling("keys", "rotate", "--retire")
    assert result.exit_code == 0, result.output
    service = next(each for each in town.suite.services if each.keyring is not None)
    with service.database.transaction() as session:
        actions = [row["action"] for row in audit.entries(session, OPERATIONS)]
    assert {"keys.rewrap", "keys.retire"} <= set(actions)


@pytest.mark.parametrize("path", ["/ops/keys/rewrap", "/ops/keys/retire"])
def test_nobody_but_an_administrator_may_touch_the_keys(town: Town, path: str) -> None:
    for who in (people.COORDINATOR, people.MANAGER, people.officer("central")):
        with pytest.raises(ClientError) as refused:
            town.acting(who).post(path, {"master": "master-1"})
        assert refused.value.status == 403
        with pytest.raises(ClientError) as hidden:
            town.acting(who).get("/ops/keys")
        assert hidden.value.status == 403


@pytest.mark.parametrize("body", [{}, {"master": 5}, {"master": "a key"}, {"master": ""}])
def test_a_name_that_is_none_is_named(town: Town, body: object) -> None:
    with pytest.raises(ClientError, match="master") as refused:
        town.acting(people.ADMIN).post("/ops/keys/retire", body)
    assert refused.value.status == 422


def test_the_answer_of_the_suite_holds_no_key(town: Town) -> None:
    answer = town.acting(people.ADMIN).get("/ops/keys")
    content = json.loads((settings.read(town.handoff.home).keys / "master.json").read_text())
    assert set(answer) == {"wraps"}
    assert not any(key in str(answer) for key in content["keys"].values())
