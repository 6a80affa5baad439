"""Laws of the codec: what is written byte for byte, what is read and what is refused.

Writing is judged by the plain trees of the oracles; the first place that
differs names the record whose rule is broken. Reading is judged by labelled
encodings, each with the requirement that rules on it and what must come of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import cbor2
from hypothesis import strategies as st

from conformance.engine.session import History, Raised, Returned
from conformance.engine.suite import Law, LawSuite, TableLaw
from conformance.machines.codec_answers import (
    accepts,
    canonical,
    check_text,
    decode,
    encode,
    judge_labelled,
    refuses,
    same_bytes,
)
from conformance.machines.codec_hostile import HOSTILE, HOSTILE_IDS, hostile_labels, judge_hostile
from conformance.machines.codec_material import deep_artifacts, near_versions, odd_artifacts
from conformance.requirements import Level, requirement
from conformance.rules.plain_trees import Name, Table, plain_tree, tree_difference
from strategies import cbor_forms, encodings
from strategies.accepted_forms import ACCEPTED_FORMS, Rewrite
from strategies.artifacts import persisted_artifacts, unknown_version_artifacts
from strategies.cbor_sites import Role, sites
from strategies.exemplars import BOUNDARIES, EXEMPLARS, small_exemplars
from strategies.rejected_forms import REJECTED_FORMS
from telltale_spec.wire import agreement, cache, effects, values
from telltale_spec.wire.agreement import AgreementLevel, VisibilityGateCrossing
from telltale_spec.wire.persisted import PersistedDurabilityArtifact
from telltale_spec.wire.recovery import DurableRecoveryMetadata
from telltale_spec.wire.shapes import U32_MAX, U64_MAX

__all__ = ["CODEC_SUITE"]

_SIZE_MAX: Final = 67_108_864
_LONG_TEXT: Final = 65_536
_PREFIXES_MAX: Final = 8
# With less time than this, one in so many of the forms that many positions have alike.
_EACH_MAX_OF_CI: Final = 7
_THINNED: Final = {
    "value of another type": 3,
    "unknown field": 3,
    "not well-formed": 2,
    "lone surrogate": 2,
}
_MUST: Final = Level.MUST
_Artifact = PersistedDurabilityArtifact


def _nodes(node: Any) -> Iterator[Any]:
    if isinstance(node, (Table, Name)):
        yield node
    inner = node.values() if isinstance(node, Table) else node if isinstance(node, list) else ()
    yield from chain.from_iterable(map(_nodes, inner))


def _variants(tree: Table) -> Iterator[tuple[str, str]]:
    for node in _nodes(tree):
        name, is_tag = node, False
        if isinstance(node, Table):
            first = next(iter(node))
            name = node[first] if first in ("kind", "status") else first
            is_tag = isinstance(name, Name)
        if is_tag or (isinstance(name, str) and name[:1].isupper()):
            yield f"written: {name}", node.requirement_id


def _broken_rule(tree: Table, data: bytes) -> str:
    try:
        actual = cbor2.loads(data)
    except (cbor2.CBORDecodeError, ValueError, TypeError, RecursionError):
        return "WIRE-01"
    return tree_difference(tree, actual) or "WIRE-01"


def _judge_written(history: History, artifact: _Artifact) -> None:
    tree, expected = plain_tree(artifact), canonical(artifact)
    for situation, _ in _variants(tree):
        history.reach(situation)
    actual = encode(history, artifact)
    size = _SIZES.get(artifact)
    if size is not None:
        history.check("WIRE-13", len(actual) == size, f"{size} bytes", f"{len(actual)} bytes")
    rules = {node.requirement_id for node in _nodes(tree)} | {"WIRE-01"}
    broken = set() if actual == expected else {_broken_rule(tree, actual)}
    for requirement_id in sorted(broken or rules):
        same_bytes(history, requirement_id, expected, actual)
    same_bytes(history, "WIRE-01", expected, encode(history, artifact))


# What is read


def _alone(history: History, act: Callable[[History], None]) -> None:
    """Run a part with steps of its own, whose violation hides no other."""
    one = history.beside()
    one.run(lambda: act(one))


def _judge_artifact(history: History, artifact: _Artifact) -> None:
    data = canonical(artifact)

    def reads_its_own(one: History) -> None:
        answer = decode(one, encode(one, artifact), "as written")
        accepts(one, "ARTIFACT-06", answer, artifact, "what was encoded")

    def reads_canonical(one: History) -> None:
        answer = decode(one, data, "the canonical form")
        accepts(one, "ARTIFACT-06", answer, artifact, "its value")
        held = artifact.evidence_outcome_cache_artifact() or _EMPTY_CACHE
        for outcome in (entry.outcome for entry in held.entries):
            if outcome.status.is_success is (outcome.response is None):
                one.check("DEC-25", True, "", "")

    def drops_the_rest(one: History) -> None:
        one.reach("read: trailing bytes")
        answer = decode(one, data + b"\x00rest", "bytes behind an artifact")
        accepts(one, "DEC-26", answer, artifact, "M-19: the same value")

    def refuses_prefix(one: History, count: int) -> None:
        one.reach("read: truncated")
        answer = decode(one, data[:count], f"{count} of {len(data)}")
        refuses(one, "DEC-30", answer, "the input ends early")

    _alone(history, lambda one: _judge_written(one, artifact))
    for act in (reads_its_own, reads_canonical, drops_the_rest):
        _alone(history, act)
    stride = 1 if artifact in _EVERY_PREFIX else 1 + len(data) // _PREFIXES_MAX
    for count in (*range(0, len(data), stride), len(data) - 1):
        _alone(history, lambda one, count=count: refuses_prefix(one, count))  # type: ignore[misc]


def _judge_odd(history: History, artifact: _Artifact) -> None:
    """Judge what is written of an artifact, and that the same comes back."""
    _alone(history, lambda one: _judge_written(one, artifact))
    answer = decode(history, canonical(artifact), "the canonical form")
    accepts(history, "ARTIFACT-06", answer, artifact, "its value")


def _judge_deep(history: History, artifact: _Artifact) -> None:
    """Judge what is written of an artifact, and that nothing else comes back.

    Not to follow so deep is against a recommendation only.
    """
    _alone(history, lambda one: _judge_written(one, artifact))
    answer = decode(history, canonical(artifact), "the canonical form")
    ruled_by = "DEC-28" if isinstance(answer, Raised) else "ARTIFACT-06"
    accepts(history, ruled_by, answer, artifact, "its value")


def _judge_version(history: History, artifact: _Artifact) -> None:
    what, data = "unknown schema version", canonical(artifact)
    history.reach(f"read: {what}")

    def is_written_only(one: History) -> None:
        same_bytes(one, "ARTIFACT-01", data, encode(one, artifact))
        refuses(one, "ARTIFACT-01", decode(one, data, what), what)

    _alone(history, is_written_only)
    answer = decode(history, data, what)
    _refuses_and_names(history, "DEC-31", answer, (artifact.schema_version,))


def _judge_size(history: History, surplus: int) -> None:
    text = b"\x7a" + _LONG_TEXT.to_bytes(4) + b"x" * _LONG_TEXT
    before, after = canonical(_gate("x" * _LONG_TEXT)).split(text)
    count = _SIZE_MAX + surplus - len(before) - 5 - len(after)
    data = b"".join((before, b"\x7a", count.to_bytes(4), b"x" * count, after))
    artifact = _gate("x" * count)
    answer = decode(history, data, "a log of one long text")
    actual = answer.message if isinstance(answer, Raised) else "read"
    if surplus:
        _refuses_and_names(history, "DEC-27", answer, (str(len(data)), str(_SIZE_MAX)))
    else:
        holds = isinstance(answer, Returned) and answer.value == artifact
        history.check("DEC-27", holds, "read as it is", actual)
    written = encode(history, artifact, quiet=True) == data if surplus else True
    history.check("ARTIFACT-02", written, "the canonical bytes", "other bytes")


def _refuses_and_names(
    history: History, requirement_id: str, answer: Returned | Raised, names: Sequence[str]
) -> None:
    """Check that the answer is a refusal that names what is wrong, in whichever words."""
    said = answer.message if isinstance(answer, Raised) else "read"
    holds = isinstance(answer, Raised) and all(each in said for each in names)
    history.check(requirement_id, holds, f"refused, naming {' and '.join(names)}", said)
    check_text(history, answer)


# Fixed material: an artifact for each variant, and each byte form of the exemplars


def _gate(coroutine_id: str) -> _Artifact:
    return _log(VisibilityGateCrossing("a", coroutine_id, AgreementLevel.NONE, 1))


def _log(entry: agreement.AgreementWalEntry) -> _Artifact:
    return _Artifact.agreement_wal(agreement.AgreementWalArtifact((entry,)))


def _held(outcome: effects.EffectOutcome) -> _Artifact:
    entry = cache.EvidenceOutcomeCacheEntry("e", "i", "o", outcome)
    return _Artifact.evidence_outcome_cache(cache.EvidenceOutcomeCacheArtifact((entry,)))


_EMPTY_CACHE: Final = cache.EvidenceOutcomeCacheArtifact()
_EMPTY: Final = (
    _Artifact.agreement_wal(agreement.AgreementWalArtifact()),
    _Artifact.evidence_outcome_cache(_EMPTY_CACHE),
    _Artifact.recovery_metadata(DurableRecoveryMetadata()),
)
_SIZES: Final = dict(zip(_EMPTY, (94, 103, 219), strict=True))


def _tour() -> Iterator[_Artifact]:
    """Yield a small artifact for each variant, name and length of head."""
    yield from (*_EMPTY, *BOUNDARIES)
    for level in AgreementLevel:
        yield _log(agreement.Escalation("a", AgreementLevel.NONE, level, "e", 2))
    for kind in agreement.AgreementEvidenceKind:
        args = ("e", "a", 7, "w", AgreementLevel.SOFT_SAFE, kind, "r", True)
        yield _log(agreement.EvidenceProduced(agreement.AgreementEvidence(*args), 1))
    for outcome in agreement.FinalizationOutcome:
        yield _log(agreement.Finalization("a", outcome, "p", None, 1))
    numbers = (0, 23, 24, 255, 256, 65_535, 65_536, U32_MAX, U32_MAX + 1, U64_MAX)
    for number in numbers:
        yield _Artifact.recovery_metadata(DurableRecoveryMetadata(number, number, None, ("a", "")))
    for text in ("", "caf\u00e9", "\x00", "\U0001f600", *("x" * count for count in numbers[1:6])):
        yield _gate(text)
    success = effects.EffectOutcome.success
    five, unit = values.NatValue(5), values.UnitValue()
    pair = values.ProdValue(values.BoolValue(True), values.StrValue("s"))
    for value in (five, unit, pair, values.EndpointValue(values.Endpoint(1, "r"))):
        yield _held(success(effects.AcquireResponse(value)))
    for decision in (values.Drop(), values.Defer(), values.Deliver(unit)):
        yield _held(success(effects.SendDecisionResponse(decision)))
    duration, hint = values.Duration(1, 5), values.OutputConditionHint("p", None)
    corrupt = (values.Corrupt("f", "t", each) for each in values.CorruptionType)
    events = (values.Crash("s"), values.Partition("f", "t"), values.Heal("f", "t"))
    for event in (*events, *corrupt, values.Timeout("s", duration)):
        yield _held(success(effects.TopologyEventsResponse((event,))))
    yield _held(success(effects.ReceiveResponse((five, unit))))
    yield _held(success(effects.InvokeStepResponse(())))
    yield _held(success(effects.OutputConditionHintResponse(hint)))
    for response in (effects.ChooseResponse("l"), effects.ReleaseResponse()):
        yield _held(success(response))
    for failure in effects.EffectFailureKind:
        yield _held(effects.EffectOutcome.failed(effects.EffectFailure(failure, "m")))
    # Status and response contradict each other, which is nobody's error (DEC-25).
    yield _held(effects.EffectOutcome(effects.BlockedStatus(), effects.WalSyncResponse()))
    yield _held(effects.EffectOutcome(effects.SuccessStatus(), None))


_TOUR: Final = tuple(_tour())
_EVERY_PREFIX: Final = (*_EMPTY, _gate(""))


@lru_cache(maxsize=1)
def _byte_forms(each_max: int) -> tuple[encodings.LabelledBytes, ...]:
    found = list(_buffered_forms())
    for rewrite in (*ACCEPTED_FORMS, *REJECTED_FORMS):
        # What binds is tried at every position, whatever the budget, if not in every way.
        if requirement(rewrite.requirement).level is _MUST:
            stride = _THINNED.get(rewrite.label, 1) if each_max < _EACH_MAX_OF_CI else 1
            for artifact, depth_min in small_exemplars():
                forms = _alternatives(rewrite, artifact, depth_min, stride)
                found += [_labelled(rewrite, artifact, form) for form in forms]
        for artifact in EXEMPLARS:
            every = list(_alternatives(rewrite, artifact))
            few = every[:: 1 + len(every) // each_max]
            found += [_labelled(rewrite, artifact, form) for form in few]
    # What binds every codec comes first, so that its failures are the ones on record (DEC-32).
    return tuple(sorted(found, key=lambda each: requirement(each.requirement).level is not _MUST))


def _labelled(
    rewrite: Rewrite, artifact: _Artifact, form: cbor_forms.Form
) -> encodings.LabelledBytes:
    acceptable = rewrite in ACCEPTED_FORMS
    data, value = cbor_forms.render(form), artifact if acceptable else None
    return encodings.LabelledBytes(rewrite.label, rewrite.requirement, data, acceptable, value)


def _alternatives(
    rewrite: Rewrite, artifact: _Artifact, depth_min: int = 0, stride: int = 1
) -> Iterator[cbor_forms.Form]:
    whole = cbor_forms.form_of(artifact.to_dict())
    for site in sites(artifact):
        if len(site.path) >= depth_min:
            forms = list(rewrite.alternatives(site, cbor_forms.form_at(whole, site.path)))
            each = 1 if site.role in (Role.INTEGER, Role.BOOL) else stride
            for form in forms[sum(site.path) % each :: each]:
                yield cbor_forms.replaced(whole, site.path, form)


def _buffered_forms() -> Iterator[encodings.LabelledBytes]:
    """Yield what can only be read where a payload comes before its kind."""
    for artifact, late, ruled_by, label in (
        (_EMPTY[2], True, "DEC-00", "array for a struct of a buffered payload"),
        (_gate("c"), True, "DEC-21a", "variant number for a buffered tag"),
        (_gate("c"), False, "DEC-21a", "variant number for a direct tag"),
    ):
        tree: Any = artifact.to_dict()
        payload = tree["payload"]
        if artifact == _EMPTY[2]:
            payload["payload"] = list(payload["payload"].values())
        else:
            payload["payload"]["entries"][0]["kind"] = 3
        if late:
            tree["payload"] = dict(reversed(payload.items()))
        data = cbor_forms.render(cbor_forms.form_of(tree))
        yield encodings.LabelledBytes(label, ruled_by, data, late, artifact if late else None)


_LABELS: Final = {
    "truncated": "DEC-30",
    "trailing bytes": "DEC-26",
    "unknown schema version": "DEC-31",
    "mutated bytes": "DEC-29",
    **{each.label: each.requirement for each in (*ACCEPTED_FORMS, *REJECTED_FORMS)},
    **{each.label: each.requirement for each in _buffered_forms()},
}
_SITUATIONS: Final = {
    **{name: (rule,) for each in _TOUR for name, rule in _variants(plain_tree(each))},
    **{f"read: {label}": (ruled_by,) for label, ruled_by in _LABELS.items()},
    HOSTILE: ("DEC-29", "DEC-29.text"),
}
_RULES: Final = [f"WIRE-{number:02}" for number in (*range(1, 11), 13)]
_OTHERS: Final = {"ARTIFACT-01", "ARTIFACT-02", "ARTIFACT-06", "DEC-25", "DEC-27", "DEC-32"}
# Made when they are drawn from: who judges no codec does not wait for them.
_FORMS: Final = st.deferred(
    lambda: encodings.non_canonical_encodings() | encodings.corrupt_encodings()
)

CODEC_SUITE: Final = LawSuite(
    name="codec",
    # What costs little and finds much comes first, so that a wrong codec is soon known to be one.
    laws=(
        TableLaw("one of each variant", lambda histories: _TOUR, _judge_artifact),
        TableLaw(
            "byte forms of each position",
            lambda histories: _byte_forms(max(3, histories // 20)),
            judge_labelled,
        ),
        TableLaw("odd artifacts", odd_artifacts, _judge_odd),
        TableLaw("deep artifacts", lambda histories: deep_artifacts(), _judge_deep),
        TableLaw(HOSTILE, hostile_labels, judge_hostile),
        TableLaw(
            "versions that are nearly right", lambda histories: near_versions(), _judge_version
        ),
        Law("any artifact of another version", unknown_version_artifacts(), _judge_version, 0.5),
        Law("any artifact", persisted_artifacts(), _judge_artifact, 0.5),
        TableLaw("the largest input", lambda histories: (0, 1), _judge_size),
        Law("any byte form", _FORMS, judge_labelled),
        Law("mutated bytes", encodings.mutated_encodings(), judge_labelled),
    ),
    requirement_ids=tuple(sorted(_OTHERS.union(_RULES, HOSTILE_IDS, *_SITUATIONS.values()))),
    situations=_SITUATIONS,
    present=lambda backend: backend.codec is not None,
)
