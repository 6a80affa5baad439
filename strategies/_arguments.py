"""Refuse impossible arguments of strategies when the test runs, not at import."""

from __future__ import annotations

from telltale_spec.errors import DomainError

__all__ = ["require_at_least", "require_bounds"]


def require_at_least(strategy: str, argument: str, value: int, minimum: int) -> None:
    """Raise :class:`DomainError` unless ``value`` is an integer of at least ``minimum``."""
    if type(value) is not int or value < minimum:
        raise DomainError(strategy, argument, value, f"an integer of at least {minimum}")


def require_bounds(
    strategy: str, subject: str, minimum: int, maximum: int, *, limit: int | None = None
) -> None:
    """Raise :class:`DomainError` unless ``0 <= minimum <= maximum <= limit``.

    ``subject`` is what is bounded, so that the arguments are ``min_<subject>``
    and ``max_<subject>``.
    """
    require_at_least(strategy, f"min_{subject}", minimum, 0)
    require_at_least(strategy, f"max_{subject}", maximum, minimum)
    if limit is not None and maximum > limit:
        raise DomainError(strategy, f"max_{subject}", maximum, f"at most {limit}")
