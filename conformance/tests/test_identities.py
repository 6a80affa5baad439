"""The law of identities: the right one passes, each wrong one is caught."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.backend import Backend
from conformance.machines.identities import IDENTITY_SUITE
from conformance.records.results import Verdict
from telltale_spec.wire.agreement import AgreementWalEntry
from tests.zoo.broken_identities import BROKEN_IDENTITIES
from tests.zoo.judging import judged


@pytest.mark.requirement("ENT-02")
def test_the_identities_of_the_reference_pass() -> None:
    backend = Backend("right", identity=lambda entry: entry.stable_identity())
    report = judged(backend, (IDENTITY_SUITE,), profile_name="quick")

    assert [result.verdict for result in report.results] == [Verdict.PASS]


@pytest.mark.requirement("ENT-02")
@pytest.mark.parametrize(("name", "identity"), BROKEN_IDENTITIES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_wrong_identity_is_caught(
    name: str, identity: Callable[[AgreementWalEntry], str], seed: int
) -> None:
    report = judged(Backend(name, identity=identity), (IDENTITY_SUITE,), seed=seed)

    (result,) = report.results
    assert result.verdict is Verdict.FAIL
    assert result.counterexample is not None
    assert len(result.counterexample.steps) == 1


@pytest.mark.requirement("ENT-02")
def test_an_identity_that_raises_is_caught() -> None:
    def raises(entry: AgreementWalEntry) -> str:
        raise KeyError(entry.operation_id)

    report = judged(Backend("raises", identity=raises), (IDENTITY_SUITE,), profile_name="quick")

    (result,) = report.results
    assert result.counterexample is not None
    assert "raised KeyError" in result.counterexample.actual
