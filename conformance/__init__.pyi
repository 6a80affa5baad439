from .backend import Backend, Capability
from .checks import (
    check_agreement_wal,
    check_backend,
    check_evidence_cache,
    check_harness,
    check_replay,
)
from .life_cycle import History
from .run.targets import declares

__all__ = [
    "Backend",
    "Capability",
    "History",
    "check_agreement_wal",
    "check_backend",
    "check_evidence_cache",
    "check_harness",
    "check_replay",
    "declares",
]
