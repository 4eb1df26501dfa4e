"""The connection card: which org this workspace talks to, as whom, and what is left of its API allowance."""

from html import escape

import ipywidgets

from toolkit.errors import ToolkitError
from toolkit.widgets.notebook_widget import Message, NotebookWidget
from toolkit.widgets.twin import facts_html
from toolkit.workspace import Workspace


class ConnectionCard(NotebookWidget):
    """Shows `ws.connection()`. *Try again* connects anew; *Refresh fields* reads the org's fields afresh (CAT-21)."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self.facts = ipywidgets.HTML()
        self.allowance = ipywidgets.IntProgress(
            description="API calls", layout=ipywidgets.Layout(width="420px"), style={"description_width": "70px"}
        )
        self.used = ipywidgets.Label()
        self.try_again = ipywidgets.Button(description="Try again", icon="refresh", tooltip="Connect and look again")
        self.refresh_fields = ipywidgets.Button(
            description="Refresh fields",
            icon="list",
            tooltip="A field created in Salesforce a moment ago shows up after this",
        )
        self.message = Message()
        self.try_again.on_click(lambda _button: self.connect())
        self.refresh_fields.on_click(lambda _button: self.refresh())
        self.children = (
            self.facts,
            ipywidgets.HBox([self.allowance, self.used]),
            ipywidgets.HBox([self.try_again, self.refresh_fields]),
            self.message,
        )
        self.connect()

    def connect(self) -> None:
        """Ask the org who we are and show it; show the error and what to do when it does not answer."""
        try:
            card = self._workspace.connection()
        except ToolkitError as error:
            self.facts.value = f"<b>Not connected</b><br>{escape(error.message)}"
            self.message.complain(error)
            return
        self.facts.value = self.html()
        self.allowance.max = max(1, card.daily_max)
        self.allowance.value = min(card.daily_used, card.daily_max)
        self.allowance.bar_style = "danger" if card.daily_used > 0.9 * card.daily_max else "success"
        self.used.value = f"{card.daily_used:,} of {card.daily_max:,} used today"
        self.message.say("Connected.")

    def refresh(self) -> None:
        """Read the fields of every mapped object afresh."""
        try:
            self.message.say(f"{self._workspace.refresh_fields():,} fields read afresh.")
        except ToolkitError as error:
            self.message.complain(error)

    def html(self) -> str:
        """Return the card as static HTML, without what differs from one machine or hour to the next."""
        card = self._workspace.connection()
        facts: dict[str, object] = {
            "Org": card.org_name,
            "Organization id": card.org_id,
            "Kind": "sandbox" if card.is_sandbox else "demo" if card.login == "demo" else "production",
            "Signed in as": card.username,
            "Login": card.login,
            "API version": card.api_version,
        }
        return facts_html("Connected to Salesforce", facts)
