"""The objects of the demo org, one a file, as `toolkit.demo_org.schema` describes them."""

from toolkit.demo_org.objects.account import account
from toolkit.demo_org.objects.contact import contact
from toolkit.demo_org.objects.contract import contract
from toolkit.demo_org.objects.event import event
from toolkit.demo_org.objects.opportunity import opportunity
from toolkit.demo_org.objects.organization import organization
from toolkit.demo_org.objects.profile import profile
from toolkit.demo_org.objects.task import task
from toolkit.demo_org.objects.user import user
from toolkit.demo_org.schema import Schema


def standard_schema() -> Schema:
    """Return the schema a demo org starts with."""
    return Schema(
        make() for make in (account, contact, contract, event, opportunity, organization, profile, task, user)
    )
