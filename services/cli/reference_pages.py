"""The reference pages of docs/reference, made from the code: commands, routes and events."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from contracts.events import event_types
from contracts.topics import TOPICS, Topic

MADE: Final = "Made from the code by `handoff contracts pages`: change it there."
WIDTH: Final = 88
Json = Mapping[str, Any]


def pages(root: click.Command, schemas: Path) -> dict[str, str]:
    """Every page by its file's name; ``schemas`` = the folder of the generated documents."""
    return {
        "commands.md": _page("Commands", _commands(root)),
        "api.md": _page("Routes", _services(schemas / "openapi")),
        "events.md": _page("Events", _topics(schemas / "events")),
    }


def _page(title: str, lines: Iterator[str]) -> str:
    return "\n".join([f"# {title}", "", MADE, "", *lines]).rstrip() + "\n"


def _commands(root: click.Command) -> Iterator[str]:
    """What ``--help`` says of every command."""
    yield from ("`handoff COMMAND --help` says the same.", "")
    settings = {**root.context_settings, "terminal_width": WIDTH}
    for context in _walk(click.Context(root, info_name="handoff", **settings)):
        yield from (f"## {context.command_path}", "", "```")
        yield from (context.command.get_help(context), "```", "")


def _walk(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _walk(click.Context(inner, parent=context, info_name=name))


def _services(folder: Path) -> Iterator[str]:
    """Every route of every service, with the roles that may call it and whose data each sees."""
    for path in sorted(folder.glob("*.json")):
        yield from (f"## {path.stem}", "", "| Route | Who | What it does |", "|---|---|---|")
        for route, methods in _json(path)["paths"].items():
            for method, told in methods.items():
                if isinstance(told, dict) and "summary" in told:
                    yield f"| `{method.upper()} {route}` | {_who(told)} | {told['summary']} |"
        yield ""


def _who(route: Json) -> str:
    roles = route.get("x-roles")
    return ", ".join(f"{role} ({sees})" for role, sees in roles.items()) if roles else "anybody"


def _topics(folder: Path) -> Iterator[str]:
    """Every topic, and every event on it with its fields and their privacy classes."""
    for topic in TOPICS.values():
        yield from (f"## {topic.name}", "", _sentence(topic), "")
        for name in sorted(topic.events):
            yield from _event(_json(folder / f"{name}.json"), name)


def _sentence(topic: Topic) -> str:
    readers = ", ".join(sorted(topic.consumers))
    kept = "the newest of each key is kept for ever" if topic.compacted else "all are kept a while"
    return f"Written by {topic.producer}, read by {readers}; key: {topic.key}; {kept}."


def _event(schema: Json, name: str) -> Iterator[str]:
    yield from (f"### `{name}`", "", schema.get("description", event_types()[name].name), "")
    yield from ("| Field | Type | Privacy | |", "|---|---|---|---|")
    for field, told in schema["properties"].items():
        must = "" if field in schema["required"] else "optional"
        yield f"| `{field}` | {_type(told)} | {_privacy(told)} | {must} |"
    yield ""


def _type(told: Json) -> str:
    if "$ref" in told:
        return str(told["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in told:
        return " or ".join(_type(one) for one in told["anyOf"])
    if "items" in told:
        return f"list of {_type(told['items'])}"
    named = told.get("type", "any")
    plain = " or ".join(named) if isinstance(named, list) else str(named)
    return str(told.get("format", "word" if "enum" in told else plain))


def _privacy(told: Json) -> str:
    kind = told.get("x-coarse-kind")
    return f"coarse: {kind}" if kind else str(told.get("x-privacy", "by its fields"))


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
