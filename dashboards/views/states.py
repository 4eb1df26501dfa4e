"""What is shown when there is nothing to show, or when something needs a hand first: what it is, and the next step."""

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


def freshness(snapshot: Snapshot) -> pn.pane.HTML:
    """Return the line that says how old everything below it is."""
    pulled = snapshot.pulled_at
    read = f"Salesforce read {theme.age(pulled, snapshot.now)}" + (f" ({theme.moment(pulled)})" if pulled else "")
    scored = f"Scores as of {theme.day(snapshot.scored_as_of)} · " if snapshot.scored_as_of else ""
    return parts.html(f'<p class="quiet">{scored}{read}</p>')
