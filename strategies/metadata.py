"""Effect interface metadata that the effect algebra allows, or forbids."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from strategies.alphabets import COLLIDING, Alphabet
from telltale_spec.wire.requests import (
    BoundedRetry,
    EffectAdmissibility,
    EffectAgreementUse,
    EffectAuthorityClass,
    EffectHandlerDomain,
    EffectInterfaceMetadata,
    EffectReentrancyPolicy,
    EffectRegionScope,
    EffectRetryShape,
    EffectSemanticClass,
    EffectTimeoutPolicy,
    EffectTotality,
    ForbiddenRetry,
    InheritOperationBudget,
    NoTimeout,
    RequiredTimeout,
    UntilTimeoutRetry,
)

__all__ = ["effect_interface_metadata", "effect_retry_shapes", "effect_timeout_policies"]


def effect_timeout_policies(
    *, alphabet: Alphabet = COLLIDING
) -> SearchStrategy[EffectTimeoutPolicy]:
    """Describe timeout policies of all three variants. Source: WIRE-11."""
    required = st.builds(RequiredTimeout, budget_ticks=st.none() | alphabet.ticks)
    return st.one_of(st.just(NoTimeout()), st.just(InheritOperationBudget()), required)


def effect_retry_shapes(*, alphabet: Alphabet = COLLIDING) -> SearchStrategy[EffectRetryShape]:
    """Describe retry shapes of all three variants. Source: WIRE-11."""
    bounded = st.builds(BoundedRetry, max_retries=alphabet.numbers)
    return st.one_of(st.just(ForbiddenRetry()), bounded, st.just(UntilTimeoutRetry()))


def effect_interface_metadata(
    *, alphabet: Alphabet = COLLIDING, legal: bool = True
) -> SearchStrategy[EffectInterfaceMetadata]:
    """Describe metadata that the effect algebra allows or, unless ``legal``, forbids.

    Forbidden metadata breaks at least one of the algebra's four rules, and each
    rule is reached. Source: WIRE-11, SYNC-12.
    """
    allowed = st.builds(
        EffectInterfaceMetadata,
        interface_name=alphabet.texts,
        operation_name=alphabet.texts,
        authority_class=st.sampled_from(EffectAuthorityClass),
        semantic_class=st.sampled_from(EffectSemanticClass),
        agreement_use=st.sampled_from(EffectAgreementUse),
        region_scope=st.sampled_from(EffectRegionScope),
        admissibility=st.sampled_from(EffectAdmissibility),
        totality=st.sampled_from(EffectTotality),
        timeout_policy=effect_timeout_policies(alphabet=alphabet),
        retry_shape=effect_retry_shapes(alphabet=alphabet),
        reentrancy_policy=st.sampled_from(EffectReentrancyPolicy),
        handler_domain=st.sampled_from(EffectHandlerDomain),
    ).map(_legalised)
    if legal:
        return allowed
    return st.builds(_with_broken_rule, allowed, st.integers(0, 3))


def _legalised(metadata: EffectInterfaceMetadata) -> EffectInterfaceMetadata:
    """Return the nearest metadata that keeps all four rules."""
    if metadata.authority_class is EffectAuthorityClass.AUTHORITATIVE:
        metadata = replace(metadata, semantic_class=EffectSemanticClass.AUTHORITATIVE)
    observing = metadata.authority_class is EffectAuthorityClass.OBSERVE
    no_truth = observing or metadata.semantic_class is EffectSemanticClass.OBSERVATIONAL
    if no_truth and metadata.agreement_use is EffectAgreementUse.REQUIRED:
        metadata = replace(metadata, agreement_use=EffectAgreementUse.NONE)
    waits = metadata.totality is EffectTotality.MAY_BLOCK
    needs_timeout = waits or not isinstance(metadata.retry_shape, ForbiddenRetry)
    if needs_timeout and not isinstance(metadata.timeout_policy, RequiredTimeout):
        metadata = replace(metadata, timeout_policy=RequiredTimeout(None))
    if metadata.admissibility is EffectAdmissibility.INTERNAL_ONLY:
        metadata = replace(metadata, handler_domain=EffectHandlerDomain.INTERNAL)
    return metadata


def _with_broken_rule(
    metadata: EffectInterfaceMetadata, rule_index: int
) -> EffectInterfaceMetadata:
    """Return metadata that breaks one of the four rules, whatever the others say."""
    if rule_index == 0:
        return replace(
            metadata,
            authority_class=EffectAuthorityClass.AUTHORITATIVE,
            semantic_class=EffectSemanticClass.BEST_EFFORT,
        )
    if rule_index == 1:
        return replace(
            metadata,
            authority_class=EffectAuthorityClass.OBSERVE,
            agreement_use=EffectAgreementUse.REQUIRED,
        )
    if rule_index == 2:
        return replace(metadata, totality=EffectTotality.MAY_BLOCK, timeout_policy=NoTimeout())
    return replace(
        metadata,
        admissibility=EffectAdmissibility.INTERNAL_ONLY,
        handler_domain=EffectHandlerDomain.EXTERNAL,
    )
