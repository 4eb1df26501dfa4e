"""The linters are part of the tests: what lands is formatted, linted and typed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHECKS = {
    "formatted": ["ruff", "format", "--check", "."],
    "linted": ["ruff", "check", "."],
    "typed": ["mypy"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_code_is(check):
    done = subprocess.run([sys.executable, "-m", *CHECKS[check]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_this_machine_or_a_registry():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    forbidden = [
        "/wo" + "rk/",
        "/ro" + "ot/",
        "pypi" + ".org",
        "files.pythonhosted" + ".org",
        "registry.npmjs" + ".org",
    ]
    guilty = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".parquet"} or not path.exists():
            continue
        text = path.read_text("utf-8", errors="replace")
        guilty += [f"{name}: {word}" for word in forbidden if word in text]
    assert not guilty
