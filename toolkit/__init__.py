"""cs-toolkit: keep a customer-success team and Salesforce in agreement. `Workspace` is where to begin.

The public names are loaded when they are first used, so that ``cs-toolkit --help`` and the demo org do not wait for
what they never need.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

_HOMES = {
    "Commit": "toolkit.writeback.committing.commit",
    "Plan": "toolkit.writeback.planning.plan",
    "Run": "toolkit.runs",
    "Settings": "toolkit.config",
    "ToolkitError": "toolkit.errors",
    "Workspace": "toolkit.workspace",
    "connect": "toolkit.salesforce",
}

try:
    __version__ = version("cs-toolkit")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0"

__all__ = ["Commit", "Plan", "Run", "Settings", "ToolkitError", "Workspace", "__version__", "connect"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
