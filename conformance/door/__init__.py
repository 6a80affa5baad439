"""The child-process door: a backend in any language, judged over its standard input and output.

``docs/protocol.md`` is the protocol. Here both ends of it stand on the same tables: the runner's
(``connection``, ``harness``) and the one that serves a Python backend (``server``).
"""
