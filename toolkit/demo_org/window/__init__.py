"""The org's window for a person: a page at ``/`` that shows what is in the org and plays what happens in a CRM.

It shows records and what changed in them, the latest API calls as they come in, faults to switch on, and a button each
for a CRM user's edit, merge and delete. The page is plain HTML with its own script and style; nothing comes from
elsewhere. It stands beside the APIs, not behind them: it is in no log of calls and no fault touches it.
"""

from toolkit.demo_org.window.routes import window_routes

__all__ = ["window_routes"]
