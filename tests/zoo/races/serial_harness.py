"""A harness that promises threads, says that it serves calls side by side, and does not."""

from __future__ import annotations

from conformance.door import server
from tests.zoo.races import threaded


def main() -> None:
    incoming, outgoing = server.standard_streams()
    harness = server._Server(threaded.RIGHT[0], incoming, outgoing)
    harness._in_threads = ("handler.",)
    harness.run()


if __name__ == "__main__":
    main()
