"""Where a long run keeps what it has done, so that one that was cut short goes on where it was."""

import hashlib
import os
from pathlib import Path
from typing import Final

import platformdirs

ROOT: Final = Path(__file__).parents[2]
HOME: Final = "SOAK_FOLDER"
PLAYED: Final = ("contracts", "services", "deploy/migrations", "tests/journey")


def folder_of(run: str) -> Path:
    """The folder of a run of this very code, made where there is none."""
    home = Path(os.environ.get(HOME) or platformdirs.user_cache_path("handoff") / "soak")
    found = home / f"{run}-{_digest()}"
    found.mkdir(parents=True, exist_ok=True)
    return found


def _digest() -> str:
    """Of the code that is played, its data and what it stands on: others have proved nothing."""
    found = hashlib.sha256()
    found.update((ROOT / "requirements" / "run.txt").read_bytes())
    for folder in PLAYED:
        for file in sorted((ROOT / folder).rglob("*.*")):
            if file.suffix in {".py", ".toml", ".txt"}:
                found.update(file.read_bytes())
    return found.hexdigest()[:12]
