"""What may change in a published event version: it gains optional fields, and nothing else."""

import json
from typing import Any, Final

from contracts import codec
from contracts.codec import Message, UnknownVersionError, UnreadableError

# They say something about a field and do not change which values fit.
_REMARKS: Final = frozenset({"description", "title", "x-privacy", "x-coarse-kind"})
Json = dict[str, Any]


def changes(frozen: Json, current: Json) -> list[str]:
    """What the current JSON Schema of an event takes back of the frozen one; empty = compatible."""
    found = _record_changes("", frozen, current)
    for name, record in frozen.get("$defs", {}).items():
        now = current.get("$defs", {}).get(name)
        if now is None:
            found.append(f"{name}: this record was removed")
        else:
            found += _record_changes(f"{name}.", record, now)
    return found


def grown(frozen: Any, current: Any) -> Any:
    """The frozen schema with what the current one adds; nothing in it is changed or removed."""
    if isinstance(frozen, dict) and isinstance(current, dict):
        added = {key: value for key, value in current.items() if key not in frozen}
        kept = {k: grown(v, current[k]) if k in current else v for k, v in frozen.items()}
        return kept | added
    if isinstance(frozen, list) and isinstance(current, list):
        return [*frozen, *(item for item in current if item not in frozen)]
    return frozen


def message_of(example: Json) -> Message:
    """A golden example as the message of its topic; raises KeyError, AttributeError, TypeError."""
    headers = {name: text.encode() for name, text in example["headers"].items()}
    body = json.dumps(example["value"]).encode()
    return Message(example["topic"], example["key"], headers, body)


def example_of(message: Message) -> Json:
    """A message in the form in which golden examples are kept."""
    headers = {name: value.decode() for name, value in message.headers.items()}
    place = {"topic": message.topic, "key": message.key}
    return place | {"headers": headers, "value": json.loads(message.value)}


def example_faults(name: str, example: Json) -> list[str]:
    """Why a golden example of event type ``name`` no longer decodes and encodes to the same.

    A field that an old example lacks may appear with its default when it is encoded again.
    """
    try:
        message = message_of(example)
        again = example_of(codec.encode(codec.decode(message)))
    except UnknownVersionError as error:
        return [f"no code knows {error}"]
    except (UnreadableError, ValueError) as error:
        return [str(error)]
    except (KeyError, AttributeError, TypeError) as error:
        return [f"an example holds topic, key, headers and value: {error!r}"]
    if codec.address(message).type != name:
        return [f"this is a message of {codec.address(message).type}"]
    return _lost("", example, again)


def _record_changes(where: str, frozen: Json, current: Json) -> list[str]:
    before, after = frozen["properties"], current["properties"]
    found = [f"{where}{name}: removed" for name in before if name not in after]
    found += _requirement_changes(where, frozen, current)
    for name in before:
        if name in after:
            found += [
                f"{where}{name}: {what}" for what in _field_changes(before[name], after[name])
            ]
    return found


def _requirement_changes(where: str, frozen: Json, current: Json) -> list[str]:
    """A field stays required or optional for ever, and a new one is optional."""
    before, after = set(frozen["required"]), set(current["required"])
    kept = set(current["properties"])
    return [
        *(f"{where}{name}: required now" for name in sorted(after - before)),
        *(f"{where}{name}: no longer required" for name in sorted((before - after) & kept)),
    ]


def _field_changes(frozen: Json, current: Json) -> list[str]:
    if _form(frozen) != _form(current):
        return ["changed its type or default"]
    lost = [word for word in _words(frozen) if word not in _words(current)]
    return [f"lost {', '.join(map(str, lost))}"] if lost else []


def _form(field: Any) -> Any:
    """What a field looks like, its closed list of words apart."""
    if isinstance(field, dict):
        kept = {k: v for k, v in field.items() if k not in _REMARKS}
        return {k: "words" if k == "enum" else _form(v) for k, v in kept.items()}
    return [_form(part) for part in field] if isinstance(field, list) else field


def _words(field: Json) -> list[Any]:
    """The closed list of a field, or of the items of a list."""
    return list(field.get("enum", field.get("items", {}).get("enum", [])))


def _lost(where: str, kept: Any, again: Any) -> list[str]:
    """What an example holds that is gone or changed once it was decoded and encoded again."""
    if isinstance(kept, dict) and isinstance(again, dict):
        found = [f"{where}{name}: dropped" for name in kept if name not in again]
        for name in kept:
            if name in again:
                found += _lost(f"{where}{name}.", kept[name], again[name])
        return found
    if isinstance(kept, list) and isinstance(again, list) and len(kept) == len(again):
        pairs = zip(kept, again, strict=True)
        return [fault for i, (a, b) in enumerate(pairs) for fault in _lost(f"{where}{i}.", a, b)]
    return [] if kept == again else [f"{where.removesuffix('.')}: comes back changed"]
