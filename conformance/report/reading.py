"""From the text of a saved report back to the report, or to an error that says what is wrong."""

from __future__ import annotations

import dataclasses
import enum
import json
import types
import typing
from importlib import resources
from pathlib import Path
from typing import Any, Final

from conformance.errors import ReportError
from conformance.records.results import REPORT_FORMAT, Report
from conformance.requirements import Level

__all__ = ["read_report", "report_from_text", "schema_text"]

_FAMILY: Final = REPORT_FORMAT.rpartition(".")[0]
_SHOWN_LENGTH_MAX: Final = 60
# What a person calls the values of JSON.
_NOUNS: Final = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def schema_text(form: str = REPORT_FORMAT) -> str:
    """Return the JSON Schema of a form of file, as it is published: that of the report."""
    name = form.partition(".")[2]
    package = resources.files("conformance")
    return (package / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


def read_report(path: Path) -> Report:
    """Return the report of a file; see :func:`report_from_text`."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReportError(str(path), error.strerror or type(error).__name__) from error
    except UnicodeDecodeError as error:
        raise ReportError(str(path), f"not UTF-8 text: byte {error.start} is wrong") from error
    return report_from_text(text, str(path))


def report_from_text(text: str, source: str = "report") -> Report:
    """Return the report that a text holds.

    Fields that a later version has added are passed over, and fields that an
    earlier one did not have get their defaults. Raises :class:`ReportError` for
    anything that is no report of this format, naming ``source`` and the place.
    """
    try:
        tree = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ReportError(source, f"not JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise ReportError(source, "not a report: its values are nested too deep") from error
    except ValueError as error:
        # Besides our own refusal: Python refuses integers of thousands of digits.
        raise ReportError(source, f"not a report: {error}") from error
    _check_format(tree, source)
    _check(Report, tree, "report", source)
    report = Report.from_dict(tree)
    _check_levels(report, source)
    try:
        # What any renderer does; only data of a hostile depth fails it.
        report.to_text()
    except RecursionError as error:
        raise ReportError(source, "not a report: its values are nested too deep") from error
    return report


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")


def _check_format(tree: Any, source: str) -> None:
    if not isinstance(tree, dict) or not isinstance(tree.get("format"), str):
        reason = f"not a report of `check --json`: expected an object with format {REPORT_FORMAT}"
        raise ReportError(source, reason)
    found = tree["format"]
    if found == REPORT_FORMAT:
        return
    if found.rpartition(".")[0] == _FAMILY:
        reason = f"format {_shown(found)} is of another version; this program reads {REPORT_FORMAT}"
        raise ReportError(source, reason)
    raise ReportError(source, f"format {_shown(found)} is no report; expected `{REPORT_FORMAT}`")


def _check(kind: Any, value: Any, place: str, source: str) -> None:
    """Raise unless a value of JSON has the form of a type of the report."""
    if kind is Any:
        return
    origin = typing.get_origin(kind)
    if origin is types.UnionType:
        if value is not None:
            (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
            _check(kind, value, place, source)
    elif origin is list:
        _check_type(list, value, place, source)
        (of,) = typing.get_args(kind)
        for position, each in enumerate(value):
            _check(of, each, f"{place}[{position}]", source)
    elif dataclasses.is_dataclass(kind):
        _check_fields(kind, value, place, source)
    elif issubclass(kind, enum.Enum):
        known = [member.value for member in kind]
        if value not in known:
            reason = f"expected one of {', '.join(known)}, got {_shown(value)}"
            raise ReportError(source, reason, place)
    else:
        _check_type(kind, value, place, source)


def _check_fields(kind: Any, value: Any, place: str, source: str) -> None:
    _check_type(dict, value, place, source)
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if field.name in value:
            _check(hints[field.name], value[field.name], f"{place}.{field.name}", source)
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ReportError(source, f"the field `{field.name}` is missing", place)


def _check_levels(report: Report, source: str) -> None:
    """Raise for a level that binds nobody, which would turn a failure into advice."""
    known = [level.value for level in Level]
    for place, backend in enumerate(report.backends):
        for position, result in enumerate(backend.results):
            if result.level not in known:
                where = f"report.backends[{place}].results[{position}].level"
                reason = f"expected one of {', '.join(known)}, got {_shown(result.level)}"
                raise ReportError(source, reason, where)


def _check_type(kind: type, value: Any, place: str, source: str) -> None:
    # A whole number is a number too, but true is no number.
    accepted = (int, float) if kind is float else kind
    if isinstance(value, accepted) and (kind is bool or not isinstance(value, bool)):
        return
    raise ReportError(source, f"expected {_NOUNS[kind]}, got {_shown(value)}", place)


def _shown(value: Any) -> str:
    if isinstance(value, (list, dict)):
        return _NOUNS[type(value)]
    text = json.dumps(value)
    if len(text) > _SHOWN_LENGTH_MAX:
        text = f"{text[:_SHOWN_LENGTH_MAX]}..."
    return f"`{text}`"
