"""Servers for the checks of stores: each is there for one session of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from examples.stores.servers import (
    ServerMissingError,
    nats_server,
    postgresql_server,
    redis_server,
)

__all__ = ["missing"]


def missing(error: ServerMissingError) -> None:
    """Skip aloud where somebody tries this on a machine of their own, and fail elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(str(error))
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Give the address of a server that is there for this session."""
    try:
        with postgresql_server() as address:
            yield address
    except ServerMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def redis() -> Iterator[str]:
    """Give the address of a server that is there for this session."""
    try:
        with redis_server() as address:
            yield address
    except ServerMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def nats() -> Iterator[str]:
    """Give the address of a server that is there for this session."""
    try:
        with nats_server() as address:
            yield address
    except ServerMissingError as error:
        missing(error)
