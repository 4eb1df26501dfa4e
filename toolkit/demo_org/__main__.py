"""``python -m toolkit.demo_org``: run a demo org until it is interrupted."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from toolkit.demo_org.database import FileFormatError
from toolkit.demo_org.server import DemoOrg, serve


def main(arguments: list[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.demo_org", description="A Salesforce org on loopback.")
    parser.add_argument("--port", type=int, default=8443, help="where to answer; 0 takes a free port")
    parser.add_argument("--accounts", type=int, default=500, help="how many accounts the sample company has")
    parser.add_argument("--seed", type=int, default=1, help="which sample company")
    parser.add_argument("--db", type=Path, help="a file that keeps the org; without it everything is gone at the end")
    parser.add_argument("--now", type=_moment, help="freeze the org's clock here, such as 2026-11-02T08:00:00Z")
    chosen = parser.parse_args(arguments)
    try:
        serve(chosen.port, chosen.accounts, chosen.seed, chosen.db, chosen.now, ready=announce)
    except FileFormatError as error:
        sys.exit(str(error))


def announce(org: DemoOrg) -> None:
    """Print how to log in, and where a person looks in."""
    for name in (
        *("url", "ca_file", "client_id", "client_secret", "refresh_token"),
        *("password", "security_token", "control_token"),
    ):
        sys.stdout.write(f"{name:<14} {getattr(org, name)}\n")
    sys.stdout.write(f"{'window':<14} {org.url}/ in a browser, which warns that the certificate is the org's own\n")
    sys.stdout.flush()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
