"""Migrations: from empty to head in one step, and a database that is behind is not served."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError

from contracts.topics import Service
from services.chassis import migrations
from services.chassis.database import Database
from services.chassis.migrations import SchemaError, check, current, head, upgrade
from services.chassis.settings import KEY_STORE

STEP = '''"""Step {number}."""

import sqlalchemy as sa
from alembic import op

revision = "matcher_{number}"
down_revision = {before}


def upgrade() -> None:
    """Make one table."""
    op.create_table("table_{number}", sa.Column("id", sa.Integer, primary_key=True))
'''


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    """A database without a table."""
    made = Database(f"sqlite:///{tmp_path / 'matcher.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of two steps, run by the suite's own env.py."""
    root = tmp_path / "migrations"
    (root / "matcher").mkdir(parents=True)
    shutil.copy(migrations.ROOT / "env.py", root)
    monkeypatch.setattr(migrations, "ROOT", root)
    write(root / "matcher", 1)
    write(root / "matcher", 2)
    return root / "matcher"


def write(folder: Path, number: int, more: str = "") -> None:
    """One step."""
    before = f'"matcher_{number - 1}"' if number > 1 else "None"
    text = STEP.format(number=number, before=before) + more
    (folder / f"{number:04}.py").write_text(text)


def tables(database: Database) -> set[str]:
    """What stands in the database."""
    return set(inspect(database.engine).get_table_names())


@pytest.mark.usefixtures("folder")
def test_an_empty_database_is_brought_to_head(empty: Database) -> None:
    assert (current(empty), head(Service.MATCHER)) == (None, "matcher_2")
    upgrade(empty, Service.MATCHER)
    assert current(empty) == "matcher_2"
    assert {"table_1", "table_2"} <= tables(empty)
    check(empty, Service.MATCHER)


@pytest.mark.usefixtures("folder")
def test_upgrading_again_changes_nothing(empty: Database) -> None:
    for _ in range(2):
        upgrade(empty, Service.MATCHER)
    assert current(empty) == "matcher_2"


@pytest.mark.usefixtures("folder")
def test_an_empty_database_is_not_served(empty: Database) -> None:
    with pytest.raises(SchemaError, match="schema none, not matcher_2: handoff migrate"):
        check(empty, Service.MATCHER)


def test_a_database_behind_the_code_is_not_served(empty: Database, folder: Path) -> None:
    upgrade(empty, Service.MATCHER)
    write(folder, 3)
    with pytest.raises(SchemaError, match="schema matcher_2, not matcher_3"):
        check(empty, Service.MATCHER)
    upgrade(empty, Service.MATCHER)
    check(empty, Service.MATCHER)


def test_a_step_that_fails_leaves_the_database_as_it_was(empty: Database, folder: Path) -> None:
    upgrade(empty, Service.MATCHER)
    write(folder, 3)
    write(folder, 4, '    op.execute("SELECT * FROM nowhere")\n')
    with pytest.raises(OperationalError):
        upgrade(empty, Service.MATCHER)
    assert current(empty) == "matcher_2"
    assert "table_3" not in tables(empty)


@pytest.mark.usefixtures("folder")
def test_a_schema_of_another_version_is_not_upgraded(empty: Database) -> None:
    upgrade(empty, Service.MATCHER)
    with empty.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'matcher_9'"))
    with pytest.raises(SchemaError, match="matcher_9 was written by another version of Handoff"):
        upgrade(empty, Service.MATCHER)


@pytest.mark.usefixtures("folder")
def test_a_schema_that_tells_no_version_or_two_is_not_upgraded(empty: Database) -> None:
    upgrade(empty, Service.MATCHER)
    with empty.transaction() as session:
        session.execute(text("INSERT INTO alembic_version VALUES ('matcher_1')"))
    with pytest.raises(SchemaError, match="more than one schema version"):
        upgrade(empty, Service.MATCHER)
    with empty.transaction() as session:
        session.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(SchemaError, match="tells no schema version"):
        upgrade(empty, Service.MATCHER)


def test_two_newest_steps_are_not_chosen_from(empty: Database, folder: Path) -> None:
    text = (folder / "0002.py").read_text().replace("matcher_2", "matcher_3")
    (folder / "0003.py").write_text(text)
    with pytest.raises(SchemaError, match="several newest migrations: matcher_2, matcher_3"):
        check(empty, Service.MATCHER)


@pytest.mark.parametrize("store", [*Service, KEY_STORE])
def test_what_the_files_say_is_what_alembic_reads_in_them(store: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.ROOT))
    config.set_main_option("version_locations", str(migrations.ROOT / store))
    config.set_main_option("path_separator", "os")
    read = ScriptDirectory.from_config(config)
    assert migrations.head(store) == read.get_current_head()
    assert migrations.known(store) == {step.revision for step in read.walk_revisions()}


def test_who_asks_for_the_schema_does_not_load_what_upgrades_it(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from services.chassis import migrations\n"
        "from services.chassis.database import Database\n"
        "migrations.current(Database('sqlite:///new.sqlite')), migrations.head('matcher')\n"
        "sys.exit('alembic' in sys.modules)\n"
    )
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", script], cwd=tmp_path, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize("service", Service)
def test_every_service_has_migrations_with_one_head(service: Service) -> None:
    assert head(service) is not None
