"""Recoveries that sort or tell operations apart by something else than the bytes of their ids."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from conformance.backend import RecoveryFunction
from telltale_spec.model.recovery import DurableRecoveryPlan
from telltale_spec.wire.agreement import AgreementWalArtifact as Wal
from telltale_spec.wire.cache import EvidenceOutcomeCacheArtifact as Cache
from tests.zoo.broken_recoveries import correct

__all__ = ["BY_BYTES", "MISORDERED"]

Plan = DurableRecoveryPlan[Any]
Key = Callable[[str], Any]


def _sorted_by(key: Key, *, lists_only: bool = False) -> RecoveryFunction:
    """Return a recovery that sorts by a key, in its decisions or only in its lists."""

    def recover(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        plan = correct(tick, machine, wal, cache)
        metadata = replace(
            plan.metadata,
            resumed_operation_ids=tuple(sorted(plan.metadata.resumed_operation_ids, key=key)),
            terminal_operation_ids=tuple(sorted(plan.metadata.terminal_operation_ids, key=key)),
        )
        if lists_only:
            return replace(plan, metadata=metadata)
        decisions = sorted(plan.decisions, key=lambda decision: key(decision.operation_id))
        return replace(plan, decisions=tuple(decisions), metadata=metadata)

    return recover


def _in_order_of_appearance(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
    seen = list(dict.fromkeys(entry.operation_id for entry in wal.entries))
    return _sorted_by(seen.index)(tick, machine, wal, cache)


def _merged_by(key: Callable[[str], str]) -> RecoveryFunction:
    """Return a recovery that takes operations for one where a key of their ids is equal."""

    def recover(tick: int, machine: Any, wal: Wal, cache: Cache) -> Plan:
        plan = correct(tick, machine, wal, cache)
        kept = {key(each.operation_id): each for each in plan.decisions}
        ids = {each.operation_id for each in kept.values()}
        metadata = replace(
            plan.metadata,
            resumed_operation_ids=tuple(
                each for each in plan.metadata.resumed_operation_ids if each in ids
            ),
            terminal_operation_ids=tuple(
                each for each in plan.metadata.terminal_operation_ids if each in ids
            ),
        )
        return replace(plan, decisions=tuple(kept.values()), metadata=metadata)

    return recover


class _Backwards(str):
    """A text that sorts the other way round."""

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def _natural(text: str) -> list[tuple[int, Any]]:
    digits = "".join(character if character.isdigit() else " " for character in text).split()
    return [(len(each), each) for each in digits] or [(0, text)]


def _as_of_a_locale(text: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFD", text)
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    return letters.casefold(), text


def _without_punctuation(text: str) -> tuple[str, str]:
    return "".join(each for each in text if each.isalnum()), text


def _signed_bytes(text: str) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in text.encode()]


def _utf_16(text: str) -> bytes:
    return text.encode("utf-16-be")


_KEYS: Final[tuple[tuple[str, Key], ...]] = (
    ("UTF-16 code units", _utf_16),
    ("UTF-16 code units of the other end", lambda text: text.encode("utf-16-le")),
    ("case folded", str.casefold),
    ("small letters", str.lower),
    ("length first", lambda text: (len(text), text)),
    ("bytes counted first", lambda text: (len(text.encode()), text)),
    ("a locale", _as_of_a_locale),
    ("no punctuation", _without_punctuation),
    ("backwards", _Backwards),
    ("numbers as numbers", _natural),
    ("signed bytes", _signed_bytes),
    ("normal form", lambda text: unicodedata.normalize("NFC", text)),
    ("the end first", lambda text: text[::-1]),
    ("what is left of blanks", lambda text: (text.strip(), -len(text))),
)
_EQUALITIES: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("case folded", str.casefold),
    ("normal form", lambda text: unicodedata.normalize("NFC", text)),
    ("compatible form", lambda text: unicodedata.normalize("NFKC", text)),
    ("up to a NUL", lambda text: text.partition("\x00")[0]),
    ("without blanks", str.strip),
)

MISORDERED: Final[tuple[tuple[str, RecoveryFunction, str], ...]] = (
    ("order of appearance", _in_order_of_appearance, "RECOV-03"),
    *((f"by {name}", _sorted_by(key), "RECOV-03") for name, key in _KEYS),
    *((f"lists by {name}", _sorted_by(key, lists_only=True), "RECOV-08") for name, key in _KEYS),
    *((f"equal by {name}", _merged_by(key), "RECOV-03") for name, key in _EQUALITIES),
)
"""Name, recovery, and the requirement that it breaks."""

BY_BYTES: Final[tuple[tuple[str, RecoveryFunction], ...]] = (
    ("by UTF-8 bytes", _sorted_by(lambda text: text.encode())),
    ("by code points", _sorted_by(lambda text: [ord(each) for each in text])),
    ("by UTF-32", _sorted_by(lambda text: text.encode("utf-32-be"))),
    ("equal by bytes", _merged_by(lambda text: text.encode().hex())),
)
"""Recoveries that are right by another way of sorting."""
