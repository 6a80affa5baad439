"""The import rule and the house rules, read from tables and held against every module.

Data flows one way: wire, model, reference backends, strategies, machines, runner, results,
report. A row of :data:`LAYERS` names a layer, the modules in it and the layers that these may
import; whatever is not named is forbidden. A new module without a row fails here.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("telltale_spec", "strategies", "conformance")


@dataclass(frozen=True)
class Layer:
    """Name a layer, the module prefixes in it, and the layers that it may import."""

    name: str
    prefixes: tuple[str, ...]
    may_import: tuple[str, ...]


# What a backend is judged by, and what it is judged with; no concrete backend among it.
_REFERENCE = ("errors", "wire", "model", "contract")
_ENGINE = (
    *(*_REFERENCE, "system", "handlers", "requirements", "run errors"),
    *("results", "subject", "rules"),
)
_RUN = (*_ENGINE, "engine", "machines", "registry", "targets", "shipped")

LAYERS = (
    Layer("errors", ("telltale_spec.errors",), ()),
    # What differs between operating systems; everything that touches files or processes asks it.
    Layer("system", ("telltale_spec.operating_system",), ()),
    Layer("wire", ("telltale_spec.wire",), ("errors",)),
    Layer("model", ("telltale_spec.model",), ("errors", "wire")),
    Layer("contract", ("telltale_spec.backends.contract",), ("errors", "wire")),
    Layer("backends", ("telltale_spec.backends",), (*_REFERENCE, "system")),
    Layer("handlers", ("telltale_spec.handlers",), _REFERENCE),
    # Components that mend what the reference shows; nothing of the reference knows them.
    Layer("hardened", ("telltale_spec.hardened",), (*_REFERENCE, "handlers")),
    # The table of contents is for users; our own modules name the module they mean.
    Layer("contents", ("telltale_spec",), (*_REFERENCE, "backends", "handlers", "hardened")),
    # Strategies fit any system, so they know no backend.
    Layer("strategies", ("strategies",), ("errors", "wire", "model")),
    Layer("requirements", ("conformance.requirements",), ()),
    Layer(
        "run errors",
        ("conformance.errors", "conformance.exit_status", "conformance.profile_names"),
        ("errors",),
    ),
    Layer("terminal", ("conformance.run.progress", "conformance.run.terminal_text"), ()),
    # What a run says and keeps. The form of a value follows from its type, whichever that is.
    Layer("results", ("conformance.records",), ("errors", "wire", "requirements", "run errors")),
    Layer(
        "subject",
        (
            *("conformance.backend", "conformance.backend_code", "conformance.life_cycle"),
            *("conformance.memory", "conformance.pauses", "conformance.within_lines"),
        ),
        (*_REFERENCE, "handlers", "requirements", "run errors"),
    ),
    # What answers mean: no driver, no engine, no file.
    Layer("rules", ("conformance.rules",), ("errors", "wire", "model")),
    # Histories of calls that overlap; who made them is not known here.
    Layer("concurrency", ("conformance.concurrency",), ("errors", "wire", "model", "rules")),
    # Oracles judge the model too, so they share nothing with it but the records.
    Layer(
        "oracles",
        ("conformance.rules.oracles", "conformance.rules.plain_trees"),
        ("errors", "wire"),
    ),
    Layer("soundness", ("conformance.rules.soundness",), ("errors", "wire", "model", "oracles")),
    Layer("engine", ("conformance.engine",), _ENGINE),
    # A recorded history is judged by the model alone, with no backend around.
    Layer(
        "history",
        ("conformance.history",),
        ("errors", "wire", "model", "requirements", "run errors", "results", "rules"),
    ),
    # Both ends of the protocol; the machines do not know which door a backend came through.
    Layer(
        "door",
        ("conformance.door",),
        (*_REFERENCE, "system", "handlers", "requirements", "run errors", "subject"),
    ),
    # What the suite kills that is no process of the backend's.
    Layer("servers", ("conformance.servers",), ("system", "run errors", "subject")),
    # Drives a child through the door and judges what is left of its files.
    Layer("crashes", ("conformance.crashes",), (*_ENGINE, "strategies", "engine", "door")),
    # Searches models of the specification; the reference comes in only to confirm what it shows.
    Layer("checker", ("conformance.checker",), ("errors", "run errors")),
    # Lets other checkers search the same tables; the search itself knows nothing of them.
    Layer(
        "comparing",
        ("conformance.checker.comparing",),
        ("errors", "system", "run errors", "checker"),
    ),
    # Concrete backends arrive in machines as factories, never as imports.
    Layer(
        "machines",
        ("conformance.machines",),
        (*_ENGINE, "strategies", "concurrency", "oracles", "soundness", "engine", "checker"),
    ),
    # Races of calls that are held, and of threads: what drives them, and what judges them.
    Layer(
        "races",
        ("conformance.races",),
        (*_ENGINE, "concurrency", "engine", "door", "crashes", "machines"),
    ),
    # The list of all suites, whichever driver they are of.
    Layer(
        "registry",
        ("conformance.machines.registry",),
        (*_ENGINE, "engine", "machines", "crashes", "races"),
    ),
    Layer("runner", ("conformance.run",), (*_ENGINE, "engine", "machines", "registry")),
    # Reports are made from results alone.
    Layer("report", ("conformance.report",), ("requirements", "run errors", "terminal", "results")),
    # What searches of models found, as pages: those are made from other results than a run's.
    Layer(
        "models report",
        ("conformance.report.models",),
        ("run errors", "report", "checker"),
    ),
    Layer(
        "vectors",
        ("conformance.vectors",),
        (*_REFERENCE, "backends", "handlers", "run errors", "terminal"),
    ),
    Layer(
        "inspection", ("conformance.commands.inspection",), (*_REFERENCE, "run errors", "terminal")
    ),
    Layer(
        "targets",
        ("conformance.run.parts", "conformance.run.targets", "conformance.run.user_code"),
        (*_ENGINE, "engine"),
    ),
    Layer("shipped", ("conformance.run.shipped",), (*_ENGINE, "backends")),
    Layer(
        "differential",
        ("conformance.differential",),
        (*_REFERENCE, "run errors", "subject", "vectors"),
    ),
    Layer("places", ("conformance.run.places",), (*_RUN, "door")),
    Layer(
        "worker",
        ("conformance.run.worker", "conformance.run.judging", "conformance.run.jobs"),
        (*_RUN, "runner", "door", "places", "servers"),
    ),
    # Many judgements, each the worker's own; who carries them out may be anybody's.
    Layer("campaigns", ("conformance.campaigns",), (*_RUN, "runner", "crashes", "races", "worker")),
    # Measures any backend; the checks of it are the worker's.
    Layer("bench", ("conformance.bench",), (*_RUN, "backends", "strategies", "door")),
    # Programs of their own that we only carry: they import nothing of ours.
    Layer("harness templates", ("conformance.harness_templates",), ()),
    Layer("harness folder", ("conformance.door.harness_folder",), ("run errors",)),
    Layer(
        "worlds",
        ("conformance.checker.worlds",),
        (*_REFERENCE, "backends", "handlers", "hardened", "soundness", "checker"),
    ),
    # Shows what the reference does, so it may use all of it.
    Layer(
        "findings",
        ("conformance.findings",),
        (*_ENGINE, "backends", "hardened", "engine", "machines", "registry", "checker", "worlds"),
    ),
    # What users call: the functions, the plugin and the command line.
    Layer(
        "doors",
        (
            "conformance",
            "conformance.__main__",
            "conformance.checks",
            "conformance.commands",
            "conformance.pytest_plugin",
        ),
        (
            *_RUN,
            "runner",
            "report",
            "models report",
            "terminal",
            "vectors",
            "inspection",
            "places",
            "servers",
            "worker",
            "campaigns",
            "door",
            "crashes",
            "history",
            "differential",
            "bench",
            "harness folder",
            "checker",
            "comparing",
            "worlds",
            "findings",
        ),
    ),
)

# Their package files are rows of their own; what else is in them needs its own row.
PACKAGE_FILES = ("conformance", "telltale_spec")

# Third-party packages, each with the only prefixes that may import it.
THIRD_PARTY = {
    "cbor2": ("telltale_spec.wire", "strategies", "conformance"),
    "distributed": ("conformance.campaigns.dask_executor",),
    "dataclasses_json": ("telltale_spec.wire", "conformance"),
    "hypothesis": ("strategies", "conformance"),
    "jinja2": ("conformance.report",),
    "jsonschema": ("conformance.door.published",),
    "markupsafe": ("conformance.report",),
    "lmdb": ("telltale_spec.backends.lmdb",),
    "nats": ("telltale_spec.backends.nats_link",),
    "numba": ("conformance.checker",),
    "numpy": ("conformance.checker",),
    "psycopg": (
        "telltale_spec.backends.postgresql",
        "telltale_spec.backends.postgresql_sessions",
    ),
    "pytest": ("conformance",),
    "redis": ("telltale_spec.backends.redis",),
    "rich": ("conformance",),
    "rocksdict": ("telltale_spec.backends.rocksdb",),
}

# Modules whose answers depend on their arguments alone.
PURE_PREFIXES = (
    "telltale_spec",
    "strategies",
    "conformance.concurrency",
    "conformance.machines",
)
IMPURE_MODULES = ("datetime", "random", "secrets", "time", "uuid")

MODULE_CODE_LINES_MAX = 300
FUNCTION_LINES_MAX = 70
# Tokens that make no line one of code.
_NO_CODE = (
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
)

# Exemptions, each with its reason. One that is no longer needed fails.
LONG_MODULES: dict[str, str] = {
    "conformance.machines.confusable_groups": "one flat table of texts, and nothing else",
    "conformance.requirements.decode": "one flat table, a row for each rule of the readers",
    "telltale_spec.wire.requests": "one flat list of records, the vocabulary of one upstream file",
}
LONG_FUNCTIONS: dict[str, str] = {}
IMPURE_IMPORTS: dict[str, str] = {
    # What is stored may have an age at which it goes, and age takes time.
    "conformance.machines.rests": "asks nothing for a while; the verdict does not see a clock",
    # A schedule is left to luck, with seeded pauses that make others take their turn.
    "conformance.machines.overlapping": "pauses between the steps of calls that race",
    # When a server dies is left to luck, and it takes its time to come back.
    "conformance.machines.outages": "waits for a server to be gone and to be back",
    "conformance.machines.server_kills": "waits until a server that was started again serves",
}


@dataclass(frozen=True)
class Module:
    """One module of ours: its dotted name, its lines of code and its syntax tree."""

    name: str
    is_package: bool
    code_lines_count: int
    tree: ast.Module

    @classmethod
    def from_path(cls, path: Path) -> Module:
        """Return the module of a source file below the root."""
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        text = path.read_text(encoding="utf-8")
        name = ".".join(parts[:-1] if is_package else parts)
        return cls(name, is_package, _code_lines_count(text), ast.parse(text, str(path)))

    @cached_property
    def imported_names(self) -> tuple[str, ...]:
        """Every dotted name that is imported, at the top or inside a function.

        ``from a import b`` gives ``a.b``, as ``b`` may be a module.
        """
        names: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                names += [f"{base}.{alias.name}" for alias in node.names]
        return tuple(names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        package = self.name.split(".")
        package = package[: len(package) - node.level + self.is_package]
        return ".".join([*package, *([node.module] if node.module else [])])

    def functions(self) -> Iterator[tuple[str, int]]:
        """Yield each function's dotted name and its lines without the docstring."""
        for name, node in _functions(self.tree, self.name):
            yield name, _function_lines(node)


