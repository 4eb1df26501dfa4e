"""The rules that keep the package easy to find one's way in: one door to each library, a pure core, no cycles.

The imports are read from the source as text, so a rule is broken the moment somebody writes the import, wherever it
stands in the file.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import toolkit

ROOT = Path(__file__).parent.parent

DOORS = {
    "simple_salesforce": ("toolkit.salesforce",),
    "requests": ("toolkit.salesforce",),
    # Also the customer's own SQLite files: by the same library as the store, because two drop each other's locks.
    "sqlite3": ("toolkit.store", "toolkit.demo_org", "toolkit.sources.databases"),
    "sqlite_utils": ("toolkit.store",),
    "ipywidgets": ("toolkit.widgets",),
    "anywidget": ("toolkit.widgets",),
    "panel": ("dashboards",),
    "panel_material_ui": ("dashboards",),
    "apscheduler": ("toolkit.schedule",),
    "rich": ("toolkit.cli", "toolkit.console", "toolkit.tour"),
    "cyclopts": ("toolkit.cli",),
    "starlette": ("toolkit.demo_org",),
    "uvicorn": ("toolkit.demo_org",),
    "fastexcel": ("toolkit.sources.workbooks",),
    "narwhals": ("toolkit.sources.usage_events",),
    "tldextract": ("toolkit.matching.domains",),
    "phonenumbers": ("toolkit.matching.phones",),
    "anyascii": ("toolkit.matching.names",),
}
"""Library -> the packages that may import it."""

PURE = (
    "toolkit.frames",
    "toolkit.compounds",
    "toolkit.lineage.lineage",
    "toolkit.lineage.words",
    "toolkit.values",
    "toolkit.errors",
    "toolkit.config.models",
    "toolkit.config.health",
    "toolkit.config.interactions",
    "toolkit.config.match_rules",
    "toolkit.config.filters",
    "toolkit.sources.belonging",
    "toolkit.sources.column_types",
    "toolkit.sources.local_formats",
    "toolkit.sources.metrics",
    "toolkit.sources.needs",
    "toolkit.sources.nps",
    "toolkit.sources.old_workbooks",
    "toolkit.sources.periods",
    "toolkit.sources.rejects",
    "toolkit.sources.tables",
    "toolkit.sources.usage_events",
    "toolkit.importing.agreements",
    "toolkit.importing.agreement_remarks",
    "toolkit.importing.contract_dates",
    "toolkit.revenue",
    "toolkit.pulling.conditions",
    "toolkit.pulling.scope",
    "toolkit.importing.records_here",
    "toolkit.importing.adoption",
    "toolkit.importing.contacts",
    "toolkit.importing.derived",
    "toolkit.importing.domains",
    "toolkit.importing.emails",
    "toolkit.importing.exclusions",
    "toolkit.importing.extras",
    "toolkit.importing.hierarchy",
    "toolkit.importing.interaction_columns",
    "toolkit.importing.interactions",
    "toolkit.importing.judging",
    "toolkit.importing.leaving",
    "toolkit.importing.members",
    "toolkit.importing.preview",
    "toolkit.importing.records",
    "toolkit.importing.stacking",
    "toolkit.importing.users",
    "toolkit.matching",
    "toolkit.health",
    "toolkit.writeback.planning.sides",
    "toolkit.writeback.planning.digest",
    "toolkit.writeback.planning.sentences",
    "toolkit.writeback.planning.rules",
    "toolkit.writeback.planning.advice",
    "toolkit.writeback.committing.remedies",
    "toolkit.writeback.planning.plan",
    "toolkit.writeback.planning.pulse",
    "toolkit.writeback.planning.grouping",
    "toolkit.writeback.planning.merge",
    "toolkit.writeback.planning.preflight",
    "toolkit.writeback.planning.finding",
    "toolkit.writeback.planning.field_kinds",
    "toolkit.writeback.planning.record_rules",
    "toolkit.writeback.planning.references",
    "toolkit.writeback.planning.cost",
    "toolkit.writeback.planning.structural_cost",
    "toolkit.writeback.committing.ordering",
    "toolkit.writeback.undoing.undo",
    "toolkit.writeback.committing.settling",
    "toolkit.writeback.planning.creating",
    "toolkit.writeback.planning.refusing",
    "toolkit.writeback.committing.recognising",
    "toolkit.writeback.undoing.uncreating",
    "toolkit.writeback.planning.editing",
    "toolkit.writeback.planning.entering",
    "toolkit.writeback.planning.repairing",
    "toolkit.writeback.restructuring.deleting",
    "toolkit.writeback.restructuring.field_creation",
    "toolkit.writeback.planning.irreversible",
    "toolkit.writeback.restructuring.merging",
    "toolkit.writeback.undoing.selecting",
    "toolkit.writeback.undoing.undeleting",
    "toolkit.writeback.undoing.whole_records",
    "toolkit.writeback.planning.rule_names",
    "toolkit.writeback.planning.deciding",
    "toolkit.writeback.planning.excluding",
    "toolkit.writeback.planning.comparing",
    "toolkit.writeback.planning.nesting",
    "toolkit.writeback.planning.listing",
    "toolkit.writeback.planning.braking",
    "toolkit.writeback.planning.approving",
    "toolkit.writeback.planning.retrying",
    "toolkit.data_quality",
    "toolkit.summaries",
    "toolkit.engagement",
)
"""Frames in, frames out: no clock, file, network or randomness."""

IMPURE_MODULES = {
    "time", "random", "secrets", "socket", "ssl", "subprocess", "threading", "shutil", "tempfile", "io", "os",
    "urllib.request", "http.client", "requests", "sqlite3", "uuid", "logging",
}  # fmt: skip
IMPURE_CALLS = {"now", "utcnow", "today", "open", "read_text", "write_text", "read_bytes", "write_bytes", "sleep"}
SHELL = (
    "toolkit.salesforce",
    "toolkit.store",
    "toolkit.workspace",
    "toolkit.widgets",
    "toolkit.cli",
    "toolkit.demo_org",
)


def modules() -> dict[str, Path]:
    """Return every module of the project by its dotted name."""
    found = {}
    for package in ("toolkit", "dashboards"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def imports(name: str) -> set[str]:
    """Return the dotted names that a module imports, wherever in the file the import stands."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            submodules = {f"{base}.{alias.name}" for alias in node.names} & set(MODULES)
            found.update(submodules or {base})
            if len(submodules) < len(node.names):
                found.add(base)
    return found


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def test_there_are_modules_to_judge():
    assert len(MODULES) > 30
    assert "simple_salesforce" in imports("toolkit.salesforce.org") | imports("toolkit.salesforce.login") | imports(
        "toolkit.salesforce.wire"
    )


