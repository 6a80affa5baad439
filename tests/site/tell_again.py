"""Write what the commands of a tutorial print now into its text.

Usage: python -m tests.site.tell_again docs/tutorial-own-backend.md

Every step is run as by ``check_tutorials``. Read the difference before it is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.site.blocks import retold
from tests.site.check_tutorials import built_wheels, carried_out, opened_shell

if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    document = Path(sys.argv[1])
    with built_wheels() as wheels, opened_shell(wheels) as shell:
        printed = carried_out(document, shell)
    for command, done in printed.items():
        print(f"line {command.line}: status {done.status}: {command.words}")
        if done.status:
            print(done.errors)
    outputs = {command.line: done.output for command, done in printed.items()}
    text = document.read_text(encoding="utf-8")
    document.write_text(retold(text, outputs), encoding="utf-8")
