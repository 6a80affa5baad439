"""Units on an engine that is there already: a scheduler of Dask, reached by its address."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any, Final

from conformance.campaigns.units import Unit, UnitResult
from conformance.campaigns.working import work_unit
from conformance.errors import CampaignError
from conformance.records.redaction import hidden_text

__all__ = ["DaskExecutor"]

_CONNECT_SECONDS_MAX: Final = 20


class DaskExecutor:
    """The workers of a scheduler of Dask.

    Dask itself gives the units of a lost worker to others, a few times; what raises after that is
    lost. Raises :class:`~conformance.errors.CampaignError` where Dask is not installed or nothing
    answers at the address.
    """

    # What else a dead worker was to do counts as lost with it.
    blames_exactly = False

    def __init__(self, address: str) -> None:
        self._place = f"--scheduler {hidden_text(address)}"
        # What an error quotes of an address may no longer look like one.
        user, separator, _ = address.rpartition("@")
        self._secrets = (user.rpartition("://")[2],) if separator else ()
        try:
            from distributed import Client
            from distributed.scheduler import KilledWorker
        except ImportError as error:
            raise CampaignError(
                self._place, f"needs Dask: pip install 'telltale-spec[campaign]' ({error})"
            ) from error
        self.lost_errors: tuple[type[BaseException], ...] = (KilledWorker,)
        try:
            self._client: Any = Client(address, timeout=_CONNECT_SECONDS_MAX, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise CampaignError(
                self._place,
                f"cannot be reached ({self._hidden(error)}); expected a scheduler that runs, "
                "as in tcp://127.0.0.1:8786",
            ) from error
        # Equal units are work to be done again, and not known results.
        self._executor: Any = self._client.get_executor(pure=False)

    def capacity(self) -> int:
        """Return the number of threads that all workers have now."""
        try:
            return sum(self._client.nthreads().values())
        except (OSError, TimeoutError, RuntimeError, AttributeError, ValueError) as error:
            raise CampaignError(
                self._place,
                f"the connection is lost ({self._hidden(error)}); what is done is kept, and "
                "the same command goes on",
            ) from error

    def _hidden(self, error: Exception) -> str:
        return hidden_text(str(error), self._secrets)

    def submit(self, unit: Unit) -> Future[UnitResult]:
        """Give a unit to the scheduler."""
        future: Future[UnitResult] = self._executor.submit(work_unit, unit)
        return future

    def abandon(self, future: Future[UnitResult]) -> None:
        """Tell the scheduler that nobody waits for a unit any more."""
        future.cancel()

    def stop(self) -> None:
        """Cancel what is left and leave; the workers are not ours to end."""
        self._executor.shutdown(wait=False)
        self._client.close(timeout=_CONNECT_SECONDS_MAX)
