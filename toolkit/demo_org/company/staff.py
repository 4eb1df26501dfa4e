"""The people of the sample company and the records about the org itself: users, profiles, organisation, campaigns."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from toolkit.demo_org.company.customers import CSM_COUNT, plain, staff
from toolkit.demo_org.company.leftovers import write_leftovers
from toolkit.demo_org.company.persons import write_persons
from toolkit.demo_org.company.related import Related, campaigns
from toolkit.demo_org.company.rows import Row, new_ids, stamp_of, stamps, write_rows
from toolkit.demo_org.company.setup import PROFILES, USER_PROFILE, Setup
from toolkit.demo_org.database import Database
from toolkit.demo_org.schema import Schema
from toolkit.demo_org.statements import defaults
from toolkit.demo_org.validation import Stored

INTEGRATION_USERNAME = "integration@demo.example"
ADMIN_USERNAME = "admin@demo.example"
COMPANY_NAME = "Halvard Cloud"
CAMPAIGNS = 4


class People:
    """The users of the org and the records about the org itself."""

    def __init__(self, database: Database, schema: Schema, seed: int, today: date) -> None:
        self._database = database
        self._schema = schema
        self._names = staff(seed)
        self._today = today
        self._made = stamp_of(today - timedelta(days=2000))
        self.admin, self.integration, *others = self.ids("User", 2 + len(self._names))
        self.csms, self.reps = others[:CSM_COUNT], others[CSM_COUNT:]

    def ids(self, sobject_name: str, count: int) -> list[str]:
        """Return ids for so many new records."""
        return new_ids(self._database, self._schema, sobject_name, count)

    def write_rows(self, sobject_name: str, rows: Sequence[Row]) -> None:
        """Write rows of an object, if the org has it."""
        if self._schema.get(sobject_name) is not None:
            write_rows(self._database, sobject_name, rows)

    def write_leftovers(self, accounts: Sequence[Row]) -> None:
        """Put what became of earlier accounts into the recycle bin."""
        write_leftovers(self._database, self._schema, accounts, self._today, self.admin)

    def write_persons(self, accounts: int, seed: int) -> None:
        """Add the persons among the accounts, if the org has any."""
        account = self._schema.get("Account")
        if account is not None and account.field("IsPersonAccount"):
            with self._database.writing():
                write_persons(self._database, self._schema, accounts, seed, self._today, self.admin)

    def write_more(self, seed: int) -> Related:
        """Write the campaigns and somebody who has left; return what adds to the accounts."""
        former, *campaign_ids = (*self.ids("User", 1), *self.ids("Campaign", CAMPAIGNS))
        audit = stamps(self._made, self._made, self.admin)
        left = _user(former, "Former", "Colleague", "former.colleague@demo.example", "Account Executive", "", audit)
        profile = "SELECT Id FROM Profile WHERE Name = ?"
        left["ProfileId"] = self._database.connection.execute(profile, (USER_PROFILE,)).fetchone()[0]
        write_rows(self._database, "User", [{**left, "IsActive": 0}])
        write_rows(self._database, "Campaign", campaigns(campaign_ids, self._today, self.admin))
        return Related(self.ids, seed, self._today, former, campaign_ids)

    def write(self) -> None:
        """Write the users, their profiles and the organisation."""
        audit = stamps(self._made, self._made, self.admin)
        profiles = self.ids("Profile", len(PROFILES))
        rows: list[Row] = [
            {"Id": profile, "Name": name, "UserType": "Standard", **audit}
            for profile, name in zip(profiles, PROFILES, strict=True)
        ]
        write_rows(self._database, "Profile", rows)
        organization: Row = {
            "Id": self.ids("Organization", 1)[0],
            "Name": COMPANY_NAME,
            "PrimaryContact": "Org Admin",
            "Country": "United Kingdom",
            "DefaultLocaleSidKey": "en_US",
            "TimeZoneSidKey": "UTC",
            "LanguageLocaleKey": "en_US",
            "FiscalYearStartMonth": 1,
            "OrganizationType": "Developer Edition",
            "InstanceName": "DEMO1",
            "IsSandbox": 1,
            "ReceivesInfoEmails": 1,
            "ReceivesAdminInfoEmails": 1,
            "PreferencesLightningLoginEnabled": 1,
            "SignupCountryIsoCode": "GB",
            "NumKnowledgeService": 2,
            "MonthlyPageViewsUsed": 0,
            "MonthlyPageViewsEntitlement": 0,
            **audit,
        }
        company = self._schema.get("Organization")
        assert company is not None
        organization = {**defaults(company, tuple(organization), self.admin), **organization}
        write_rows(self._database, "Organization", [organization])
        users = [
            _user(self.admin, "Org", "Admin", ADMIN_USERNAME, "Administrator", profiles[0], audit),
            _user(self.integration, "Toolkit", "Integration", INTEGRATION_USERNAME, "Integration", profiles[2], audit),
        ]
        titles = ["Customer Success Manager"] * len(self.csms) + ["Account Executive"] * len(self.reps)
        for record_id, (first, last), title in zip((*self.csms, *self.reps), self._names, titles, strict=True):
            username = f"{plain(first)}.{plain(last)}@demo.example"
            users.append(_user(record_id, first, last, username, title, profiles[1], audit))
        setup = Setup(self._database, self._schema, self._made, self.admin)
        setup.write_permissions(dict(zip(PROFILES, profiles, strict=True)))
        setup.write_metadata()
        setup.write_groups()
        roles = setup.write_roles()
        for user, role in zip(users, [0, 0, *[1] * len(self.csms), *[2] * len(self.reps)], strict=True):
            user["UserRoleId"] = roles[role]
        write_rows(self._database, "User", users)
        setup.assign("CS_Toolkit", [self.integration])


def _user(
    record_id: str, first: str, last: str, username: str, title: str, profile_id: str, audit: Mapping[str, Stored]
) -> Row:
    return {
        "Id": record_id,
        "Username": username,
        "LastName": last,
        "FirstName": first,
        "Name": f"{first} {last}",
        "CompanyName": COMPANY_NAME,
        "Title": title,
        "Email": username,
        "Alias": (plain(first)[:1] + plain(last))[:8],
        "CommunityNickname": username.partition("@")[0],
        "IsActive": 1,
        "TimeZoneSidKey": "UTC",
        "LocaleSidKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "LanguageLocaleKey": "en_US",
        "ProfileId": profile_id,
        "UserType": "Standard",
        **audit,
    }
