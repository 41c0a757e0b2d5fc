"""The list of all settings' names is that of the modules that read them."""

from importlib import import_module
from pathlib import Path

from services.chassis.names import KNOWN

ROOT = Path(__file__).parents[2]


def test_the_names_that_a_process_knows_are_those_that_some_module_reads() -> None:
    files = sorted((ROOT / "services").rglob("settings.py"))
    assert len(files) >= 6
    modules = [import_module(".".join(f.relative_to(ROOT).with_suffix("").parts)) for f in files]
    names = [module.NAMES for module in modules]
    assert frozenset().union(*names) == KNOWN
    assert sum(map(len, names)) == len(KNOWN)
