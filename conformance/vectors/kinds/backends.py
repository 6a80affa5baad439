"""Vectors of the two reference backends: calls in order, answers in order, bytes at the end."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from conformance.vectors.kinds.line import (
    JsonObject,
    Line,
    LineOutcome,
    LineShapeError,
    VectorKind,
    compare,
)
from conformance.vectors.kinds.value_source import ValueSource
from telltale_spec.backends.contract import AgreementWal, EvidenceOutcomeCache
from telltale_spec.backends.file import FileAgreementWal, FileEvidenceOutcomeCache
from telltale_spec.backends.memory import InMemoryAgreementWal, InMemoryEvidenceOutcomeCache
from telltale_spec.errors import DurabilityError
from telltale_spec.wire.agreement import AgreementWalEntry
from telltale_spec.wire.cache import EvidenceOutcomeCacheEntry

__all__ = ["CACHE", "WAL"]

_BACKENDS: Final = ("memory", "file")
_STEPS_MAX: Final = 7

Backend = TypeVar("Backend")
Calls = Mapping[str, Callable[[Backend, Any], Any]]


class _Run(Generic[Backend]):
    """One run of steps against a fresh backend, in memory or on a file of its own."""

    def __init__(
        self,
        in_memory: Callable[[], Backend],
        on_file: Callable[[Path], Backend],
        calls: Calls[Any],
    ) -> None:
        self._in_memory = in_memory
        self._on_file = on_file
        self._calls = calls

    def answer(self, backend_name: str, steps: list[Any]) -> JsonObject:
        """Return the results of all steps and the bytes of the file, if there is one."""
        with tempfile.TemporaryDirectory(prefix="telltale-vectors-") as folder:
            path = Path(folder) / "artifact.cbor"
            on_file = backend_name == "file"
            backend = self._on_file(path) if on_file else self._in_memory()
            results: list[JsonObject] = []
            for step in steps:
                if step == "reopen":
                    # A log in memory lives on in its copy; a file is opened anew.
                    backend = self._on_file(path) if on_file else copy.copy(backend)
                    results.append({"call": "reopen"})
                else:
                    results.append(self._result(backend, step))
            data = path.read_bytes().hex() if path.exists() else None
        return {"results": results, "file": data}

    def _result(self, backend: Backend, step: Any) -> JsonObject:
        name, argument = _name_and_argument(step)
        call = self._calls.get(name)
        if call is None:
            raise LineShapeError(f"step `{name}` is unknown")
        try:
            return {"call": name, "ok": call(backend, argument)}
        except DurabilityError as error:
            return {"call": name, "err": str(error)}


def _name_and_argument(step: Any) -> tuple[str, Any]:
    if isinstance(step, str):
        return step, None
    if isinstance(step, dict) and len(step) == 1:
        ((name, argument),) = step.items()
        return name, argument
    raise LineShapeError("a step is a text or an object with one field")


def _append(log: AgreementWal, argument: Any) -> None:
    log.append(AgreementWalEntry.from_dict(argument))


def _read_since(log: AgreementWal, argument: Any) -> Any:
    return [entry.to_dict() for entry in log.read_since(argument)]


def _load_log(log: AgreementWal, _: Any) -> Any:
    return [entry.to_dict() for entry in log.load().entries]


def _put(cache: EvidenceOutcomeCache, argument: Any) -> None:
    cache.put(EvidenceOutcomeCacheEntry.from_dict(argument))


def _get(cache: EvidenceOutcomeCache, argument: Any) -> Any:
    if not isinstance(argument, str):
        raise LineShapeError("step `get` needs a text")
    found = cache.get(argument)
    return None if found is None else found.to_dict()


def _load_cache(cache: EvidenceOutcomeCache, _: Any) -> Any:
    return [entry.to_dict() for entry in cache.load().entries]


_LOG_RUN: Final = _Run[AgreementWal](
    InMemoryAgreementWal,
    FileAgreementWal,
    {"append": _append, "read_since": _read_since, "load": _load_log},
)
_CACHE_RUN: Final = _Run[EvidenceOutcomeCache](
    InMemoryEvidenceOutcomeCache,
    FileEvidenceOutcomeCache,
    {"put": _put, "get": _get, "load": _load_cache},
)


def _check(run: _Run[Any], line: Line) -> LineOutcome:
    backend_name = line.text("backend")
    if backend_name not in _BACKENDS:
        raise LineShapeError(f"backend `{backend_name}` is neither memory nor file")
    expected = {"results": line.items("results"), "file": line.optional_text("file")}
    actual = run.answer(backend_name, line.items("steps"))
    difference = compare("results", expected["results"], actual["results"])
    return LineOutcome(difference or compare("file", expected["file"], actual["file"]))


def _make(run: _Run[Any], source: ValueSource, draw_step: Callable[[], Any]) -> JsonObject:
    backend_name = source.pick(_BACKENDS)
    steps = [draw_step() for _ in range(1 + source.below(_STEPS_MAX))]
    return {"backend": backend_name, "steps": steps, **run.answer(backend_name, steps)}


def _log_step(source: ValueSource) -> Any:
    if source.chance(55):
        return {"append": source.entry().to_dict()}
    if source.chance(40):
        return {"read_since": source.tick()}
    return source.pick(("load", "reopen"))


def _cache_step(source: ValueSource) -> Any:
    if source.chance(50):
        return {"put": source.cache_entry().to_dict()}
    if source.chance(50):
        return {"get": source.evidence_id()}
    return source.pick(("load", "reopen"))


WAL: Final = VectorKind(
    "wal",
    lambda line: _check(_LOG_RUN, line),
    lambda source: _make(_LOG_RUN, source, lambda: _log_step(source)),
)
CACHE: Final = VectorKind(
    "cache",
    lambda line: _check(_CACHE_RUN, line),
    lambda source: _make(_CACHE_RUN, source, lambda: _cache_step(source)),
)
