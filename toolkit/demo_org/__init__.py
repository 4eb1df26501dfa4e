"""A Salesforce for people who have none: its own APIs over HTTPS on this machine, filled with a sample company.

    with DemoOrg.start(accounts=500, seed=1) as org:
        ...  # a Salesforce client can log in at org.url, trusting org.ca_file

Run as a process with ``python -m toolkit.demo_org``. Nothing here imports the rest of the toolkit.
"""

from toolkit.demo_org.server import DemoOrg, serve

__all__ = ["DemoOrg", "serve"]
