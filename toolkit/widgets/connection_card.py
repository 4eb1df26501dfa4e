"""The connection card: which org this workspace talks to, as whom, and what is left of its API allowance."""

import ipywidgets

from toolkit.connecting import ConnectionCard as Connection
from toolkit.errors import ToolkitError
from toolkit.widgets.notebook_widget import Message, NotebookWidget, button, row
from toolkit.widgets.twin import facts_html, plural
from toolkit.workspace import Workspace

NEARLY_USED_UP = 0.9


class ConnectionCard(NotebookWidget):
    """Shows `ws.connection()`. *Look again* asks the org anew; *Refresh fields* reads its fields afresh (CAT-21)."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._connection: Connection | None = None
        self.facts = ipywidgets.HTML()
        self.allowance = ipywidgets.IntProgress(
            description="API calls today",
            layout=ipywidgets.Layout(width="360px"),
            style={"description_width": "initial"},
        )
        self.used = ipywidgets.Label()
        self.look_again = button("Look again", "Ask the org again who we are and what is left", icon="refresh")
        self.refresh_fields = button(
            "Refresh fields", "A field created in Salesforce a moment ago can be mapped after this", icon="list"
        )
        self.message = Message()
        self.look_again.on_click(lambda _button: self.connect())
        self.refresh_fields.on_click(lambda _button: self.refresh())
        self.children = (
            self.facts,
            row(self.allowance, self.used),
            row(self.look_again, self.refresh_fields),
            self.message,
        )
        self.connect()

    def connect(self) -> None:
        """Ask the org who we are and show it; show the error and what to do when it does not answer."""
        self._connection = None
        try:
            self._workspace.org.limits()
            self._connection = self._workspace.connection()
            self.message.say("")
        except ToolkitError as error:
            self.message.complain(error)
        self._show()

    def refresh(self) -> None:
        """Read the fields of the mapped object afresh."""
        try:
            count = self._workspace.refresh_fields()
            self.message.say(f"{plural(count, 'field')} of {self._workspace.mapped().sobject} read afresh.")
        except ToolkitError as error:
            self.message.complain(error)

    def summary(self) -> str:
        """Return who we are and where, in a line."""
        card = self._connection
        return f"Connected to {card.org_name} as {card.username}" if card else f"Not connected. {self.message.text}"

    def html(self) -> str:
        """Return the card as static HTML, without what differs from one machine or hour to the next."""
        card = self._connection
        if card is None:
            return facts_html("Not connected to Salesforce", {"Reason": self.message.text} if self.message.text else {})
        kind = "demo org on this machine" if card.login == "demo" else "sandbox" if card.is_sandbox else "production"
        facts: dict[str, object] = {
            "Org": card.org_name,
            "Org ID": card.org_id,
            "Kind": kind,
            "Signed in as": card.username,
            "API version": card.api_version,
        }
        return facts_html("Connected to Salesforce", facts)

    def _show(self) -> None:
        card = self._connection
        self.facts.value = self.html() if card else facts_html("Not connected to Salesforce", {})
        self.allowance.layout.display = self.used.layout.display = None if card else "none"
        self.refresh_fields.disabled = card is None
        if card is None:
            return
        self.allowance.max = max(1, card.daily_max)
        self.allowance.value = min(card.daily_used, card.daily_max)
        short = card.daily_used > NEARLY_USED_UP * card.daily_max
        self.allowance.bar_style = "danger" if short else "success"
        left = max(0, card.daily_max - card.daily_used)
        self.used.value = (
            f"{card.daily_used:,} of {card.daily_max:,} used, {left:,} left{': nearly used up' if short else ''}"
        )
