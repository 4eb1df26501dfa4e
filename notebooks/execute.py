"""Executes the notebooks and saves them the one way they are saved: run top to bottom, cells numbered from 1, nothing
in them that would differ the next time.

    python notebooks/execute.py               execute and save every notebook
    python notebooks/execute.py --check       execute, save nothing, fail when a saved notebook is not what it gives
    python notebooks/execute.py 00_tour.ipynb only that one
"""

import argparse
import difflib
import sys
from pathlib import Path

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # spares jsonschema a grammar of 3 s

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

FOLDER = Path(__file__).parent
KEPT_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main() -> int:
    """Execute, and save or compare; return an exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=Path, help="file names in this folder; all of them by default")
    parser.add_argument("--check", action="store_true", help="compare with what is saved instead of saving")
    options = parser.parse_args()
    paths = [FOLDER / path.name for path in options.notebooks] or sorted(FOLDER.glob("*.ipynb"))
    differing = [path for path in paths if not settle(path, check=options.check)]
    for path in differing:
        print(f"{path.name}: not as executed; save it with: python notebooks/execute.py {path.name}")
    return 1 if differing else 0


def settle(path: Path, *, check: bool) -> bool:
    """Execute one notebook; save it, or with `check` return whether the saved bytes are the executed ones."""
    saved = path.read_text("utf-8")
    text = executed(saved)
    if check:
        sys.stdout.writelines(list(difflib.unified_diff(saved.splitlines(True), text.splitlines(True), n=1))[:60])
        return saved == text
    path.write_text(text, "utf-8")
    print(f"{path.name}: {len(text) // 1024} KB")
    return True


def executed(text: str) -> str:
    """Return the notebook as it reads after a run from the first cell to the last."""
    notebook = nbformat.reads(text, as_version=4)
    place = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    notebook.metadata = nbformat.from_dict(KEPT_METADATA)
    count = 0
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02d}"
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        cell.outputs = [stable(output, count) for output in joined(cell.outputs)]
    return nbformat.writes(notebook) + "\n"


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Return outputs with what was printed in a row as one: how a kernel cuts it into pieces is a matter of time."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        before = kept[-1] if kept else None
        if before and output.output_type == before.output_type == "stream" and output.name == before.name:
            before.text += output.text
        else:
            kept.append(output)
    return kept


def stable(output: nbformat.NotebookNode, count: int) -> nbformat.NotebookNode:
    """Return an output without what changes from run to run: counters, and the kernel-side id of a live widget."""
    if output.output_type == "execute_result":
        output.execution_count = count
    if "data" in output:
        output.data.pop("application/vnd.jupyter.widget-view+json", None)
    return output


if __name__ == "__main__":
    sys.exit(main())
