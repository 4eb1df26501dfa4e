"""What every widget of ours is: a box of live controls in a notebook, and the same content as static HTML elsewhere."""

from typing import Any

import ipywidgets

from toolkit.errors import ToolkitError


class NotebookWidget(ipywidgets.VBox):
    """A widget with a static twin. Subclasses fill `children` and return their content from `html`."""

    def html(self) -> str:
        """Return the content as static HTML."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        live = super()._repr_mimebundle_(**options) or {}
        bundle = live[0] if isinstance(live, tuple) else live
        return {**bundle, "text/plain": type(self).__name__, "text/html": self.html()}


class Message(ipywidgets.Label):
    """A line that says how the last action went. Shown as text, never as HTML, and read out by a screen reader."""

    def say(self, text: str) -> None:
        """Show an outcome."""
        self.style.text_color = None
        self.value = text

    def complain(self, error: ToolkitError) -> None:
        """Show an error: what happened and what to do next."""
        self.style.text_color = "#c62828"
        self.value = f"{error.message} {error.hint}"
