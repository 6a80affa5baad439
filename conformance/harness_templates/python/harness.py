"""A harness: it puts your backend at the service of `telltale-conformance`.

    telltale-conformance smoke --command "python3 harness.py"
    telltale-conformance check --command "python3 harness.py"

Fill in PROMISES and the functions below. What is left as it is answers "unsupported", and its
requirements are not judged. Values are dicts, lists, texts and integers in the specification's
JSON form. Return what the docstring says; raise `Refused("why")` for the declared error of the
contract; any other exception is reported as a fault.
"""

from __future__ import annotations

from typing import Any

from protocol import Operation, Runner, Unsupported  # and Refused, as soon as something is refused

# What is promised here is checked; what is not promised is not demanded.
PROMISES: dict[str, Any] = {
    "name": "my-backend",
    "version": "0.1.0",
    # reopen, ordered-cache, exact-messages, concurrent-handles, process-kill, power-loss,
    # fault-tolerance, bit-rot, threads, server-kill
    "capabilities": [],
    # What a refused append leaves: clean-reject, unknown-outcome, keeps-rejected.
    "rejection_mode": "clean-reject",
    # What it survives: volatile, restart (needs reopen), process (process-kill), power.
    "durability_class": "volatile",
    # Whether a second request is served while a first one runs.
    "concurrent_calls": False,
}

runner = Runner()

# The log. `number` names it from `wal_open` to `wal_close`; keep your logs in a dict.


def wal_open(number: int, directory: str) -> None:
    """Open the log kept in `directory`, which is empty at first; the second time, reopen it."""
    raise Unsupported


def wal_append(number: int, entry: dict[str, Any]) -> None:
    """Store `entry` at the end, or raise `Refused` if the order of escalations forbids it."""
    raise Unsupported


def wal_read_since(number: int, tick: int) -> list[dict[str, Any]]:
    """Return the entries with a tick above `tick`, in stored order."""
    raise Unsupported


def wal_load(number: int) -> dict[str, Any]:
    """Return the whole log: `{"entries": [...]}`."""
    raise Unsupported


def wal_close(number: int) -> None:
    """Close the log; what it acknowledged stays if `reopen` is promised."""
    raise Unsupported


# The cache of evidence outcomes, in the same way.


def cache_open(number: int, directory: str) -> None:
    """Open the cache kept in `directory`, which is empty at first; the second time, reopen it."""
    raise Unsupported


def cache_get(number: int, evidence_id: str) -> dict[str, Any] | None:
    """Return the entry of exactly this id, or `None`."""
    raise Unsupported


def cache_put(number: int, entry: dict[str, Any]) -> None:
    """Store `entry` in place of any other with its `evidence_id`."""
    raise Unsupported


def cache_load(number: int) -> dict[str, Any]:
    """Return the whole cache: `{"entries": [...]}`."""
    raise Unsupported


def cache_close(number: int) -> None:
    """Close the cache."""
    raise Unsupported


# The two handlers. `inner`, `wal`, `cache` and `resolver` are the runner's objects, by number:
#     runner.call("wal.load", object=wal)["entries"]
#     runner.call("wal.append", object=wal, entry=entry)   # raises Refused
#     runner.call("handler.handle_effect", object=inner, request=request)
#     runner.call("resolver.evidence_id", object=resolver, request=request)


def wal_handler_make(number: int, inner: int, wal: int, mode: dict[str, Any]) -> None:
    """Make a WAL handler; `mode` is `{"mode": "immediate"}`, `blocked` or `failure` + message."""
    raise Unsupported


def evidence_handler_make(
    number: int, inner: int, cache: int, resolver: int, resolver_form: str
) -> None:
    """Make an evidence handler; `resolver_form` is `object` or `callable`."""
    raise Unsupported


def handler_drop(numbers: list[int]) -> None:
    """Forget these handlers."""
    raise Unsupported


def handler_identity(number: int) -> str:
    """Return `agreement_wal<inner>` or `evidence_persistence<inner>`."""
    raise Unsupported


def handle_effect(number: int, request: dict[str, Any]) -> dict[str, Any]:
    """Carry out a request; return `{"status": {"status": "success"}, "response": {...}}`."""
    raise Unsupported


# A result below is `{"status": "success", "value": VALUE}`, `{"status": "blocked"}` or
# `{"status": "failure", "failure": {"kind": "unavailable", "message": "why"}}`.


def handle_send(number: int, role: str, partner: str, label: str, state: list[Any]) -> Any:
    """Return the result of a value, the payload of a message."""
    raise Unsupported


def send_decision(number: int, decision_input: dict[str, Any]) -> Any:
    """Return the result of a send decision; the input has sid, role, partner, label and more."""
    raise Unsupported


def handle_recv(
    number: int, role: str, partner: str, label: str, state: list[Any], payload: Any
) -> Any:
    """Take in a value; return `{"result": RESULT, "state": [...]}` with the state after it."""
    raise Unsupported


def handle_choose(number: int, role: str, partner: str, labels: list[str], state: list[Any]) -> Any:
    """Return the result of a text, one of `labels`."""
    raise Unsupported


