"""What is shown when there is nothing to show, or when something needs a hand first: what it is, and the next step."""

from datetime import datetime

import panel as pn

from dashboards import theme
from dashboards.data import Snapshot
from dashboards.views import parts


def screen(snapshot: Snapshot) -> pn.Column | None:
    """Return the screen of a workspace that has no scores to show, or None when it has some."""
    if snapshot.state == "no_store":
        return parts.page(
            parts.screen(
                "There is no workspace here yet",
                f"The folder {snapshot.folder} holds no store, so there is nothing to show.",
                "Try everything on a demo company:",
                snapshot.command("demo"),
            )
        )
    if snapshot.state == "empty":
        return parts.page(
            parts.screen(
                "No account has a score yet",
                "The store is there, but the health step did not run on any account.",
                "Bring in the accounts, match them and score them:",
                *(snapshot.command(step) for step in ("pull", "match", "score")),
            )
        )
    if snapshot.state == "broken":
        return parts.page(parts.screen("Something has to be mended first", snapshot.problem, snapshot.remedy))
    return None


def refusal(user: str | None) -> pn.Column:
    """Return the screen of somebody whom the mapping file does not let look."""
    who = f"{user} is" if user else "You are"
    return parts.page(
        parts.screen(
            "You may not look at this workspace",
            f"{who} not named in the view list of the mapping file.",
            "Ask an admin to add you to [access] view in workspace.toml.",
        )
    )


def banners(snapshot: Snapshot) -> list[pn.viewable.Viewable]:
    """Return what has to be said above every view: a commit that did not finish, a last run that failed."""
    said: list[pn.viewable.Viewable] = []
    rows = snapshot.open_journal
    if rows.height:
        said.append(
            parts.notice(
                "warning",
                f"A commit did not finish: {theme.plural(rows.height, 'change is', 'changes are')} left open",
                "Whether Salesforce took them is not known. Resuming reads them back and settles each one; it writes "
                "nothing. The list is under Runs.",
                snapshot.command("resume"),
            )
        )
    failed = snapshot.last_failure
    if failed is not None:
        ended = failed["ended_at"] or failed["started_at"]
        said.append(
            parts.notice(
                "error",
                f"The last {failed['step']} failed {theme.age(ended, snapshot.now)}",
                failed["note"] or "It left no note.",
                snapshot.command("pull" if failed["step"] == "load" else failed["step"]),
                about="What is shown is from before. When the cause is mended, run it again:",
            )
        )
    return said


NEEDS = {"renewals": ("agreement",), "revenue": ("agreement",), "engagement": ("interaction", "contact")}
"""The roles of the objects that a view is about, beside accounts."""
PLURALS = {"agreement": "agreements", "interaction": "interactions", "contact": "contacts"}


def freshness(snapshot: Snapshot, view: str = "") -> pn.pane.HTML:
    """Return the line that says how old everything below it is: the scores, and what the view is about."""
    said = [f"Scores as of {theme.day(snapshot.scored_as_of)}"] if snapshot.scored_as_of else []
    roles = [role for role in NEEDS.get(view, ()) if snapshot.mapped(role)]
    said += [f"{PLURALS[role]} {_read(snapshot.read_at(role), snapshot)}" for role in roles]
    if not roles:
        said.append(f"Salesforce {_read(snapshot.pulled_at, snapshot)}")
    line = " · ".join(said)
    return parts.html(f'<p class="quiet">{theme.text(line[0].upper() + line[1:])}</p>')


def _read(at: datetime | None, snapshot: Snapshot) -> str:
    return f"read {theme.age(at, snapshot.now)} ({theme.moment(at)})" if at else "never read"


SECTIONS = {
    "agreement": """[objects.agreement]
sobject = "Opportunity"
mode = "input"

[objects.agreement.terms]
revenue = "arr"            # what the amount is of: a year, or "mrr" of a month
start = "Contract_Start__c"
end = { date = "Contract_End__c" }""",
    "interaction": """[objects.meeting]
sobject = "Event"
mode = "input"
create = true""",
    "contact": """[objects.contact]
sobject = "Contact"
mode = "input"
create = true
match = ["email = Email"]""",
    "member": """[sources.members]
path = "members.csv"
object = "member"
key = "email"
""",
}
"""What to add to the mapping file for each role, as a start; field names differ from org to org."""


def not_mapped(snapshot: Snapshot, role: str) -> str:
    """Return the sentence that says which section of the mapping file brings what is missing."""
    section = SECTIONS[role].splitlines()[0]
    name = PLURALS.get(role, f"{role}s")
    return f"No {name} are mapped. Add a section {section} to {snapshot.folder / 'workspace.toml'}."


def missing(snapshot: Snapshot, role: str, what: str) -> pn.Column:
    """Return the state of a view whose objects are not mapped, or are mapped and were not imported yet.

    `what` says in words what is missing without them.
    """
    steps = [
        snapshot.command(step) for step in (("load", "import") if role == "member" else ("pull", "match", "import"))
    ]
    if snapshot.mapped(role):
        title = f"No {PLURALS[role]} were imported yet"
        return parts.screen(title, what, "Read them from Salesforce and bring them in:", *steps)
    name = PLURALS.get(role, f"{role}s")
    about = (
        f"{what} The mapping file has no section for {name}. Add one to {snapshot.folder / 'workspace.toml'}, for "
        "example this one, with the names of your own fields:"
    )
    return parts.card(
        parts.html(
            f'<div class="screen"><h2>No {theme.text(name)} are mapped</h2><p class="quiet">{theme.text(about)}</p>'
            f"<pre>{theme.text(SECTIONS[role].strip())}</pre><p class='next'>Then bring them in:</p>"
            + "".join(f"<p><code>{theme.text(step)}</code></p>" for step in steps)
            + "</div>"
        )
    )
