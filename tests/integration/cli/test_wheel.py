"""The wheel: built, installed where nothing of the checkout is, and run; and what it is made of."""

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKED = ROOT / "requirements" / "run.txt"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command says; it must succeed."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment of its own: the wheel, and the libraries of this one."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ("-m", "hatchling", "build", "--target", "wheel", "--directory", folder)
    run(sys.executable, *build)
    (wheel,) = folder.glob("*.whl")
    home = folder / "environment"
    venv.create(home, with_pip=False)
    (packages,) = home.glob("lib/python*/site-packages")
    target = ("--target", packages, "--no-deps", "--no-index", "--quiet", wheel)
    run(sys.executable, "-m", "pip", "install", *target)
    # Their own folder comes first, so that nothing is taken from the checkout.
    (libraries,) = (path for path in sys.path if path.endswith("site-packages"))
    (packages / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return home / "bin"


def test_the_installed_wheel_makes_its_stores_and_looks_them_over(
    installed: Path, tmp_path: Path
) -> None:
    program = "from services.cli.main import main; import services; {}main(prog_name='handoff')"
    home = ("--home", str(tmp_path / "home"))

    def handoff(*words: str) -> str:
        said = program.format("assert 'environment' in services.__file__; ")
        return run(installed / "python", "-c", said, *words, cwd=tmp_path)

    assert handoff("--version").strip().endswith("0.1.0")
    handoff("migrate", *home)
    assert {path.name for path in (tmp_path / "home" / "data").glob("*.sqlite")} >= {
        "referral_api.sqlite",
        "matcher.sqlite",
        "notifier.sqlite",
    }


def test_the_list_of_parts_names_every_locked_requirement_with_its_hashes(tmp_path: Path) -> None:
    made = tmp_path / "parts.json"
    maker = Path(sys.executable).with_name("cyclonedx-py")
    run(maker, "requirements", "--output-reproducible", "--output-file", made, LOCKED)
    found = json.loads(made.read_text(encoding="utf-8"))
    assert found["bomFormat"] == "CycloneDX"
    lines = LOCKED.read_text(encoding="utf-8").splitlines()
    locked = {line.split("==")[0].split("[")[0] for line in lines if "==" in line}
    assert {part["name"] for part in found["components"]} == locked
    assert all(
        any(reference.get("hashes") for reference in part["externalReferences"])
        for part in found["components"]
    )
