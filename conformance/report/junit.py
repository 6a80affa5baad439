"""The report as JUnit XML, which every CI system shows as tests."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

from conformance.records.replay_names import replay_folders
from conformance.records.results import BackendReport, Report, RequirementResult, Verdict
from conformance.records.verdicts import binds
from conformance.report.failure import result_text
from conformance.report.summary import declarations_text, described, run_facts, transitions_text
from conformance.run.terminal_text import visible

__all__ = ["junit_xml"]

# What XML 1.0 cannot hold in any form, apart from what `visible` has escaped already.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FAULT_CASE: Final = "the backend can be judged"


def junit_xml(report: Report, *, strict: bool = False) -> str:
    """Return one test suite for each backend with one test case for each requirement.

    A binding failure and a binding doubt are failures. What does not apply, what
    is known and what is only recommended is skipped with its reason; with
    ``strict``, what is recommended binds too. A backend that could not be judged
    is an error.
    """
    root = ElementTree.Element("testsuites", name="telltale-conformance")
    folders = replay_folders(report.backends)
    for backend, folder in zip(report.backends, folders, strict=True):
        root.append(_suite(report, backend, folder, strict))
    if report.baseline_problems:
        root.append(_baseline_suite(report))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(
    report: Report, backend: BackendReport, replay_folder: str, strict: bool
) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=_line(backend.name))
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in [*run_facts(report), *_backend_facts(backend)]:
        ElementTree.SubElement(properties, "property", name=name, value=_line(value))
    cases = [_case(backend, result, replay_folder, strict) for result in backend.results]
    if backend.fault is not None:
        cases.insert(0, _fault_case(backend))
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    for plural, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(plural, str(sum(case.find(tag) is not None for case in cases)))
    return suite


def _baseline_suite(report: Report) -> ElementTree.Element:
    """Return a suite of what does not fit between the run and its baseline, a failure each."""
    count = str(len(report.baseline_problems))
    figures = {"tests": count, "failures": count, "errors": "0", "skipped": "0"}
    suite = ElementTree.Element("testsuite", {"name": "baseline", **figures})
    for problem in report.baseline_problems:
        names = {"classname": _line(problem.backend), "name": _line(problem.identifier)}
        case = ElementTree.SubElement(suite, "testcase", names)
        ElementTree.SubElement(case, "failure", message=_line(problem.text), type="baseline")
    return suite


def _backend_facts(backend: BackendReport) -> list[tuple[str, str]]:
    facts = [
        ("backend version", backend.version),
        ("declares", declarations_text(backend)),
        ("durability class", backend.durability_class),
        ("crash classes exercised", ", ".join(backend.crash_classes)),
        ("transitions", transitions_text(backend)),
    ]
    return [(name, value) for name, value in facts if value]


def _case(
    backend: BackendReport, result: RequirementResult, replay_folder: str, strict: bool
) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=_line(backend.name), name=_line(result.requirement_id)
    )
    tag, message = _outcome(result, strict)
    if tag:
        told = ElementTree.SubElement(case, tag, message=_line(message))
        if tag == "failure":
            told.set("type", result.verdict.value)
        if result.counterexample is not None:
            told.text = _clean(result_text(result, replay_folder))
    return case


def _outcome(result: RequirementResult, strict: bool) -> tuple[str, str]:
    """Return the element that tells a verdict, empty for a pass, and its message."""
    judged = described(result.requirement_id)
    sentence = judged.sentence if judged is not None else result.requirement_id
    if result.verdict is Verdict.PASS:
        return "", ""
    if result.verdict is Verdict.NOT_APPLICABLE:
        return "skipped", f"not applicable: {result.reason}"
    if result.verdict is Verdict.EXPECTED_FAIL:
        return "skipped", f"known failure: {result.reason}"
    if result.verdict is Verdict.FAIL:
        message = f"{result.reason}: {sentence}" if result.reason else sentence
    else:
        message = f"open, {result.reason}: {sentence}"
    if binds(result, strict=strict):
        return "failure", message
    return "skipped", f"only recommended: {message}"


def _fault_case(backend: BackendReport) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=_line(backend.name), name=_FAULT_CASE)
    ElementTree.SubElement(case, "error", message=_line(backend.fault or ""), type="fault")
    return case


def _line(text: str) -> str:
    """Return a text of others in one line that XML can hold."""
    return _clean(visible(text))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)
