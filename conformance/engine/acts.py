"""Acts: what was done in a history, resolved and as data, so that it can be done again.

An act is a name with arguments. It holds no pick that depends on what is
stored and no seed. Recording one keeps its arguments as they are; the JSON
form is made only where a counterexample is.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, Final, ParamSpec, Protocol, TypeVar

from conformance.errors import ActError
from conformance.records.forms import decoded, encoded
from telltale_spec.errors import DomainError

__all__ = ["Act", "ActForm", "FollowedHistory", "Recorder", "act", "act_forms", "decoded_act"]

Parameters = ParamSpec("Parameters")
ReturnType = TypeVar("ReturnType")

_FORM_ATTRIBUTE: Final = "telltale_act_form"
_NAME_KEY: Final = "act"


@dataclass(frozen=True, eq=False)
class ActForm:
    """One kind of act: its name, and the function whose parameters are its arguments.

    The first parameter of the function is what the act is done to.
    """

    name: str
    function: Callable[..., Any]

    @functools.cached_property
    def _parameters(self) -> Mapping[str, tuple[Any, Any]]:
        """The type and the default of each argument."""
        hints = typing.get_type_hints(self.function)
        _, *parameters = inspect.signature(self.function).parameters.values()
        return {each.name: (hints[each.name], each.default) for each in parameters}

    @property
    def needed(self) -> Mapping[str, Any]:
        """The types of the arguments that have to be given, by their names."""
        return {
            name: hint
            for name, (hint, default) in self._parameters.items()
            if default is inspect.Parameter.empty
        }

    def bound(self, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments by their names."""
        by_name = dict(zip(self._parameters, arguments, strict=False))
        return {**by_name, **named}

    def acted(self, **named: Any) -> Act:
        """Return an act of this form."""
        return Act(self, (), named)

    def to_data(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the JSON form of an act; an argument that is nothing by default is left out."""
        data: dict[str, Any] = {_NAME_KEY: self.name}
        for name, value in arguments.items():
            hint, default = self._parameters[name]
            if value is not None or default is not None:
                data[name] = encoded(hint, value)
        return data

    def from_data(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a JSON form, or raise :class:`ActError`."""
        unknown = [name for name in data if name != _NAME_KEY and name not in self._parameters]
        if unknown:
            raise ActError(f"act `{self.name}`: it has no argument `{unknown[0]}`")
        arguments = {}
        for name, (hint, default) in self._parameters.items():
            if name in data:
                arguments[name] = self._argument(name, hint, data[name])
            elif default is inspect.Parameter.empty:
                raise ActError(f"act `{self.name}`: its argument `{name}` is missing")
        return arguments

    def _argument(self, name: str, hint: Any, tree: Any) -> Any:
        try:
            return decoded(hint, tree, name)
        except (DomainError, TypeError, KeyError, AttributeError) as error:
            # Trees of a wrong kind can also break a record's own reader.
            raise ActError(f"act `{self.name}`, argument `{name}`: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class Act:
    """One act that was done, with its arguments as they were given."""

    form: ActForm
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def to_data(self) -> dict[str, Any]:
        """Return the JSON form."""
        return self.form.to_data(self.form.bound(self.arguments, self.named))


class FollowedHistory(Protocol):
    """One history, as somebody sees it who looks on and never judges."""

    def acted(self, subject: Any, act: Act) -> None:
        """Note an act that was carried out to its end; ``subject`` is whose method it is."""


class Recorder(Protocol):
    """What acts are recorded in."""

    acts: list[Act]
    acting: bool
    followed: FollowedHistory | None


class _Actor(Protocol):
    @property
    def history(self) -> Recorder: ...


ActorType = TypeVar("ActorType", bound=_Actor)


def act(
    name: str,
) -> Callable[
    [Callable[Concatenate[ActorType, Parameters], ReturnType]],
    Callable[Concatenate[ActorType, Parameters], ReturnType],
]:
    """Make a method of a machine an act of this name.

    The outermost act is recorded before it is done; what it is made of is not.
    """

    def mark(
        method: Callable[Concatenate[ActorType, Parameters], ReturnType],
    ) -> Callable[Concatenate[ActorType, Parameters], ReturnType]:
        form = ActForm(name, method)

        @functools.wraps(method)
        def recorded(
            self: ActorType, /, *arguments: Parameters.args, **named: Parameters.kwargs
        ) -> ReturnType:
            history = self.history
            if history.acting:
                return method(self, *arguments, **named)
            done = Act(form, arguments, named)
            history.acts.append(done)
            history.acting = True
            try:
                result = method(self, *arguments, **named)
            finally:
                history.acting = False
            if history.followed is not None:
                history.followed.acted(self, done)
            return result

        setattr(recorded, _FORM_ATTRIBUTE, form)
        return recorded

    return mark


@functools.cache
def act_forms(machine: type[Any]) -> Mapping[str, ActForm]:
    """Return the acts of a machine by their names."""
    members = [getattr(machine, name) for name in dir(machine)]
    forms = [getattr(each, _FORM_ATTRIBUTE) for each in members if hasattr(each, _FORM_ATTRIBUTE)]
    return {form.name: form for form in forms}


def decoded_act(forms: Mapping[str, ActForm], data: Any) -> Act:
    """Return the act of a JSON form, or raise :class:`ActError` for one that is unknown."""
    name = data.get(_NAME_KEY) if isinstance(data, dict) else None
    form = forms.get(name) if isinstance(name, str) else None
    if form is None:
        raise ActError(f"act `{name}`: expected one of {', '.join(sorted(forms))}")
    return Act(form, (), form.from_data(data))
