"""The names of the profiles, for those who offer them and need none of them yet."""

from __future__ import annotations

from typing import Final

__all__ = ["PROFILE_NAMES"]

PROFILE_NAMES: Final = ("quick", "ci", "deep")
