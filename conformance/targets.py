"""From a target's name, or a factory, to a backend that can be judged."""

from __future__ import annotations

import importlib
import inspect
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from conformance.backend import Backend, Capability
from conformance.errors import BackendFault, TargetError, UsageError
from conformance.watch import CallLimitExceeded, CallWatch
from telltale_spec.model.machine import RejectionMode

__all__ = ["Declaration", "backend_of", "declaration", "declares", "load_target"]

FactoryType = TypeVar("FactoryType", bound=Callable[..., Any])

_DECLARATION_ATTRIBUTE: Final = "telltale_declaration"
_WAL_METHODS: Final = ("append", "read_since", "load")
_CACHE_METHODS: Final = ("get", "put", "load")


@dataclass(frozen=True)
class Declaration:
    """What a backend promises beyond the plain contract."""

    capabilities: frozenset[Capability] = frozenset()
    rejection_mode: RejectionMode = RejectionMode.CLEAN_REJECT


def declaration(capabilities: Iterable[str], rejection_mode: str) -> Declaration:
    """Return a declaration from names, or raise :class:`UsageError`."""
    return Declaration(
        frozenset(_member(Capability, "capability", name) for name in capabilities),
        _member(RejectionMode, "rejection mode", rejection_mode),
    )


def declares(
    *capabilities: str, rejection_mode: str = "clean-reject"
) -> Callable[[FactoryType], FactoryType]:
    """Declare what the backends of a factory promise.

    ``capabilities`` are ``reopen``, ``ordered-cache`` and ``exact-messages``;
    ``rejection_mode`` is ``clean-reject``, ``unknown-outcome`` or
    ``keeps-rejected`` (WAL-04). A promise is checked, and one that is not kept
    is a failure. Raises :class:`UsageError` for any other name.
    """
    declared = declaration(capabilities, rejection_mode)

    def mark(factory: FactoryType) -> FactoryType:
        setattr(factory, _DECLARATION_ATTRIBUTE, declared)
        return factory

    return mark


def load_target(target: str, watch: CallWatch, declared: Declaration | None = None) -> Backend:
    """Import ``package.module:name`` and return the backend it stands for.

    Modules are looked for in the current directory too. Raises
    :class:`TargetError` for a target that is not there or has a wrong form and
    :class:`BackendFault` for a factory that does not give a backend.
    """
    found = _imported(target)
    if isinstance(found, Backend):
        return found
    if not callable(found):
        raise TargetError(target, f"is a {type(found).__name__}, neither a Backend nor callable")
    return backend_of(found, target, watch, declared)


def backend_of(
    factory: Callable[..., Any],
    name: str,
    watch: CallWatch,
    declared: Declaration | None = None,
) -> Backend:
    """Return the backend of a factory, which is called once to see what it makes.

    The factory takes no argument, or one: a directory for the backend's
    storage. It makes a log, a cache, or a whole :class:`Backend`. Raises
    :class:`TargetError` and :class:`BackendFault` as :func:`load_target` does.
    """
    make = _directory_factory(factory, name)
    promised = declared
    if promised is None:
        promised = getattr(factory, _DECLARATION_ATTRIBUTE, Declaration())
    with tempfile.TemporaryDirectory(prefix="telltale-conformance-") as directory:
        made = _made_once(make, Path(directory), name, watch)
        close = getattr(made, "close", None)
        if callable(close):
            close()
    if isinstance(made, Backend):
        return made
    backend = Backend(
        name, capabilities=promised.capabilities, rejection_mode=promised.rejection_mode
    )
    if _has_methods(made, _WAL_METHODS):
        return replace(backend, agreement_wal=make)
    if _has_methods(made, _CACHE_METHODS):
        return replace(backend, evidence_cache=make)
    missing = ", ".join(each for each in _WAL_METHODS if not _has_methods(made, (each,)))
    raise BackendFault(
        name,
        f"the factory returned a {type(made).__name__}, which is neither an agreement WAL "
        f"(missing: {missing}) nor an evidence cache nor a Backend",
    )


def _imported(target: str) -> Any:
    module_name, separator, attribute_path = target.partition(":")
    if not separator or not module_name or not attribute_path:
        raise TargetError(target, "expected package.module:factory")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise TargetError(target, f"there is no module `{error.name}`") from error
    except Exception as error:
        reason = f"importing `{module_name}` raised {type(error).__name__}: {error}"
        raise TargetError(target, reason) from error
    for name in attribute_path.split("."):
        if not hasattr(found, name):
            raise TargetError(target, f"`{module_name}` has no `{attribute_path}`")
        found = getattr(found, name)
    return found


def _directory_factory(factory: Callable[..., Any], name: str) -> Callable[[Path], Any]:
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError) as error:
        raise TargetError(name, f"its parameters cannot be seen: {error}") from error
    required = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if not required:
        return lambda directory: factory()
    if len(required) == 1:
        return factory
    names = ", ".join(parameter.name for parameter in required)
    raise TargetError(name, f"takes {len(required)} arguments ({names}), expected none or one")


def _made_once(make: Callable[[Path], Any], directory: Path, name: str, watch: CallWatch) -> Any:
    watch.begin()
    try:
        return make(directory)
    except CallLimitExceeded:
        raise BackendFault(
            name, f"the factory did not return within {watch.limit_seconds:g} seconds"
        ) from None
    except Exception as error:
        raise BackendFault(name, f"the factory raised {type(error).__name__}: {error}") from error
    finally:
        watch.end()


def _has_methods(made: Any, names: tuple[str, ...]) -> bool:
    return all(callable(getattr(made, name, None)) for name in names)


MemberType = TypeVar("MemberType", Capability, RejectionMode)


def _member(kind: type[MemberType], noun: str, name: str) -> MemberType:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise UsageError(f"{noun} `{name}`: expected one of {known}") from None
