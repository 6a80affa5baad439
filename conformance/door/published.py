"""What a harness writes, held to the schema that is published for its author.

The connection reads a message by the same tables that the schema is made from. This asks a library
instead, as an author in another language does, so that both ends have a second opinion.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from typing import Any

from conformance.door.protocol import OPERATIONS
from conformance.door.schema import protocol_schema

__all__ = ["can_validate", "schema_problems"]


def can_validate() -> bool:
    """Say whether the library that knows JSON Schema is installed."""
    return importlib.util.find_spec("jsonschema") is not None


def schema_problems(lines: Sequence[tuple[bool, bytes]]) -> list[str]:
    """Return what the published schema refuses of a conversation, in its order.

    ``lines`` are those of both ends, with true for the runner's. Only the harness's are judged,
    each as a message, and the value of each answer by the operation that was asked for.
    """
    messages = [(is_ours, json.loads(line)) for is_ours, line in lines]
    asked = {
        each["id"]: each["operation"] for is_ours, each in messages if is_ours and "id" in each
    }
    problems: list[str] = []
    for is_ours, message in messages:
        if is_ours:
            continue
        operation = asked.get(message.get("id"), "")
        problems += _refusals("harness_message", message, operation)
        if "ok" in message and operation in OPERATIONS:
            problems += _refusals(f"values/$defs/{operation}", message["ok"], operation)
        if "ok" in message and operation == "hello":
            problems += _refusals("handshake", message["ok"], operation)
    return problems


def _refusals(name: str, tree: Any, operation: str) -> list[str]:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = {**protocol_schema(), "$ref": f"#/$defs/{name}"}
    # A line is of one end or the other; which one is known here.
    del schema["anyOf"]
    error = best_match(Draft202012Validator(schema).iter_errors(tree))
    if error is None:
        return []
    place = "".join(f"[{each!r}]" for each in error.absolute_path) or "the whole"
    subject = f"answer to `{operation}`" if operation else "call"
    return [f"the published schema refuses its {subject} at {place}: {error.message}"]
