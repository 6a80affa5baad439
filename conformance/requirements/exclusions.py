"""Which requirements no run puts to a backend, why, and what proves them instead."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Exclusion

__all__ = ["ROWS"]

_RECORDS: Final = "A record of this package has this property before any backend sees it."
_ARTIFACTS: Final = "It is about a log as a value, which this package computes without a backend."
_FILES: Final = (
    "It describes the specification's own file backends, and others need not be like them."
)
_TWICE: Final = "Only decoded bytes can hold an id twice; no call of a cache leads there."
_METADATA: Final = "It describes a table of this package's own, which no backend supplies."
_TYPES: Final = "No persisted artifact holds this form, so that no codec is asked for it."
_ACCESSORS: Final = (
    "It is about the accessors of this package's artifact, which a codec only returns."
)
_FAULTS: Final = "The fault-injecting log is a tool of this package, not a backend to be judged."
_INSPECTION: Final = "This package makes the inspection report; no backend has a part in it."
_MONITORS: Final = (
    "A monitor judges a recorded run; no backend has one, and this package has none either, so "
    "that nothing proves it here."
)
_OUTCOMES: Final = "The conversion is a function of this package's own outcomes."

_RECORD_TESTS: Final = "telltale_spec/tests/test_records.py"
_ARTIFACT_TESTS: Final = "telltale_spec/tests/test_wal_artifact.py"
_FILE_TESTS: Final = "telltale_spec/tests/test_file.py"

ROWS: Final[tuple[Exclusion, ...]] = (
    Exclusion("DOM-01", _RECORDS, (_RECORD_TESTS,)),
    Exclusion("DOM-02", _RECORDS, (_RECORD_TESTS,)),
    Exclusion("DOM-04", _RECORDS, (_RECORD_TESTS,)),
    Exclusion("DOM-05", _RECORDS, (_RECORD_TESTS,)),
    Exclusion("DOM-06", _RECORDS, (_RECORD_TESTS,)),
    Exclusion("DOM-07", _RECORDS, ("telltale_spec/tests/test_recovery.py",)),
    Exclusion("ENT-01", _RECORDS, (_ARTIFACT_TESTS,)),
    Exclusion("ENT-03", _RECORDS, (_ARTIFACT_TESTS,)),
    Exclusion("ART-WAL-01", _ARTIFACTS, (_ARTIFACT_TESTS,)),
    Exclusion(
        "ART-WAL-02", _ARTIFACTS, (_ARTIFACT_TESTS, "conformance/shipped_vectors/validate.jsonl")
    ),
    Exclusion(
        "ART-WAL-03", _ARTIFACTS, (_ARTIFACT_TESTS, "conformance/shipped_vectors/validate.jsonl")
    ),
    Exclusion(
        "ART-WAL-04", _ARTIFACTS, (_ARTIFACT_TESTS, "conformance/shipped_vectors/validate.jsonl")
    ),
    Exclusion(
        "ART-WAL-05", _ARTIFACTS, (_ARTIFACT_TESTS, "conformance/shipped_vectors/validate.jsonl")
    ),
    Exclusion("ART-WAL-06", _ARTIFACTS, (_ARTIFACT_TESTS,)),
    Exclusion("WAL-11", _FILES, (_FILE_TESTS,)),
    Exclusion("WAL-12", _FILES, (_FILE_TESTS,)),
    Exclusion("CACHE-05", _TWICE, ("telltale_spec/tests/test_cache.py", _FILE_TESTS)),
    Exclusion("CACHE-09", _FILES, (_FILE_TESTS,)),
    Exclusion("SYNC-14", _METADATA, (_RECORD_TESTS,)),
    Exclusion("WIRE-11", _TYPES, (_RECORD_TESTS,)),
    Exclusion("WIRE-12", _TYPES, ("telltale_spec/tests/test_effect_results.py",)),
    Exclusion("ARTIFACT-03", _FILES, (_FILE_TESTS,)),
    Exclusion("ARTIFACT-04", _FILES, (_FILE_TESTS,)),
    Exclusion(
        "ARTIFACT-05", _ACCESSORS, (_FILE_TESTS, "conformance/tests/test_inspection_command.py")
    ),
    Exclusion(
        "FAULT-01",
        _FAULTS,
        ("telltale_spec/tests/test_faults.py", "conformance/shipped_vectors/fault.jsonl"),
    ),
    Exclusion(
        "FAULT-02",
        _FAULTS,
        ("telltale_spec/tests/test_faults.py", "conformance/shipped_vectors/fault.jsonl"),
    ),
    Exclusion(
        "FAULT-03",
        _FAULTS,
        ("telltale_spec/tests/test_faults.py", "conformance/shipped_vectors/fault.jsonl"),
    ),
    Exclusion(
        "INSPECT-01",
        _INSPECTION,
        ("telltale_spec/tests/test_inspection.py", "conformance/shipped_vectors/inspect.jsonl"),
    ),
    Exclusion(
        "INSPECT-02",
        _INSPECTION,
        ("telltale_spec/tests/test_inspection.py", "conformance/shipped_vectors/inspect.jsonl"),
    ),
    Exclusion(
        "INSPECT-03",
        _INSPECTION,
        ("telltale_spec/tests/test_inspection.py", "conformance/shipped_vectors/inspect.jsonl"),
    ),
    Exclusion("MONITOR-01", _MONITORS),
    Exclusion("MONITOR-02", _MONITORS),
    Exclusion("MONITOR-03", _MONITORS),
    Exclusion("MONITOR-04", _MONITORS),
    Exclusion("OUT-01", _OUTCOMES, ("telltale_spec/tests/test_outcomes.py",)),
    Exclusion("OUT-02", _OUTCOMES, ("telltale_spec/tests/test_outcomes.py",)),
)
