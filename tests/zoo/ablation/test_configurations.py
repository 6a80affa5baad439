"""Each configuration leaves out what it says, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from conformance.backend import Backend, Capability
from conformance.engine.scripts import ScriptSuite
from conformance.engine.suite import Law, LawSuite, MachineSuite, TableLaw
from conformance.machines.registry import SUITES
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from telltale_spec.wire.agreement import AgreementWalArtifact
from tests.zoo.ablation.configurations import CRASHES, GROUPS, MEANINGS, Configuration
from tests.zoo.ablation.hunters import first_only, hunter_of
from tests.zoo.ablation.lengths import items_count
from tests.zoo.ablation.plain.hunting import plain_failure
from tests.zoo.ablation.suites import (
    CRASHING_SUITES,
    DIRECTED_SUITES,
    LONG_SUITES,
    is_whole,
    ordinary_suites,
    suites_without_crashes,
)
from tests.zoo.ablation.systems import chosen_systems, systems
from tests.zoo.broken_wals import CORRECT_WALS, ListWal, broken_wal_backend
from tests.zoo.door_targets import REFERENCE
from tests.zoo.judging import failed, judged
from tests.zoo.kill_table import BrokenSystem

WHOLE = Configuration.WHOLE
DIRECTED_ONLY = "directed identity/normalised/ENT-02"
LONG_ONLY = "long log/keeps 4,096/WAL-02"


def is_killed(key: str, configuration: Configuration, seed: int = 0) -> bool:
    """Hunt a system here; what takes long, or must be in a process of its own, is not for this."""
    return hunter_of(systems()[key], configuration)(seed, minimise=False).length is not None


def test_every_configuration_says_what_it_is() -> None:
    assert list(MEANINGS) == list(Configuration)
    assert {each for group in GROUPS.values() for each in group} == set(Configuration)


def test_every_script_is_directed_or_long() -> None:
    """A new suite of scripts has to be named by what leaves it out."""
    scripts = {suite.name for suite in SUITES if isinstance(suite, ScriptSuite)}

    assert scripts == {suite.name for suite in (*DIRECTED_SUITES, *LONG_SUITES)}


def test_without_directed_cases_nothing_fixed_is_left() -> None:
    for system in chosen_systems([]):
        if system.group == CRASHES:
            continue
        left = ordinary_suites(system, Configuration.WITHOUT_DIRECTED)
        for suite in left:
            assert suite not in DIRECTED_SUITES
            assert not (isinstance(suite, MachineSuite) and suite.openings)
            if isinstance(suite, LawSuite):
                assert suite.laws
                assert all(isinstance(law, Law) for law in suite.laws)


def test_only_tables_and_openings_are_taken_from_a_suite() -> None:
    system = systems()["codec/sorted keys/WIRE-01"]
    whole, left = (
        ordinary_suites(system, each) for each in (WHOLE, Configuration.WITHOUT_DIRECTED)
    )
    (suite,) = whole
    (other,) = left
    assert isinstance(suite, LawSuite)
    assert isinstance(other, LawSuite)

    assert other == replace(suite, laws=other.laws)
    assert other.laws == tuple([law for law in suite.laws if not isinstance(law, TableLaw)])


def test_without_long_histories_only_they_are_left_out() -> None:
    system = systems()[LONG_ONLY]
    whole = ordinary_suites(system, WHOLE)
    left = ordinary_suites(system, Configuration.WITHOUT_LONG)

    assert [suite for suite in whole if suite not in left] == [
        suite for suite in whole if suite in LONG_SUITES
    ]
    assert len(left) == len(whole) - 1


@pytest.mark.parametrize(
    ("key", "configuration"),
    [
        (DIRECTED_ONLY, Configuration.WITHOUT_DIRECTED),
        (DIRECTED_ONLY, Configuration.TOURS_ONLY),
        (LONG_ONLY, Configuration.WITHOUT_LONG),
    ],
    ids=lambda each: getattr(each, "value", each),
)
def test_what_one_part_alone_kills_lives_without_it(key: str, configuration: Configuration) -> None:
    assert is_killed(key, WHOLE)
    assert not is_killed(key, configuration)


def test_tours_kill_what_is_wrong_at_once() -> None:
    assert is_killed("log/DoNothing/WAL-01", Configuration.TOURS_ONLY)


@pytest.mark.parametrize(
    ("key", "configuration", "shared"),
    [
        ("codec/sorted keys/WIRE-01", Configuration.WITHOUT_LONG, True),
        ("codec/sorted keys/WIRE-01", Configuration.WITHOUT_DIRECTED, False),
        ("codec/sorted keys/WIRE-01", Configuration.WITHOUT_ALPHABETS, False),
        ("codec/sorted keys/WIRE-01", Configuration.PLAIN, False),
        ("codec/sorted keys/WIRE-01", Configuration.TOURS_ONLY, False),
        (LONG_ONLY, Configuration.WITHOUT_LONG, False),
        # No long suite judges how text is refused.
        ("log/WrongText/WAL-03.text", WHOLE, True),
    ],
)
def test_a_search_is_shared_where_nothing_is_left_out_of_it(
    key: str, configuration: Configuration, *, shared: bool
) -> None:
    assert is_whole(systems()[key], configuration) is shared


# The plain tests


@pytest.mark.parametrize(
    "key",
    [
        "log/DoNothing/WAL-01",
        "log/SortsByTick/WAL-02",
        "log/ReadIncludesTick/WAL-05",
        "cache/load forgets an entry/CACHE-06",
        "WAL handler/appends in blocked mode/SYNC-02",
        "evidence handler/another name/EVID-01",
        "recovery/crashes on an empty suffix/RECOV-01",
        "codec/sorted keys/WIRE-01",
        "identity/without the tick/ENT-02",
        "handles/remembers/WAL-01.handles",
    ],
)
def test_the_plain_tests_kill_what_is_easy(key: str) -> None:
    assert is_killed(key, Configuration.PLAIN)


@pytest.mark.parametrize("wal_class", CORRECT_WALS[:2])
def test_the_plain_tests_pass_right_logs(wal_class: type[ListWal]) -> None:
    assert plain_failure(broken_wal_backend(wal_class), "WAL-01", 0, shrinks=False) is None


@pytest.mark.parametrize("seed", range(2))
def test_the_plain_tests_pass_the_reference(seed: int) -> None:
    """Its functions and handlers; its log and cache are on files, and take long."""
    functions = replace(REFERENCE, agreement_wal=None, evidence_cache=None)

    assert plain_failure(functions, "RECOV-01", seed, shrinks=False) is None


def test_the_plain_tests_pass_a_right_cache() -> None:
    promises = frozenset({Capability.ORDERED_CACHE})
    cache = Backend(
        "memory",
        evidence_cache=lambda directory: InMemoryEvidenceOutcomeCache(),
        capabilities=promises,
    )

    assert plain_failure(cache, "CACHE-01", 0, shrinks=False) is None


class KeepsTwo(ListWal):
    """Loads the first two of its entries."""

    def load(self) -> AgreementWalArtifact:
        return AgreementWalArtifact(tuple(self.entries[:2]))


def test_a_plain_failure_is_as_long_as_what_is_left_of_it() -> None:
    assert plain_failure(broken_wal_backend(KeepsTwo), "WAL-01", 0, shrinks=True) == 3


# Without alphabets

_NAIVE = """
import json
from tests.zoo.ablation.naive import install_naive_strategies
install_naive_strategies()
from conformance.machines.cache import EvidenceCacheMachine
from conformance.machines.evidence import EvidenceHandlerMachine
from conformance.machines.identities import IDENTITY_SUITE
from conformance.machines import recovery
from conformance.machines.wal import AgreementWalMachine
from conformance.machines.wal_sync import WalSyncMachine
from tests.zoo.ablation.looking import told
machines = (AgreementWalMachine, EvidenceCacheMachine, WalSyncMachine, EvidenceHandlerMachine)
found = told(machines, (IDENTITY_SUITE,))
print(json.dumps({**found, "checkpoints": repr(recovery.checkpoints(()))}))
"""


def test_without_alphabets_no_pool_is_left() -> None:
    """In a process of its own, as it cannot be taken back."""
    told = json.loads(_in_a_process(_NAIVE))
    before = json.loads(_in_a_process(_NAIVE.replace("install_naive_strategies()\n", "", 1)))

    assert told["pools"] == []
    assert told["strategies"] == before["strategies"]
    # One of each machine and suite, as the check would not notice a pool that it does not know.
    owners = {name.partition(".")[0].partition(",")[0] for name in before["pools"]}
    assert owners == {
        "AgreementWalMachine",
        "EvidenceCacheMachine",
        "EvidenceHandlerMachine",
        "WalSyncMachine",
        "identities",
    }
    # What is drawn for a log that is drawn does not show in a strategy; so it is asked for.
    drawn_from = [each["checkpoints"].partition("(")[0] for each in (before, told)]
    assert drawn_from == ["sampled_from", "integers"]


_NAIVE_AND_RIGHT = """
from dataclasses import replace
from tests.zoo.ablation.naive import install_naive_strategies
install_naive_strategies()
from conformance.machines.registry import SUITES
from telltale_spec.backends.memory import InMemoryEvidenceOutcomeCache
from tests.zoo.broken_wals import ListWal
from tests.zoo.door_targets import REFERENCE
from tests.zoo.judging import failed, judged
backend = replace(
    REFERENCE,
    agreement_wal=lambda directory: ListWal(),
    evidence_cache=lambda directory: InMemoryEvidenceOutcomeCache(),
    capabilities=frozenset(),
)
suites = tuple(suite for suite in SUITES if suite.applies(backend))
print(failed(judged(backend, suites, profile_name="quick", only=("WAL-01", "CACHE-01"))))
"""


@pytest.mark.nightly
def test_naive_strategies_fail_nothing_that_is_right() -> None:
    assert _in_a_process(_NAIVE_AND_RIGHT).strip() == "[]"


def test_alphabets_are_not_replaced_behind_the_machines_backs() -> None:
    late = _NAIVE.replace("import json\n", "import conformance.machines.wal\n", 1)

    assert "needs a process of its own" in _in_a_process(late, status=1)


def _in_a_process(program: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONHASHSEED": "0"},
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


# Crashes


def test_without_crash_classes_no_suite_crashes_or_damages_anything() -> None:
    left = suites_without_crashes()

    assert {id(suite) for suite in (*left, *CRASHING_SUITES)} == {id(suite) for suite in SUITES}
    promised = {Capability.PROCESS_KILL, Capability.POWER_LOSS, Capability.BIT_ROT}
    backend = replace(REFERENCE, capabilities=frozenset(promised | {Capability.REOPEN}))
    assert not [suite for suite in left if suite.applies(backend) and suite.crash_class]


def test_after_the_first_find_no_suite_is_searched() -> None:
    """A log that does nothing breaks several requirements, in more than one suite."""
    broken = systems()["log/DoNothing/WAL-01"].broken
    assert isinstance(broken, BrokenSystem)
    suites = ordinary_suites(systems()["log/DoNothing/WAL-01"], WHOLE)
    counts = [
        len(failed(judged(broken.backend, each, profile_name="quick", minimise=False)))
        for each in (suites, first_only(suites))
    ]

    assert counts[0] > 1
    assert counts[1] == 1


def test_items_of_a_value_are_counted_wherever_they_are() -> None:
    entries = [{"kind": "gate"}, {"kind": "gate"}]

    assert items_count({"case": {"entries": entries, "cache": [{}]}}) == 3
    assert items_count({"artifact": {"payload": {"payload": {"entries": entries}}}}) == 2
    assert items_count({"puts": [[0, "e", "o"]]}) == 1
    assert items_count({"entry": {"tick": 1}}) == 0
