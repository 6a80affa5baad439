"""The commands of the command line, a module each.

Every module has ``NAME``, ``add`` (its options) and ``run`` (arguments to exit status). Modules
import what they need inside ``run``: a command line that prints usage must start at once.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COMMANDS"]

COMMANDS: Final = {
    "check": "judge a backend, or the shipped ones",
    "campaign": "judge backends on many seeds, on many workers, for as long as there is time",
    "replay": "carry recorded failures out again",
    "check-history": "judge a recorded history of operations and answers",
    "report": "show a saved report, or make its other forms",
    "compare": "say what became better and what became worse between two reports",
    "trace": "say which requirements a run has put to the test, and why not the others",
    "smoke": "shake hands with a harness and ask for everything once",
    "init": "write a harness that starts, to be filled in",
    "serve": "serve a Python backend over standard input and output",
    "crash": "list what crashes of a backend can leave on disk",
    "differential": "compare our reader with a harness's on many mutated artifacts",
    "requirements": "list every requirement with its level, source and sentence",
    "inspect": "print what persisted artifacts hold and what a recovery would decide",
    "model": "search models of the specification exhaustively",
    "findings": "show what is surprising or dangerous in the specification",
    "vectors": "check or write test vectors",
    "bench": "measure a backend, or the shipped ones",
}
"""What each command is for, in the order of the help; its module is imported when it is called."""
