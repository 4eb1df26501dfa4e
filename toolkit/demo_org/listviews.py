"""The list views of the org: saved questions that people in the CRM made, each with its filter, columns and scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.demo_org.ids import make_id

LIST_VIEW_PREFIX = "00B"
COLUMNS = ("Name", "Site", "BillingState", "Phone", "Type", "Owner.Alias")
"""The columns people see; Id and the three time stamps are there too, hidden."""


@dataclass(frozen=True)
class Condition:
    """One row of a list view's filter: a field, an operator in the API's spelling, and values as SOQL literals."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ListView:
    """A list view. `conditions` all have to hold; `scope` is None or ``mine``; `order_by` may end in ``DESC``."""

    number: int
    sobject: str
    label: str
    developer_name: str
    conditions: tuple[Condition, ...] = ()
    scope: str | None = None
    columns: tuple[str, ...] = COLUMNS
    order_by: str = "Name"

    @property
    def id(self) -> str:
        """The 18-character id."""
        return make_id(LIST_VIEW_PREFIX, self.number)


def standard_list_views() -> tuple[ListView, ...]:
    """Return the list views a demo org starts with."""
    customers = Condition("Type", "like", ("'Customer%'",))
    active = Condition("Active__c", "equals", ("TRUE",))
    enterprise = Condition("Segment__c", "equals", ("'Enterprise'",))
    with_role = Condition("CS_Role__c", "notEquals", ("NULL",))
    won = Condition("IsWon", "equals", ("TRUE",))
    deals = ("Name", "Account.Name", "Amount", "CloseDate", "StageName", "Owner.Alias")
    contacts = ("Name", "Account.Name", "Title", "Phone", "Email", "Owner.Alias")
    return (
        ListView(1, "Account", "All Accounts", "AllAccounts"),
        ListView(2, "Account", "Active Customers", "Active_Customers", (customers, active)),
        ListView(3, "Account", "My Accounts", "MyAccounts", scope="mine"),
        ListView(4, "Account", "Enterprise Customers", "Enterprise_Customers", (enterprise, customers)),
        ListView(5, "Account", "New This Week", "NewThisWeek", (Condition("CreatedDate", "equals", ("THIS_WEEK",)),)),
        ListView(6, "Contact", "All Contacts", "AllContacts", columns=contacts),
        ListView(7, "Contact", "CS Contacts", "CS_Contacts", (with_role,), columns=(*contacts, "CS_Role__c")),
        ListView(8, "Opportunity", "All Opportunities", "AllOpportunities", columns=deals),
        ListView(9, "Opportunity", "Won Opportunities", "Won_Opportunities", (won,), columns=(*deals, "Plan__c")),
    )


def list_view_from(kept: Mapping[str, Any]) -> ListView:
    """Return a list view out of its fields as JSON keeps them."""
    conditions = tuple(Condition(each["field"], each["operator"], tuple(each["values"])) for each in kept["conditions"])
    return ListView(**{**kept, "conditions": conditions, "columns": tuple(kept["columns"])})