def step(number: int, role: str, state: list[Any]) -> Any:
    """Run one step; return `{"result": RESULT, "state": [...]}` with the state after it."""
    raise Unsupported


def handle_acquire(number: int, sid: int, role: str, layer: str, state: list[Any]) -> Any:
    """Return the result of a value, the evidence of the guard layer."""
    raise Unsupported


def handle_release(
    number: int, sid: int, role: str, layer: str, evidence: Any, state: list[Any]
) -> Any:
    """Return a result with value `None`."""
    raise Unsupported


def supports_wal_sync(number: int) -> bool:
    """Say whether the handler serves `wal_sync`."""
    raise Unsupported


def wal_sync(number: int, sync: dict[str, Any]) -> Any:
    """Append what the request adds to the log; return a result with value `None`."""
    raise Unsupported


def topology_events(number: int, tick: int) -> Any:
    """Return the result of a list of perturbations."""
    raise Unsupported


def output_condition_hint(number: int, sid: int, role: str, state: list[Any]) -> Any:
    """Return a hint, or `None`."""
    raise Unsupported


def wal_snapshot(number: int) -> dict[str, Any]:
    """Return the log of a WAL handler: `{"entries": [...]}`."""
    raise Unsupported


def cached_outcome(number: int, evidence_id: str) -> dict[str, Any] | None:
    """Return the outcome that an evidence handler has stored, or `None`."""
    raise Unsupported


def cache_snapshot(number: int) -> dict[str, Any]:
    """Return the cache of an evidence handler: `{"entries": [...]}`."""
    raise Unsupported


# Functions.


def recovery_plan(checkpoint_tick: int, wal: Any, cache: Any) -> dict[str, Any]:
    """Return the plan: `metadata`, `wal_suffix`, `evidence_cache` and `decisions`."""
    raise Unsupported


def artifact_encode(artifact: dict[str, Any]) -> str:
    """Return the canonical CBOR bytes in lowercase hexadecimal: `data.hex()`."""
    raise Unsupported


def artifact_decode(data: str) -> dict[str, Any]:
    """Return the artifact of hexadecimal `data`, see `bytes.fromhex`, or raise `Refused`."""
    raise Unsupported


def entry_identity(entry: dict[str, Any]) -> str:
    """Return the stable identity of a log entry."""
    raise Unsupported


# Every operation: the function that serves it, and its arguments in the function's order.
OPERATIONS: dict[str, Operation] = {
    "wal.open": (wal_open, ("object", "directory")),
    "wal.append": (wal_append, ("object", "entry")),
    "wal.read_since": (wal_read_since, ("object", "tick")),
    "wal.load": (wal_load, ("object",)),
    "wal.close": (wal_close, ("object",)),
    "cache.open": (cache_open, ("object", "directory")),
    "cache.get": (cache_get, ("object", "evidence_id")),
    "cache.put": (cache_put, ("object", "entry")),
    "cache.load": (cache_load, ("object",)),
    "cache.close": (cache_close, ("object",)),
    "wal_handler.make": (wal_handler_make, ("object", "inner", "wal", "mode")),
    "evidence_handler.make": (
        evidence_handler_make,
        ("object", "inner", "cache", "resolver", "resolver_form"),
    ),
    "handler.drop": (handler_drop, ("objects",)),
    "handler.handler_identity": (handler_identity, ("object",)),
    "handler.handle_effect": (handle_effect, ("object", "request")),
    "handler.handle_send": (handle_send, ("object", "role", "partner", "label", "state")),
    "handler.send_decision": (send_decision, ("object", "input")),
    "handler.handle_recv": (
        handle_recv,
        ("object", "role", "partner", "label", "state", "payload"),
    ),
    "handler.handle_choose": (handle_choose, ("object", "role", "partner", "labels", "state")),
    "handler.step": (step, ("object", "role", "state")),
    "handler.handle_acquire": (handle_acquire, ("object", "sid", "role", "layer", "state")),
    "handler.handle_release": (
        handle_release,
        ("object", "sid", "role", "layer", "evidence", "state"),
    ),
    "handler.supports_wal_sync": (supports_wal_sync, ("object",)),
    "handler.wal_sync": (wal_sync, ("object", "sync")),
    "handler.topology_events": (topology_events, ("object", "tick")),
    "handler.output_condition_hint": (output_condition_hint, ("object", "sid", "role", "state")),
    "handler.wal_snapshot": (wal_snapshot, ("object",)),
    "handler.cached_outcome": (cached_outcome, ("object", "evidence_id")),
    "handler.cache_snapshot": (cache_snapshot, ("object",)),
    "recovery.plan": (recovery_plan, ("checkpoint_tick", "wal", "cache")),
    "artifact.encode": (artifact_encode, ("artifact",)),
    "artifact.decode": (artifact_decode, ("bytes",)),
    "entry.identity": (entry_identity, ("entry",)),
}

if __name__ == "__main__":
    runner.serve(PROMISES, OPERATIONS)