@pytest.mark.parametrize("library", DOORS)
def test_each_library_has_one_door(library):
    users = [name for name in MODULES if any(within(each, (library,)) for each in imports(name))]
    strangers = [name for name in users if not within(name, DOORS[library])]
    assert not strangers, f"{library} may only be imported under {DOORS[library]}"


def test_the_demo_org_knows_nothing_of_the_rest():
    for name in MODULES:
        if within(name, ("toolkit.demo_org",)):
            foreign = {each for each in imports(name) if within(each, ("toolkit", "dashboards"))}
            assert all(within(each, ("toolkit.demo_org",)) for each in foreign), f"{name} imports {foreign}"


def pure_modules() -> list[str]:
    return [name for name in MODULES if within(name, PURE)]


@pytest.mark.parametrize("name", pure_modules())
def test_the_core_is_pure(name):
    used = imports(name)
    assert not used & IMPURE_MODULES, f"{name} imports {used & IMPURE_MODULES}"
    assert not [each for each in used if within(each, SHELL) and each not in PURE_VIEWS_OF_SHELL]
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(TREES[name])
        if isinstance(node, ast.Call)
    }
    assert not called & IMPURE_CALLS, f"{name} calls {called & IMPURE_CALLS}"


PURE_VIEWS_OF_SHELL = {"toolkit.salesforce.describe", "toolkit.salesforce.listviews", "toolkit.salesforce.soql"}
"""What the core may know of the shell: the value objects in which Salesforce describes a field or a list view, and how
SOQL is written."""


def test_no_module_imports_itself_in_a_circle():
    graph = {name: imports(name) & set(MODULES) - {name} for name in MODULES}
    for name, used in graph.items():  # a package's __init__ runs before its modules, by Python's own rule
        graph[name] = {each for each in used if not within(name, (each,))}
    order = tuple(TopologicalSorter(graph).static_order())
    assert len(order) == len(MODULES)


def test_no_type_checking_imports_hide_a_circle():
    hidden = [name for name, tree in TREES.items() if "TYPE_CHECKING" in ast.dump(tree)]
    assert not hidden


def test_no_module_is_a_drawer_for_leftovers():
    drawers = {"utils", "util", "common", "helpers", "helper", "misc", "base"}
    assert not [name for name in MODULES if name.rpartition(".")[2] in drawers]


def test_every_package_and_module_says_what_it_is_for():
    silent = [name for name, tree in TREES.items() if tree.body and not ast.get_docstring(tree)]
    assert not silent


def test_the_public_names_are_these():
    assert toolkit.__all__ == sorted(toolkit.__all__)
    assert set(toolkit.__all__) == {
        "Commit", "Plan", "Run", "Settings", "ToolkitError", "Workspace", "connect", "__version__",
    }  # fmt: skip
    assert all(hasattr(toolkit, name) for name in toolkit.__all__)
