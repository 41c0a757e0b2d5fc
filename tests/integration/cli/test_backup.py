"""`handoff backup` and `handoff restore`: what they refuse, in one line, and what they leave."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.cli import copies, manifest, settings
from tests.integration.cli.conftest import Handoff, line_of


@dataclass(frozen=True, slots=True)
class Vault:
    """A folder whose suite does not run, and a backup of it."""

    handoff: Handoff
    data: Path
    keys: Path

    def backup(self, data: Path, keys: Path) -> str:
        """Take one that must be refused; why it was."""
        result = self.handoff("backup", data, "--keys", keys)
        assert result.exit_code == 1
        return line_of(result)

    def restore(self, home: Path, *more: str | Path) -> str:
        """Restore, which must be refused; why it was."""
        found = Handoff(home)("restore", self.data, "--keys", self.keys, *more)
        assert found.exit_code == 1, found.output
        assert not (home / "data").exists()
        return line_of(found)

    @property
    def generation(self) -> Path:
        """The one backup of the keys."""
        (found,) = self.keys.iterdir()
        return found


@pytest.fixture
def vault(stopped: Handoff, tmp_path: Path) -> Vault:
    """A backup that was just taken."""
    data, keys = tmp_path / "data" / "today", tmp_path / "vault" / "keys"
    result = stopped("backup", data, "--keys", keys)
    assert result.exit_code == 0, result.output
    assert "both are on one disk" in result.stdout
    return Vault(stopped, data, keys)


def files(folder: Path) -> set[str]:
    """The files in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_no_key_is_among_the_data_and_all_is_for_its_owner_alone(vault: Vault) -> None:
    stores = {f"stores/{name}.sqlite" for name in ("referral_api", "matcher", "notifier")}
    assert files(vault.data) == stores | {"stores/events.sqlite", "manifest.json"}
    secrets = {"keys/master.json", "keys/token-signing.json", "stores/person_keys.sqlite"}
    assert files(vault.generation) == secrets | {"manifest.json"}
    for path in (*vault.data.rglob("*"), *vault.keys.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_keys_are_kept_once(vault: Vault, tmp_path: Path) -> None:
    before = vault.generation
    again = vault.handoff("backup", tmp_path / "data" / "tomorrow", "--keys", vault.keys)
    assert again.exit_code == 0
    assert vault.generation != before


def test_a_backup_counts_as_a_second_copy_of_the_master_key(vault: Vault) -> None:
    (copy,) = copies.known(settings.read(vault.handoff.home)).values()
    assert copy.place == str(vault.keys)
    assert copies.without_copy(settings.read(vault.handoff.home)) == []


def test_places_that_one_finder_would_find_together_are_refused(
    vault: Vault, tmp_path: Path
) -> None:
    new = tmp_path / "new"
    for data, keys in ((new, new), (new, new / "keys"), (new / "data", new), (new, tmp_path / "k")):
        assert "put keys and data in different places" in vault.backup(data, keys)
    home = vault.handoff.home
    for data, keys in ((home / "b", tmp_path / "v" / "k"), (tmp_path / "d" / "b", home / "keys")):
        assert "is within the suite's own folder" in vault.backup(data, keys)
    assert "is not empty: name a new folder" in vault.backup(vault.data, vault.keys)


def test_a_folder_without_a_suite_is_no_backup(tmp_path: Path) -> None:
    handoff = Handoff(tmp_path / "nothing")
    result = handoff("backup", tmp_path / "d" / "b", "--keys", tmp_path / "k")
    assert result.exit_code == 1
    assert "is not there" in line_of(result)
    result = handoff("restore", tmp_path / "d" / "b", "--keys", tmp_path)
    assert "holds no backup" in line_of(result)


def test_keys_apart_are_needed(vault: Vault) -> None:
    assert vault.handoff("backup", vault.data).exit_code == 2
    assert vault.handoff("restore", vault.data).exit_code == 2


def cut_short(vault: Vault) -> None:
    (vault.data / manifest.FILE).unlink()


def change_a_byte(vault: Vault) -> None:
    path = vault.data / "stores" / "matcher.sqlite"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def lose_a_file(vault: Vault) -> None:
    (vault.data / "stores" / "events.sqlite").unlink()


def add_a_file(vault: Vault) -> None:
    (vault.generation / "keys" / "another.json").write_text("{}")


def change_a_key(vault: Vault) -> None:
    (vault.generation / "keys" / "master.json").write_text("{}")


def garble(vault: Vault) -> None:
    (vault.data / manifest.FILE).write_text('{"format": 1}')


def rewrite(folder: Path, **changes: object) -> None:
    """Other words in a manifest."""
    path = folder / manifest.FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def from_the_future(vault: Vault) -> None:
    schemas = json.loads((vault.data / manifest.FILE).read_text())["schemas"]
    rewrite(vault.data, schemas=schemas | {"matcher": "matcher_9999"})


def another_format(vault: Vault) -> None:
    rewrite(vault.data, format=2)


def older_keys(vault: Vault) -> None:
    rewrite(vault.generation, taken_at="2020-01-01T00:00:00+00:00")


def of_servers(vault: Vault) -> None:
    rewrite(vault.generation, column="servers")


@pytest.mark.parametrize(
    ("befall", "why"),
    [
        (cut_short, "one that was not finished"),
        (change_a_byte, "matcher.sqlite was changed after the backup"),
        (lose_a_file, "stores/events.sqlite is missing or too many"),
        (add_a_file, "keys/another.json is missing or too many"),
        (change_a_key, "master.json was changed after the backup"),
        (garble, "is not as it was written"),
        (from_the_future, "matcher at schema matcher_9999: install a newer Handoff"),
        (another_format, "another version of Handoff"),
        (older_keys, "persons would be lost"),
        (of_servers, "is of embedded"),
    ],
)
def test_what_is_no_whole_backup_is_refused_and_nothing_is_begun(
    vault: Vault, tmp_path: Path, befall: Callable[[Vault], None], why: str
) -> None:
    befall(vault)
    home = tmp_path / "other"
    assert why in vault.restore(home)
    assert not home.exists()


def test_swapped_folders_are_told(vault: Vault, tmp_path: Path) -> None:
    swapped = Vault(vault.handoff, vault.generation, vault.data)
    assert "are the two folders swapped?" in swapped.restore(tmp_path / "other")


def test_a_suite_that_is_there_is_never_overwritten(vault: Vault) -> None:
    home = vault.handoff.home
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    result = vault.handoff("restore", vault.data, "--keys", vault.keys)
    assert result.exit_code == 1
    assert f"{home / 'data'} is there already: move it away first" in line_of(result)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_a_file_of_erased_persons_must_hold_ids(vault: Vault, tmp_path: Path) -> None:
    erased = tmp_path / "erased.txt"
    erased.write_text("Robin Marlowe\n")
    line = vault.restore(tmp_path / "other", "--erased", erased)
    assert "must hold a referral id on each line" in line
    assert "Robin" not in line


def test_what_was_cut_short_is_begun_again_and_what_is_restored_is_well(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANDOFF_PORT", "1")
    home = tmp_path / "other"
    (home / "data.restoring").mkdir(parents=True)
    (home / "data.restoring" / "half.sqlite").write_text("half")
    other = Handoff(home)
    result = other("restore", vault.data, "--keys", vault.keys)
    assert result.exit_code == 0, result.output
    assert "next: handoff up" in result.stdout
    assert other("doctor").exit_code == 0
    assert sorted(path.name for path in home.iterdir()) == ["data", "keys"]
    assert sorted(path.name for path in (home / "data").glob("*.sqlite")) == sorted(
        ["events.sqlite", "matcher.sqlite", "notifier.sqlite", "referral_api.sqlite"]
    )
