"""What handles on databases share: their end, and a library's errors as the declared one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

from telltale_spec.errors import DurabilityError

__all__ = ["DatabaseHandle"]


class DatabaseHandle(ABC):
    """One open database; ``place`` says which one it is in the texts of its errors.

    ``noun`` is what a place of this kind is called, ``library_errors`` are what its library raises.
    A plain ``Exception`` among them stands for itself alone, and not for what is derived from it.
    """

    noun: ClassVar[str]
    library_errors: ClassVar[tuple[type[Exception], ...]]

    def __init__(self, place: str) -> None:
        self.place = place

    @abstractmethod
    def close(self) -> None:
        """Close the database."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @contextmanager
    def _declared_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except self.library_errors as error:
            # A mistake of our own must not read as a refusal of the database.
            if Exception in self.library_errors and not self._is_of_library(error):
                raise
            is_plain = type(error) is Exception
            reason = str(error) if is_plain else f"{type(error).__name__}: {error}"
            raise self._error(action, reason) from error

    def _is_of_library(self, error: Exception) -> bool:
        named = tuple([each for each in self.library_errors if each is not Exception])
        return type(error) is Exception or isinstance(error, named)

    def _error(self, action: str, reason: str) -> DurabilityError:
        return DurabilityError(f"{action} {self.noun} {self.place}: {reason}")
