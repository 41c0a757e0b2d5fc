"""Writing a secret to a file of its own: durable, whole or absent, readable by its owner alone."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Create the file (mode 600); raises FileExistsError rather than overwrite a secret."""
    with _draft(path, text) as draft:
        os.link(draft, path)  # unlike a rename, a link never replaces what stands there
    sync_folder(path.parent)


def replace_private(path: Path, text: str) -> None:
    """Write the file (mode 600), at once, in place of what stands there."""
    with _draft(path, text) as draft:
        draft.replace(path)
    sync_folder(path.parent)


@contextmanager
def _draft(path: Path, text: str) -> Iterator[Path]:
    """The text in a file of another name beside it, durable; gone afterwards."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
