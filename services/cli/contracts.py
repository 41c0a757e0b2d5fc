"""`handoff contracts`: writes the published schemas, and finds what has drifted from the code."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click

import contracts
from contracts import documents, evolution
from contracts.events import event_types
from services.chassis.http import document_of
from services.chassis.service import WiredService
from services.chassis.settings import Mode, Settings
from services.cli import home, reference_pages
from services.cli.embedded import build_services
from services.cli.options import examples

FOLDER: Final = Path(contracts.__file__).parent
GENERATED: Final = ("schemas/events", "schemas/openapi")
PUBLISHED: Final = "schemas/published"
EXAMPLES: Final = "examples"
KEPT: Final = "schemas/examples.json"
MEND: Final = "run `handoff contracts generate`"
_FOLDER_OPTION: Final = click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    show_default="the installed contracts",
    help="The folder that holds schemas/ and examples/.",
)


@click.group("contracts")
def contracts_group() -> None:
    """The published schemas, and whether they still say what the code does."""


@contracts_group.command(
    epilog=examples("handoff contracts check", "handoff contracts check --folder build/contracts")
)
@_FOLDER_OPTION
def check(folder: Path) -> None:
    """Print one line per fault and exit with 1 where there is any.

    Faults are: a generated schema that is stale, a published event version that changed in more
    than new optional fields, a golden example that no longer decodes.
    """
    found = faults(folder, generated())
    for fault in found:
        click.echo(fault, err=True)
    if found:
        raise SystemExit(1)
    click.echo("contracts: schemas fresh, published versions kept, examples decode")


@contracts_group.command(
    epilog=examples(
        "handoff contracts generate", "handoff contracts generate --folder build/contracts"
    )
)
@_FOLDER_OPTION
def generate(folder: Path) -> None:
    """Write the schemas anew; a frozen version under schemas/published/ only ever gains."""
    changed = write(folder, generated())
    for name in changed:
        click.echo(name)
    click.echo(f"contracts: {len(changed)} files changed")


@contracts_group.command(
    epilog=examples("handoff contracts pages", "handoff contracts pages --folder docs/reference")
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="docs/reference",
    show_default=True,
    help="Where the pages are.",
)
@click.pass_context
def pages(context: click.Context, folder: Path) -> None:
    """Write the reference pages of commands, routes and events anew."""
    wanted = reference_pages.pages(context.find_root().command, FOLDER / "schemas")
    for name in _write_stale(folder, wanted):
        click.echo(name)


def generated() -> dict[str, str]:
    """Every generated document by its path below the folder, its text the same on every run."""
    found = {
        f"schemas/events/{name}.json": text_of(documents.event_schema(entry))
        for name, entry in event_types().items()
    }
    found["schemas/asyncapi.json"] = text_of(documents.asyncapi())
    with wired() as services:
        for service in services:
            path = f"schemas/openapi/{service.name}.json"
            found[path] = text_of(document_of(service.app))
    return found


@contextmanager
def wired() -> Iterator[list[WiredService]]:
    """Every service, wired on a folder that lives no longer than this; nothing is started."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        settings = Settings(
            home=place,
            keys=place / "keys",
            mode=Mode.DEMO,
            settable_clock=True,
            log_level="error",
            host="127.0.0.1",
            port=0,
            threads=1,
            issuer="handoff",
            audience="handoff",
        )
        home.prepare(settings)
        services = build_services(home.platform(settings))
        try:
            yield services
        finally:
            for service in services:
                service.close()


def text_of(document: Mapping[str, Any]) -> str:
    """A document as it is committed: sorted and indented, so that a change shows as one line."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Write what differs, delete what nothing generates any more, let frozen versions gain.

    Returns the paths that changed.
    """
    stray = _stray(folder, wanted)
    for name in stray:
        (folder / name).unlink()
    texts = dict(wanted) | _published(folder, wanted)
    texts[KEPT] = text_of({"kept for ever": sorted({*_kept(folder), *_examples(folder)})})
    return sorted([*stray, *_write_stale(folder, texts)])


def stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """The documents of a folder that no longer say what the code does."""
    return [name for name, text in wanted.items() if _read(folder / name) != text]


def _write_stale(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    names = stale(folder, wanted)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")
    return names


def faults(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Everything that has drifted, a line each: its path, then what is wrong."""
    found = [f"{name}: no code generates this: {MEND}" for name in _stray(folder, wanted)]
    found += [f"{name}: stale: {MEND}" for name in sorted(stale(folder, wanted))]
    return found + _published_faults(folder, wanted) + _example_faults(folder)


def _published(folder: Path, wanted: Mapping[str, str]) -> dict[str, str]:
    """The frozen schemas as they should stand: new ones, and those that gained."""
    found = {}
    for name in event_types():
        path, current = f"{PUBLISHED}/{name}.json", wanted[f"schemas/events/{name}.json"]
        before, now = _frozen(folder, path), json.loads(current)
        if before is None:
            found[path] = current
        elif not evolution.changes(before, now):
            found[path] = text_of(evolution.grown(before, now))
    return found


def _frozen(folder: Path, name: str) -> Any:
    """A frozen schema, None where there is none; raises ClickException where it is no JSON."""
    text = _read(folder / name)
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise click.ClickException(f"{name}: no JSON: {error}") from None


def _published_faults(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    found = [
        f"{PUBLISHED}/{name}.json: not frozen yet: {MEND}"
        for name in sorted(event_types())
        if not (folder / PUBLISHED / f"{name}.json").exists()
    ]
    for path in sorted((folder / PUBLISHED).glob("*.json")):
        current = wanted.get(f"schemas/events/{path.name}")
        found += _each(folder, path, partial(_taken_back, current))
    return found


def _taken_back(current: str | None, frozen: Any) -> list[str]:
    """What a published version lost; it lives on beside its successors."""
    if current is None:
        return ["this version was published: keep it beside the new one"]
    now = json.loads(current)
    taken = evolution.changes(frozen, now)
    if taken:
        return [f"{fault}: publish a new version beside this one" for fault in taken]
    return [] if evolution.grown(frozen, now) == frozen else [f"new fields not frozen yet: {MEND}"]


def _example_faults(folder: Path) -> list[str]:
    found = [
        f"{EXAMPLES}/{name}: a golden example is needed"
        for name in sorted(event_types())
        if not any((folder / EXAMPLES / name).glob("*.json"))
    ]
    kept, there = set(_kept(folder)), set(_examples(folder))
    found += [f"{name}: is gone, and is kept for ever: bring it back" for name in kept - there]
    found += [f"{name}: not in {KEPT} yet: {MEND}" for name in there - kept]
    for path in sorted((folder / EXAMPLES).glob("*/*.json")):
        found += _each(folder, path, partial(evolution.example_faults, path.parent.name))
    return found


def _examples(folder: Path) -> list[str]:
    """The paths of the golden examples that are there."""
    found = (folder / EXAMPLES).glob("*/*.json")
    return [path.relative_to(folder).as_posix() for path in found]


def _kept(folder: Path) -> list[str]:
    """The paths of the golden examples that must never go."""
    text = _read(folder / KEPT)
    return [] if text is None else list(json.loads(text)["kept for ever"])


def _each(folder: Path, path: Path, look: Callable[[Any], list[str]]) -> list[str]:
    """The faults of one file, each with its path; a file that is no JSON is a fault too."""
    name = path.relative_to(folder).as_posix()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        return [f"{name}: no JSON: {error}"]
    return [f"{name}: {fault}" for fault in look(content)]


def _stray(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    files = (path for place in GENERATED for path in (folder / place).glob("*"))
    names = (path.relative_to(folder).as_posix() for path in files)
    return sorted(name for name in names if name not in wanted)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
