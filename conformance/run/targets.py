"""From a target's name, or a factory, to a backend that can be judged."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from conformance.backend import Backend, Capability
from conformance.engine.scratch import ScratchFolder
from conformance.engine.texts import exception_text, repeatable_text
from conformance.engine.watch import CallLimitExceeded, CallWatch
from conformance.errors import BackendFault, TargetError, UsageError
from conformance.life_cycle import History, closing_of, ending_of, history_of, opened
from conformance.requirements.mending import unknown_mending
from conformance.run.parts import (
    CACHE_METHODS,
    WAL_METHODS,
    has_methods,
    part_problem,
    pure_problem,
)
from conformance.run.user_code import user_line
from telltale_spec.model.machine import RejectionMode

__all__ = [
    "Declaration",
    "backend_of",
    "check_parts",
    "declaration",
    "declares",
    "find_target",
    "found_backend",
    "load_target",
    "redeclared",
]

FactoryType = TypeVar("FactoryType", bound=Callable[..., Any])

_DECLARATION_ATTRIBUTE: Final = "telltale_declaration"
_IS_BOTH: Final = (
    "it has the methods of an evidence cache too, and was judged as an agreement WAL alone: one "
    "`load` cannot give both, so let a factory of its own, or a Backend, give the cache"
)


@dataclass(frozen=True)
class Declaration:
    """What a backend promises beyond the plain contract."""

    capabilities: frozenset[Capability] = frozenset()
    rejection_mode: RejectionMode = RejectionMode.CLEAN_REJECT
    mends: frozenset[str] = frozenset()


def declaration(capabilities: Iterable[str], rejection_mode: str) -> Declaration:
    """Return a declaration from names, or raise :class:`UsageError`."""
    return Declaration(
        frozenset(_member(Capability, "capability", name) for name in capabilities),
        _member(RejectionMode, "rejection mode", rejection_mode),
    )


def declares(
    *capabilities: str, rejection_mode: str = "clean-reject", mends: Iterable[str] = ()
) -> Callable[[FactoryType], FactoryType]:
    """Declare what the backends of a factory promise.

    ``capabilities`` are the values of :class:`~conformance.backend.Capability`, as
    ``reopen`` or ``process-kill``; ``rejection_mode`` is ``clean-reject``, ``unknown-outcome`` or
    ``keeps-rejected`` (WAL-04); ``mends`` are findings, as ``F11``. A
    promise is checked, and one that is not kept is a failure. Raises :class:`UsageError` for any
    other name.
    """
    declared = replace(declaration(capabilities, rejection_mode), mends=mended(mends))

    def mark(factory: FactoryType) -> FactoryType:
        setattr(factory, _DECLARATION_ATTRIBUTE, declared)
        return factory

    return mark


def load_target(target: str, watch: CallWatch) -> Backend:
    """Import ``package.module:name`` and return the backend it stands for.

    Modules are looked for in the current directory too. Raises
    :class:`TargetError` for a target that is not there or has a wrong form and
    :class:`BackendFault` for a module that cannot be imported or a factory that
    does not give a backend.
    """
    return found_backend(find_target(target), target, watch)


def found_backend(found: Any, target: str, watch: CallWatch) -> Backend:
    """Return the backend that something with the name of a target stands for.

    Raises :class:`BackendFault` for one that cannot be called as what it is said to be, or that
    its factory does not give.
    """
    if not isinstance(found, Backend):
        return backend_of(found, target, watch)
    check_parts(found, watch)
    return found


def find_target(target: str) -> Any:
    """Import ``package.module:name`` and return what has that name; see :func:`load_target`."""
    module_name, _, attribute_path = target.partition(":")
    if not all(part.isidentifier() for part in f"{module_name}.{attribute_path}".split(".")):
        raise TargetError(target, "expected package.module:factory")
    found = _imported(target, module_name)
    for name in attribute_path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise TargetError(target, f"`{module_name}` has no `{attribute_path}`") from None
    if not callable(found) and not isinstance(found, Backend):
        raise TargetError(target, f"is a {type(found).__name__}, neither a Backend nor callable")
    return _living(found) if isinstance(found, Backend) else found


def redeclared(
    backend: Backend,
    capabilities: Iterable[str] | None,
    rejection_mode: str | None,
    mends: Iterable[str] | None = None,
) -> Backend:
    """Return a backend with these promises in place of its own, where they are given."""
    if capabilities is not None:
        promised = declaration(capabilities, RejectionMode.CLEAN_REJECT.value).capabilities
        backend = replace(backend, capabilities=promised)
    if rejection_mode is not None:
        mode = declaration((), rejection_mode).rejection_mode
        backend = replace(backend, rejection_mode=mode)
    if mends is not None:
        backend = replace(backend, mends=mended(mends))
    return backend


def mended(finding_ids: Iterable[str]) -> frozenset[str]:
    """Return the findings that are declared as mended, or raise :class:`UsageError`."""
    named = frozenset(finding_ids)
    problem = unknown_mending(named)
    if problem is not None:
        raise UsageError(problem)
    return named


def backend_of(
    factory: Callable[..., Any],
    name: str,
    watch: CallWatch,
    declared: Declaration | None = None,
) -> Backend:
    """Return the backend of a factory, which is called once to see what it makes.

    The factory takes no argument, or one: a directory for the backend's
    storage, or a :class:`conformance.History` where the parameter is named ``history``
    or annotated so. It makes a log, a cache, or a whole :class:`Backend`. Raises
    :class:`TargetError` and :class:`BackendFault` as :func:`load_target` does.
    """
    make = _directory_factory(factory, name)
    promised = declared or getattr(factory, _DECLARATION_ATTRIBUTE, None)
    made = _made_once(make, name, watch)
    backend = _living(made) if isinstance(made, Backend) else Backend(name)
    if isinstance(promised, Declaration):
        backend = replace(
            backend,
            capabilities=promised.capabilities,
            rejection_mode=promised.rejection_mode,
            mends=promised.mends,
        )
    if isinstance(made, Backend):
        check_parts(backend, watch)
        return backend
    for names in (WAL_METHODS, CACHE_METHODS):
        if has_methods(made, names):
            _check_part(name, made, "what the factory returned", names)
    if has_methods(made, WAL_METHODS):
        notes = (_IS_BOTH,) if has_methods(made, CACHE_METHODS) else ()
        return replace(backend, agreement_wal=make, notes=(*backend.notes, *notes))
    if has_methods(made, CACHE_METHODS):
        return replace(backend, evidence_cache=make)
    missing = ", ".join(each for each in WAL_METHODS if not has_methods(made, (each,)))
    raise BackendFault(
        name,
        f"the factory returned a {type(made).__name__}, which is neither an agreement WAL "
        f"(missing: {missing}) nor an evidence cache nor a Backend",
    )


def check_parts(backend: Backend, watch: CallWatch) -> None:
    """Make each storage of a backend once, and look whether its parts can be called at all.

    What opening raises is judged, and not looked at here. Raises :class:`BackendFault`.
    """
    problem = pure_problem(backend)
    if problem:
        raise BackendFault(backend.name, problem)
    storages = (
        ("the agreement WAL", backend.agreement_wal, WAL_METHODS),
        ("the evidence cache", backend.evidence_cache, CACHE_METHODS),
    )
    for what, make, names in storages:
        if make is None:
            continue
        try:
            made = _made_once(make, backend.name, watch)
        except BackendFault:
            continue
        _check_part(backend.name, made, what, names)


def _check_part(name: str, made: Any, what: str, names: Sequence[str]) -> None:
    problem = part_problem(made, what, names)
    if problem:
        raise BackendFault(name, problem)


def _imported(target: str, module_name: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    # A new module may not be seen yet by a process that looked at its folder before.
    importlib.invalidate_caches()
    try:
        return importlib.import_module(module_name)
    except KeyboardInterrupt:
        raise
    except ModuleNotFoundError as error:
        if f"{module_name}.".startswith(f"{error.name}."):
            hint = "; leave out the .py" if module_name.endswith(".py") else ""
            raise TargetError(target, f"there is no module `{error.name}`{hint}") from error
        raise _import_fault(target, module_name, error) from error
    except BaseException as error:
        raise _import_fault(target, module_name, error) from error


def _import_fault(target: str, module_name: str, error: BaseException) -> BackendFault:
    return BackendFault(target, f"importing `{module_name}` raised {exception_text(error)}")


def _directory_factory(factory: Callable[..., Any], name: str) -> Callable[[Path], Any]:
    try:
        parameters = [*inspect.signature(factory).parameters.values()]
    except (TypeError, ValueError) as error:
        raise TargetError(name, f"its parameters cannot be seen: {error}") from error
    required = [
        parameter
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    # One with a default is a setting of the factory's own, unless its name says that it is ours.
    required = required or [each for each in parameters[:1] if _is_meant_for_us(each)]
    if not required:
        return lambda directory: opened(directory, factory())
    if len(required) == 1 and required[0].kind is not required[0].KEYWORD_ONLY:
        if _wants_history(required[0]):
            return lambda directory: opened(directory, factory(history_of(directory)))
        return lambda directory: opened(directory, factory(directory))
    names = ", ".join(parameter.name for parameter in required)
    raise TargetError(name, f"needs the arguments {names}; expected none, or one for a directory")


def _is_meant_for_us(parameter: inspect.Parameter) -> bool:
    return parameter.name == "directory" or _wants_history(parameter)


def _living(backend: Backend) -> Backend:
    """Return a backend whose logs and caches have the life cycle of those of a factory."""
    if backend.agreement_wal is not None:
        backend = replace(backend, agreement_wal=_storage_factory(backend.agreement_wal))
    if backend.evidence_cache is not None:
        backend = replace(backend, evidence_cache=_storage_factory(backend.evidence_cache))
    return backend


def _storage_factory(make: Callable[..., Any]) -> Callable[[Path], Any]:
    try:
        parameters = list(inspect.signature(make).parameters.values())
    except (TypeError, ValueError):
        # Its parameters cannot be seen, so it gets what every factory got from the start.
        parameters = []
    wants_history = bool(parameters) and _wants_history(parameters[0])
    return lambda directory: opened(
        directory, make(history_of(directory) if wants_history else directory)
    )


def _wants_history(parameter: inspect.Parameter) -> bool:
    annotation = parameter.annotation
    return (
        parameter.name == "history"
        or annotation is History
        or annotation in ("History", "conformance.History")
    )


def _made_once(make: Callable[[Path], Any], name: str, watch: CallWatch) -> Any:
    """Return what a factory makes, closed again, from a directory that is gone."""
    with ScratchFolder() as folder:
        path = folder.path / "once"
        path.mkdir(mode=0o700)
        made = _tried(lambda: make(path), "the factory", name, watch, path)
        close = closing_of(made)
        if close is not None:
            _tried(close, f"closing a new {type(made).__name__}", name, watch, path)
        for step_text, step in ending_of(path):
            _tried(step, step_text, name, watch, path)
        return made


def _tried(
    function: Callable[[], Any], what: str, name: str, watch: CallWatch, directory: Path
) -> Any:
    try:
        return watch.limit(function)
    except CallLimitExceeded:
        text = f"{what} did not end within {watch.limit_seconds:g} seconds"
        raise BackendFault(name, text) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raised = (
            f"{what} raised {exception_text(error)}{user_line(error, hints=what == 'the factory')}"
        )
        text = repeatable_text(raised, [directory])
        raise BackendFault(name, text) from error


MemberType = TypeVar("MemberType", Capability, RejectionMode)


def _member(kind: type[MemberType], noun: str, name: str) -> MemberType:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise UsageError(f"{noun} `{name}`: expected one of {known}") from None
