"""Change the rules in every small way, and see that a quick test notices.

mutmut makes the changes (mutants) and runs the tests that pyproject.toml names for it. A mutant
that no test kills is listed in surviving_mutants.toml with the reason why none can. Exit status 1
where one survives that is not listed, where one is listed that does not survive any more, or where
fewer than SHARE_MIN are killed: a long list is no way out.

    python .ci/check_mutants.py             from the beginning
    python .ci/check_mutants.py --judge     judge what the last run left
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

SHARE_MIN = 0.90
SECONDS_MAX = 3 * 3600.0
ROOT = Path(__file__).resolve().parents[1]
RULES = Path("conformance/rules")
LIST = Path(".ci/surviving_mutants.toml")
KILLED = ("killed", "timeout", "segfault")


@dataclass(frozen=True, order=True)
class Mutant:
    """One change of one function: its lines before and after."""

    module: str
    function: str
    before: str
    after: str


def main() -> None:
    """Run, judge, and say what is to be done."""
    os.chdir(ROOT)
    require_every_test()
    if "--judge" not in sys.argv[1:]:
        run()
    counts, survivors = read_results()
    listed = read_list()
    print_shares(counts)
    problems = [
        *(f"survives and is not listed: {shown(each)}" for each in sorted(survivors - listed)),
        *(f"listed and does not survive: {shown(each)}" for each in sorted(listed - survivors)),
    ]
    share = killed_share(sum(counts.values(), Counter()))
    if share < SHARE_MIN:
        problems.append(f"only {share:.1%} of the mutants are killed: at least {SHARE_MIN:.0%}")
    print(f"{len(survivors & listed)} survivors are listed with their reasons in {LIST}")
    if problems:
        sys.exit("\n".join(["", *problems, "", ADVICE]))


ADVICE = (
    f"Write a test in conformance/tests/test_rules_*.py that fails for a survivor, or delete the "
    f"code that makes no difference. Only where no test can fail, list it in {LIST} with why; "
    f"take what does not survive off that list."
)


def require_every_test() -> None:
    """Fail where a test of the rules is not among those that mutmut runs."""
    settings = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    named = set(settings["tool"]["mutmut"]["pytest_add_cli_args_test_selection"])
    there = {str(path) for path in Path("conformance/tests").glob("test_rules_*.py")}
    if missing := sorted(there - named):
        sys.exit(f"not named under [tool.mutmut] in pyproject.toml: {', '.join(missing)}")


def run() -> None:
    """Make the mutants and run the tests on each."""
    shutil.rmtree("mutants", ignore_errors=True)
    # Plugins that happen to be installed cost a quarter of the time, and none of them is needed.
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", "1"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"mutmut ended with status {done.returncode}:\n{done.stdout[-4000:]}{done.stderr}")


def read_results() -> tuple[dict[str, Counter[str]], set[Mutant]]:
    """Return how the mutants of each module ended, and those that survived."""
    counts: dict[str, Counter[str]] = {}
    survivors = set()
    for module, name, status in results():
        counts.setdefault(module, Counter())[status] += 1
        if status not in (*KILLED, "not checked"):
            survivors.add(mutant(module, name))
    untried = sum(own["not checked"] for own in counts.values())
    if untried or not counts:
        sys.exit(f"{untried} mutants were not tried: mutmut has not run to its end")
    return counts, survivors


def results() -> Iterator[tuple[str, str, str]]:
    """Yield the module of each mutant, its name and how it ended."""
    for path in sorted(RULES.glob("*.py")):
        meta = Path("mutants") / f"{path}.meta"
        if not meta.exists():
            sys.exit(f"there are no mutants of {path}: mutmut has not run")
        codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        for name, code in codes.items():
            yield path.stem, name, status_by_exit_code[code]


def mutant(module: str, name: str) -> Mutant:
    """Return a mutant by what it changes; its number changes with every line above it."""
    function, class_name = orig_function_and_class_names_from_key(name)
    lines = get_diff_for_mutant(name, path=RULES / f"{module}.py").splitlines()[2:]
    before, after = (
        " ".join([line[1:].strip() for line in lines if line.startswith(sign)]) for sign in "-+"
    )
    return Mutant(module, f"{class_name}.{function}" if class_name else function, before, after)


def read_list() -> set[Mutant]:
    """Return the survivors that are known; each needs its reason."""
    rows = tomllib.loads(LIST.read_text(encoding="utf-8")).get("survivor", [])
    found = set()
    for row in rows:
        listed = Mutant(*(row.get(name, "") for name in ("module", "function", "before", "after")))
        if not row.get("reason", "").strip():
            sys.exit(f"listed without a reason in {LIST}: {shown(listed)}")
        if listed in found:
            sys.exit(f"listed twice in {LIST}: {shown(listed)}")
        found.add(listed)
    return found


def killed_share(counts: Counter[str]) -> float:
    """Return which part of the mutants is killed, from 0 to 1."""
    return sum(counts[status] for status in KILLED) / sum(counts.values())


def print_shares(counts: dict[str, Counter[str]]) -> None:
    """Print a line for each module and one for all."""
    for module, own in (*counts.items(), ("all", sum(counts.values(), Counter()))):
        killed = sum(own[status] for status in KILLED)
        print(f"{module:12} {killed:5} of {sum(own.values()):5} killed  {killed_share(own):7.1%}")


def shown(mutant: Mutant) -> str:
    """Return a mutant as it stands in the list."""
    module, function, before, after = astuple(mutant)
    return f"{module}.{function}\n    - {before}\n    + {after}"


if __name__ == "__main__":
    main()
