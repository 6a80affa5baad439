"""Conformance checks for durable agreement backends.

``check_agreement_wal(factory)`` and ``check_evidence_cache(factory)`` judge a
backend inside its own test suite, ``check_harness(command)`` one in any language,
and ``check_replay(replay, target)`` repeats one failure; ``Backend`` describes one
with several components; ``declares`` marks what a factory promises. Requirements
are in :mod:`conformance.requirements`, results in :mod:`conformance.records.results`.
"""

import lazy_loader

# The names and their modules are in the stub beside this file. Each is imported on first use:
# a command that prints usage, or a test run that judges nothing, must start at once.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