@cache
def _modules() -> tuple[Module, ...]:
    """Return every module of ours but the tests; read when a test asks, not when it is found."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return tuple(Module.from_path(path) for path in paths if "tests" not in path.parts)


def _functions(
    node: ast.AST, prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{prefix}.{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield name, child
        yield from _functions(child, name)


def _code_lines_count(text: str) -> int:
    """Return how many lines hold code; comments, docstrings and empty lines hold none."""
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - _docstring_lines(ast.parse(text)))


def _docstring_lines(tree: ast.Module) -> set[int]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = (
        node.body[0]
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None
    )
    return {
        line
        for docstring in docstrings
        for line in range(docstring.lineno, (docstring.end_lineno or docstring.lineno) + 1)
    }


def _function_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    count = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node, clean=False) is not None:
        docstring = node.body[0]
        count -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return count


def _is_under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def _in_row(name: str, prefix: str) -> bool:
    return name == prefix if prefix in PACKAGE_FILES else _is_under(name, prefix)


def _layer(name: str) -> Layer | None:
    """Return the layer with the longest prefix of a module's name."""
    found = [
        (len(prefix), layer)
        for layer in LAYERS
        for prefix in layer.prefixes
        if _in_row(name, prefix)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _forbidden_imports(module: Module) -> list[str]:
    """Return a sentence for each import of ours that no row allows."""
    own = _layer(module.name)
    if own is None:
        return [f"{module.name} has no row in LAYERS"]
    problems = []
    for name in module.imported_names:
        if not any(_is_under(name, package) for package in PACKAGES):
            continue
        # What is no module is a name inside of one.
        imported = name if name in _module_names() else name.rpartition(".")[0]
        other = _layer(imported)
        if other is not own and (other is None or other.name not in own.may_import):
            layer_name = other.name if other else "no row"
            problems.append(f"{module.name} ({own.name}) imports {name} ({layer_name})")
    return problems


def _swallows_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    catches_all = isinstance(handler.type, ast.Name) and handler.type.id in (
        "BaseException",
        "Exception",
    )
    return catches_all and all(isinstance(item, (ast.Pass, ast.Continue)) for item in handler.body)


@cache
def _module_names() -> frozenset[str]:
    return frozenset(module.name for module in _modules())


def _parsed(name: str, text: str, *, is_package: bool = False) -> Module:
    return Module(name, is_package, _code_lines_count(text), ast.parse(text))


def test_imports_point_to_the_left() -> None:
    """A module imports only its own layer and the layers that its row names."""
    assert [problem for module in _modules() for problem in _forbidden_imports(module)] == []


def test_third_party_packages_stay_where_they_belong() -> None:
    """A library is imported only under the prefixes of its row."""
    problems = [
        f"{module.name} imports {library}"
        for module in _modules()
        for name in module.imported_names
        for library, prefixes in THIRD_PARTY.items()
        if _is_under(name, library)
        and not any(_is_under(module.name, prefix) for prefix in prefixes)
    ]

    assert problems == []


def test_modules_are_short() -> None:
    """No module has more code than MODULE_CODE_LINES_MAX; an exemption dies with its need."""
    long = {
        module.name: module.code_lines_count
        for module in _modules()
        if module.code_lines_count > MODULE_CODE_LINES_MAX
    }

    assert sorted(long) == sorted(LONG_MODULES), long


def test_functions_are_short() -> None:
    """A function has at most FUNCTION_LINES_MAX lines, not counting its docstring."""
    long = {
        name: count
        for module in _modules()
        for name, count in module.functions()
        if count > FUNCTION_LINES_MAX
    }

    assert sorted(long) == sorted(LONG_FUNCTIONS), long


def test_answers_do_not_depend_on_clocks_or_chance() -> None:
    """The reference, the strategies and the rules take clocks and randomness as arguments."""
    impure = {
        module.name
        for module in _modules()
        if any(_is_under(module.name, prefix) for prefix in PURE_PREFIXES)
        for name in module.imported_names
        if any(_is_under(name, prefix) for prefix in IMPURE_MODULES)
    }

    assert sorted(impure) == sorted(IMPURE_IMPORTS)


def test_no_exception_is_swallowed_unseen() -> None:
    """There is no bare except, and no handler of everything that does nothing."""
    places = [
        f"{module.name}, line {node.lineno}"
        for module in _modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and _swallows_everything(node)
    ]

    assert places == []


def test_every_row_is_in_use() -> None:
    """Every prefix of a layer and every exemption matches a module that exists."""
    names = [module.name for module in _modules()]
    prefixes = [prefix for layer in LAYERS for prefix in layer.prefixes]
    prefixes += [*LONG_MODULES, *IMPURE_IMPORTS, *PURE_PREFIXES]
    unused = [prefix for prefix in prefixes if not any(_in_row(name, prefix) for name in names)]

    assert unused == []


def test_the_layers_have_no_cycle() -> None:
    """A row names only layers that stand above it in the table."""
    seen: set[str] = set()
    for layer in LAYERS:
        assert set(layer.may_import) <= seen, layer.name
        seen.add(layer.name)


def _circles(modules: tuple[Module, ...]) -> list[tuple[str, ...]]:
    """Return each group of modules that can all be reached from each other by imports."""
    names = {module.name for module in modules}
    imported = {
        module.name: sorted(
            {_home(name, names) for name in module.imported_names} - {"", module.name}
        )
        for module in modules
    }
    sorter = TopologicalSorter(imported)
    try:
        sorter.prepare()
    except CycleError as error:
        return [tuple(error.args[1])]
    return []


def _home(name: str, names: set[str]) -> str:
    """Return the module that an imported name is, or is in; nothing for others' modules."""
    return next((each for each in (name, name.rpartition(".")[0]) if each in names), "")


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions and for types alone count as well."""
    assert _circles(_modules()) == []


@pytest.mark.parametrize(
    "late", ["def f() -> None:\n    import a.one\n", "if TYPE_CHECKING:\n    from a.one import X\n"]
)
def test_a_circle_is_noticed(late: str) -> None:
    """It is named, module by module."""
    circle = (_parsed("a.one", "from a.two import Y"), _parsed("a.two", late))

    assert [set(each) for each in _circles(circle)] == [{"a.one", "a.two"}]
    assert _circles((circle[0], _parsed("a.two", "import b"))) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("telltale_spec.wire.broken", "from telltale_spec.model import recovery"),
        ("telltale_spec.wire.broken", "from ..backends.memory import InMemoryAgreementWal"),
        ("telltale_spec.model.broken", "def late():\n    import telltale_spec.backends.file"),
        ("telltale_spec.errors", "import telltale_spec"),
        ("telltale_spec.backends.broken", "from conformance import results"),
        ("strategies.broken", "import telltale_spec.backends.memory as memory"),
        ("strategies.broken", "from telltale_spec import InMemoryAgreementWal"),
        ("conformance.machines.broken", "from telltale_spec.backends.memory import X"),
        ("conformance.report.broken", "from conformance.run.runner import run_check"),
        ("conformance.new", ""),
        ("telltale_spec.new", ""),
    ],
)
def test_a_forbidden_import_is_noticed(name: str, text: str) -> None:
    """The check sees absolute, relative and late imports, and packages without a row."""
    assert len(_forbidden_imports(_parsed(name, text))) == 1


@pytest.mark.parametrize(
    ("is_package", "expected"),
    [(False, "telltale_spec.wire.codec.encode"), (True, "telltale_spec.wire.inner.codec.encode")],
)
def test_relative_imports_are_resolved(is_package: bool, expected: str) -> None:
    """One dot means the package itself in a package file, and its parent in a module."""
    text = "from .codec import encode"
    module = _parsed("telltale_spec.wire.inner", text, is_package=is_package)

    assert [expected] == list(module.imported_names)


@pytest.mark.parametrize(
    ("text", "swallows"),
    [
        ("try: f()\nexcept: g()", True),
        ("try: f()\nexcept Exception: pass", True),
        ("try: f()\nexcept Exception as error: raise E from error", False),
        ("try: f()\nexcept ValueError: pass", False),
    ],
)
def test_a_swallowed_exception_is_noticed(text: str, swallows: bool) -> None:
    """Only handlers of everything are judged, and only when they do nothing."""
    (handler,) = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler)]

    assert swallows == _swallows_everything(handler)


def test_docstrings_do_not_make_a_function_long() -> None:
    """Lines of the docstring are not counted, nested functions are."""
    docstring = '"""One.\n\n        Two.\n        """'
    text = f"class A:\n    def f(self):\n        {docstring}\n        return 1\n"

    assert list(_parsed("m", text).functions()) == [("m.A.f", 2)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ('"""One.\n\nTwo.\n"""\n', 0),
        ("# One.\n\nx = 1  # Two.\n", 1),
        ('def f():\n    """One."""\n    return """a\nb"""\n', 3),
        ("x = (\n    1,\n    # One.\n)\n", 3),
    ],
)
def test_only_code_makes_a_module_long(text: str, count: int) -> None:
    """Neither comments nor docstrings nor empty lines count; a text that is a value does."""
    assert _parsed("m", text).code_lines_count == count
