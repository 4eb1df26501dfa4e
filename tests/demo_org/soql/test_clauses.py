"""The clauses around: comments, USING SCOPE, WITH, FOR, UPDATE, FIELDS(), calendars, versions and limits."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import pytest

from toolkit.demo_org.access import Access
from toolkit.demo_org.database import Database
from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.ids import make_id
from toolkit.demo_org.schema import ChildRelationship, Field, Schema, SObject
from toolkit.demo_org.soql import Query, execute, prepare, stamp, stamped_fields, zone_and_calendar
from toolkit.demo_org.soql.dates import USUAL, Calendar

Found = Callable[..., str]
Ready = Callable[..., Query]
NOW = datetime(2026, 11, 4, 8, 30, tzinfo=UTC)
MONDAYS = Calendar(week_starts_on=0)


def refused_by(ready: Ready, soql: str, **how: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        ready(soql, **how)
    return refused.value


@pytest.mark.parametrize(
    "clause",
    [
        "WHERE Name = 'Acme' /* a comment */",
        "/* a\ncomment */ WHERE Name = 'Acme'",
        "WHERE Name = 'Acme' // to the end",
        "// one line\nWHERE /**/ Name/* */=/* */'Acme'",
        "USING SCOPE mine WHERE Name = 'Acme'",
        "using scope MINE where Name = 'Acme'",
        "USING SCOPE everything WHERE Name = 'Acme'",
        "USING SCOPE scopingRule WHERE Name = 'Acme'",
        "USING SCOPE team WHERE Name = 'Acme'",
        "WHERE Name = 'Acme' WITH SECURITY_ENFORCED",
        "WHERE Name = 'Acme' WITH USER_MODE",
        "WHERE Name = 'Acme' with user_mode ORDER BY Name LIMIT 1 OFFSET 0",
        "WHERE Name = 'Acme' FOR VIEW",
        "WHERE Name = 'Acme' FOR REFERENCE",
        "WHERE Name = 'Acme' FOR VIEW, REFERENCE",
        "WHERE Name = 'Acme' FOR VIEW FOR REFERENCE",
        "WHERE Name = 'Acme' UPDATE TRACKING",
        "WHERE Name = 'Acme' UPDATE VIEWSTAT",
        "WHERE Name = 'Acme' FOR VIEW UPDATE TRACKING, VIEWSTAT",
        "WHERE Name = 'Acme' LIMIT 1 FOR REFERENCE UPDATE VIEWSTAT",
        "Offset",
        "a WHERE a.Name = 'Acme'",
        "AS a WHERE a.Name = 'Acme'",
        "a, a.Owner o WHERE a.Name = 'Acme' AND o.Alias = 'ann'",
    ],
)
def test_a_clause_is_understood(found: Found, clause: str) -> None:
    assert found(clause) == ("AZEPL" if clause == "Offset" else "A")


@pytest.mark.parametrize(
    ("clause", "code", "message"),
    [
        ("WITH SYSTEM_MODE", "MALFORMED_QUERY", "WITH SYSTEM_MODE not allowed in this context"),
        ("WITH DATA CATEGORY Geography__c AT usa__c", "MALFORMED_QUERY", "WITH DATA CATEGORY not allowed"),
        ("WITH DATA CATEGORY a__c ABOVE b__c AND c__c BELOW (d__c, e__c)", "MALFORMED_QUERY", "WITH DATA CATEGORY"),
        ("WITH DATA CATEGORY a__c", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("WITH NOTHING", "MALFORMED_QUERY", "unexpected token: 'NOTHING'"),
        ("WITH", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("ORDER BY Name WITH USER_MODE", "MALFORMED_QUERY", "unexpected token: 'WITH'"),
        ("FOR UPDATE", "MALFORMED_QUERY", "FOR UPDATE not allowed in this context"),
        ("LIMIT 1 FOR", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("FOR FUN", "MALFORMED_QUERY", "unexpected token: 'FUN'"),
        ("UPDATE Name", "MALFORMED_QUERY", "unexpected token: 'Name'"),
        ("UPDATE VIEWSTAT FOR VIEW", "MALFORMED_QUERY", "unexpected token: 'FOR'"),
        ("ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        ("LIMIT 1 ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        ("USING SCOPE delegated", "INVALID_QUERY_SCOPE", "scope 'delegated' is not supported for Account"),
        ("USING SCOPE my_territory", "INVALID_QUERY_SCOPE", "scope 'my_territory' is not supported"),
        ("USING SCOPE my_team_territory", "INVALID_QUERY_SCOPE", "is not supported for Account"),
        ("USING SCOPE mine_and_my_groups", "INVALID_QUERY_SCOPE", "is not supported for Account"),
        ("USING SCOPE myRule", "INVALID_QUERY_SCOPE", "scope 'myRule' is not supported"),
        ("USING mine", "MALFORMED_QUERY", "unexpected token: 'mine'"),
        ("USING SCOPE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("WHERE Name = 'a' USING SCOPE mine", "MALFORMED_QUERY", "unexpected token: 'USING'"),
        ("LIMIT 1 ORDER BY Name", "MALFORMED_QUERY", "unexpected token: 'ORDER'"),
        ("OFFSET 1 LIMIT 1", "MALFORMED_QUERY", "unexpected token: 'LIMIT'"),
        ("ORDER Name", "MALFORMED_QUERY", "unexpected token: 'Name'"),
        ("ORDER BY Name UP", "MALFORMED_QUERY", "unexpected token: 'UP'"),
        ("ORDER BY Name NULLS", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("ORDER BY Name,", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("LIMIT 1,2", "MALFORMED_QUERY", "unexpected token: ','"),
        ("OFFSET -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
        ("OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("/* never ends", "MALFORMED_QUERY", "unexpected token: '/'"),
        ("WHERE Id = :x", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        ("LIMIT :x", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        ("WHERE Name = :names[0].name", "MALFORMED_QUERY", "Bind variables only allowed in Apex code"),
        ("WHERE Id IN :new Map<Id, SObject>(x).keySet()", "MALFORMED_QUERY", "Bind variables only allowed in Apex"),
        ("GROUP BY Name LIMIT 1 HAVING COUNT(Id) > 1", "MALFORMED_QUERY", "unexpected token: 'HAVING'"),
        ("a, b", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ],
)
def test_a_clause_is_refused(ready: Ready, clause: str, code: str, message: str) -> None:
    refused = refused_by(ready, f"SELECT Id FROM Account {clause}")
    assert (refused.code, message in refused.message) == (code, True), refused.message


def test_a_context_that_is_none_is_pointed_at(ready: Ready) -> None:
    refused = refused_by(ready, "SELECT Id FROM Account\nLIMIT 1 ALL ROWS")
    assert refused.message == (
        "\nSELECT Id FROM Account LIMIT 1 ALL ROWS\n                              ^\nERROR at Row:2:Column:8\n"
        "ALL ROWS not allowed in this context"
    )


# -- what FIELDS stands for


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(ALL) FROM Account WHERE Name = 'x'", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM), FIELDS(STANDARD) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM User LIMIT 1", "MALFORMED_QUERY", "at least one field being selected"),
        ("SELECT FIELDS(NONE) FROM Account LIMIT 1", "MALFORMED_QUERY", "unexpected token: 'NONE'"),
        ("SELECT FIELDS() FROM Account LIMIT 1", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT FIELDS(ALL), FIELDS(STANDARD) FROM Account LIMIT 1", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Name, FIELDS(STANDARD) FROM Account LIMIT 1", "INVALID_FIELD", "duplicate field selected: Name"),
        ("SELECT FIELDS(STANDARD) x FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT Owner.FIELDS(ALL) FROM Account LIMIT 1", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT Id, (SELECT FIELDS(ALL) FROM Contacts) FROM Account LIMIT 1", "MALFORMED_QUERY", "at most 200"),
        ("SELECT COUNT(Id), FIELDS(STANDARD) FROM Account", "MALFORMED_QUERY", "FIELDS function is not supported"),
    ],
)
def test_fields_has_rules(ready: Ready, soql: str, code: str, message: str) -> None:
    refused = refused_by(ready, soql)
    assert (refused.code, message in refused.message) == (code, True), refused.message


def test_fields_is_there_since_version_51(ready: Ready) -> None:
    ready("SELECT FIELDS(STANDARD) FROM Account", version=51.0)
    assert refused_by(ready, "SELECT FIELDS(STANDARD) FROM Account", version=50.0).code == "MALFORMED_QUERY"
    ids = ", ".join(f"'{make_id('001', number)}'" for number in range(201))
    assert "at most 200" in refused_by(ready, f"SELECT FIELDS(ALL) FROM Account WHERE Id IN ({ids})").message


# -- calendars


@pytest.mark.parametrize(
    ("condition", "calendar", "letters"),
    [
        ("CS_Renewal_Date__c = THIS_WEEK", USUAL, "AZ"),  # Sunday 11-01 to Saturday 11-07
        ("CS_Renewal_Date__c = LAST_WEEK", USUAL, "E"),  # Saturday 10-31
        ("CS_Renewal_Date__c = THIS_WEEK", MONDAYS, "AZ"),  # Monday 11-02 to Sunday 11-08
        ("CS_Renewal_Date__c = LAST_WEEK", MONDAYS, "E"),
        ("CS_Renewal_Date__c < THIS_WEEK AND CS_Renewal_Date__c > 2026-10-25", MONDAYS, "E"),
        ("CreatedDate = THIS_FISCAL_YEAR", USUAL, "AZE"),
        ("CreatedDate = THIS_FISCAL_YEAR", Calendar(fiscal_year_starts_in=11), "AZ"),
        ("CreatedDate = LAST_FISCAL_YEAR", Calendar(fiscal_year_starts_in=11), "EP"),
        ("CreatedDate = LAST_FISCAL_QUARTER", Calendar(fiscal_year_starts_in=11), "E"),
        ("CreatedDate = N_FISCAL_YEARS_AGO:2", Calendar(fiscal_year_starts_in=3), ""),
        ("CreatedDate = N_FISCAL_YEARS_AGO:2", Calendar(fiscal_year_starts_in=2), "L"),
    ],
)
def test_weeks_and_fiscal_years_begin_where_the_user_has_them(
    found: Found, condition: str, calendar: Calendar, letters: str
) -> None:
    assert found(f"WHERE {condition}", calendar=calendar) == letters


@pytest.mark.parametrize(
    ("zone", "today"),
    [
        (UTC, "A"),
        (timezone(timedelta(hours=9)), "AZ"),
        (timezone(timedelta(hours=-8)), ""),
        (timezone(timedelta(hours=-9)), "AZ"),
    ],
)
def test_today_is_the_users_day(found: Found, zone: tzinfo, today: str) -> None:
    assert found("WHERE CreatedDate = TODAY", zone=zone) == today


def test_zone_and_week_come_from_the_users_settings(schema: Schema) -> None:
    with Database(None, schema) as database:
        with database.writing() as connection:
            users = (("UTC", "en_US"), ("Europe/Berlin", "de_DE"), ("Nowhere/At_All", "en_GB"), (None, None))
            for number, (zone, locale) in enumerate(users):
                connection.execute(
                    'INSERT INTO "User" (Id, Name, TimeZoneSidKey, LocaleSidKey) VALUES (?, ?, ?, ?)',
                    (make_id("005", number), f"u{number}", zone, locale),
                )
        found = [zone_and_calendar(connection, make_id("005", number)) for number in range(4)]
        assert [(str(zone), calendar.week_starts_on) for zone, calendar in found] == [
            *(("UTC", 6), ("Europe/Berlin", 0), ("UTC", 0), ("UTC", 6)),
        ]
        assert zone_and_calendar(connection, "") == (UTC, USUAL)
        with database.writing():
            connection.execute('INSERT INTO "Organization" (Id, FiscalYearStartMonth) VALUES (?, 7)', ("00D",))
        assert zone_and_calendar(connection, "")[1].fiscal_year_starts_in == 7


# -- scopes and stamps


@pytest.fixture
def small(schema: Schema) -> Iterator[Database]:
    with Database(None, schema) as database:
        with database.writing() as connection:
            for number, (owner, viewed) in enumerate(((1, None), (2, "2026-01-01T00:00:00.000Z"), (2, None))):
                connection.execute(
                    'INSERT INTO "Account" (Id, Name, OwnerId, LastViewedDate) VALUES (?, ?, ?, ?)',
                    (make_id("001", number), f"a{number}", make_id("005", owner), viewed),
                )
        yield database


def _names(query: Query, database: Database) -> list[str]:
    return [str(row[1]) for row in execute(query, database.connection)]


def test_a_scope_narrows(ready: Ready, small: Database) -> None:
    for scope, names in (("mine", ["a0"]), ("team", ["a0"]), ("mru", ["a1"]), ("everything", ["a0", "a1", "a2"])):
        assert _names(ready(f"SELECT Id, Name FROM Account USING SCOPE {scope}"), small) == names


def test_delegated_tasks_are_what_the_user_made_for_others(ready: Ready, schema: Schema) -> None:
    with Database(None, schema) as database:
        with database.writing() as connection:
            for number, (maker, owner) in enumerate(((1, 1), (1, 2), (2, 1), (2, 2))):
                connection.execute(
                    'INSERT INTO "Task" (Id, Subject, CreatedById, OwnerId) VALUES (?, ?, ?, ?)',
                    (make_id("00T", number), f"t{number}", make_id("005", maker), make_id("005", owner)),
                )
        assert _names(ready("SELECT Id, Subject FROM Task USING SCOPE delegated"), database) == ["t1"]


def test_a_team_is_who_the_org_says(access: Access, schema: Schema) -> None:
    member = SObject(
        *("AccountTeamMember", "Member", "Members", "01M"),
        (
            Field("Id", "ID", "id", 18),
            Field("AccountId", "Account", "reference", reference_to=("Account",)),
            Field("UserId", "User", "reference", reference_to=("User",)),
        ),
    )
    with_teams = Schema([*schema, member])
    with Database(None, with_teams) as database:
        with database.writing() as connection:
            for number in (1, 2):
                connection.execute('INSERT INTO "Account" (Id, Name) VALUES (?, ?)', (make_id("001", number), "x"))
            connection.execute(
                'INSERT INTO "AccountTeamMember" (Id, AccountId, UserId) VALUES (?, ?, ?)',
                (make_id("01M", 1), make_id("001", 2), access.user_id),
            )
        query = prepare("SELECT Id FROM Account USING SCOPE team", with_teams, access, NOW)
        assert [row[0] for row in execute(query, database.connection)] == [make_id("001", 2)]


@pytest.mark.parametrize(
    ("clause", "fields"),
    [
        ("", []),
        ("FOR VIEW", ["LastViewedDate", "LastReferencedDate"]),
        ("FOR REFERENCE", ["LastReferencedDate"]),
        ("FOR VIEW FOR REFERENCE", ["LastViewedDate", "LastReferencedDate"]),
    ],
)
def test_a_record_remembers_when_it_was_shown(ready: Ready, small: Database, clause: str, fields: list[str]) -> None:
    query = ready(f"SELECT Name FROM Account WHERE Name = 'a2' {clause}")
    assert stamped_fields(query) == fields
    rows = list(execute(query, small.connection))
    with small.writing() as connection:
        stamp(query, rows, connection, "2026-11-04T08:30:00.000Z")
    stamped = [
        name
        for name in ("LastViewedDate", "LastReferencedDate")
        if small.connection.execute(f'SELECT {name} FROM "Account" WHERE Name = ?', ("a2",)).fetchone()[0]
    ]
    assert stamped == fields
    seen = small.connection.execute('SELECT count(LastReferencedDate) FROM "Account"').fetchone()[0]
    assert seen == bool(fields)


def test_groups_and_counts_are_not_looked_at(ready: Ready) -> None:
    assert stamped_fields(ready("SELECT COUNT() FROM Account FOR VIEW")) == []
    assert stamped_fields(ready("SELECT Type FROM Account GROUP BY Type FOR VIEW")) == []


# -- limits


def test_a_link_to_a_document_has_to_be_filtered(schema: Schema, access: Access) -> None:
    link = SObject(
        *("ContentDocumentLink", "Link", "Links", "06A"),
        (
            Field("Id", "ID", "id", 18),
            Field("LinkedEntityId", "Linked", "reference", reference_to=("Account",), relationship_name="LinkedEntity"),
            Field("ShareType", "Share", "picklist"),
        ),
        filtered_by=("LinkedEntityId",),
    )
    with_links = Schema([*schema, link])

    def ready(soql: str) -> Query:
        return prepare(soql, with_links, access, NOW)

    start = "SELECT Id FROM ContentDocumentLink"
    for condition in ("", " WHERE ShareType = 'V'", " WHERE LinkedEntityId != null", " WHERE Id = null OR Id = null"):
        assert refused_by(ready, start + condition).message.startswith(
            "Implementation restriction: ContentDocumentLink"
        )
    for condition in (
        f"LinkedEntityId = '{make_id('001', 1)}'",
        f"LinkedEntityId IN ('{make_id('001', 1)}') AND ShareType = 'V'",
        "LinkedEntityId IN (SELECT Id FROM Account)",
        "LinkedEntity.Name = 'Acme'",
    ):
        ready(f"{start} WHERE {condition}")


class _Blind(Access):
    """A user who may not see contacts."""

    def may(self, right: str, sobject: SObject) -> bool:
        return sobject.name != "Contact" and super().may(right, sobject)


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        ("SELECT Id FROM Contact", "INVALID_TYPE", "sObject type 'Contact' is not supported"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "INVALID_TYPE", "relationship 'Contacts' in FROM part"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)", "INVALID_TYPE", "type 'Contact'"),
        ("SELECT ReportsTo.Name FROM Contact", "INVALID_TYPE", "type 'Contact'"),
        ("SELECT Contact.Name FROM Opportunity", "INVALID_FIELD", "Didn't understand relationship 'Contact'"),
    ],
)
def test_an_object_the_user_may_not_see_is_not_there(schema: Schema, soql: str, code: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        prepare(soql, schema, _Blind(make_id("005", 1)), NOW)
    assert (refused.value.code, message in refused.value.message) == (code, True), refused.value.message


def _chained(count: int) -> tuple[Schema, str]:
    """Return an object with `count` lookups to itself, and a statement that goes through all of them."""
    lookups = tuple(
        Field(f"L{number}__c", "L", "reference", reference_to=("Node__c",), relationship_name=f"L{number}__r")
        for number in range(count)
    )
    fields = (Field("Id", "ID", "id", 18), Field("Name", "Name"), *lookups)
    paths = ", ".join(f"L{number}__r.Name" for number in range(count))
    children = (ChildRelationship("Node__c", "L0__c", "Nodes__r"),)
    node = SObject("Node__c", "Node", "Nodes", "a00", fields, children)
    return Schema([node]), f"SELECT {paths} FROM Node__c"


def test_fifty_five_relationships_and_no_more(access: Access) -> None:
    schema, soql = _chained(55)
    with Database(None, schema) as database:
        query = prepare(soql, schema, access, NOW)
        assert list(execute(query, database.connection)) == []
    schema, soql = _chained(56)
    with pytest.raises(Refusal) as refused:
        prepare(soql, schema, access, NOW)
    assert "exceeds 55" in refused.value.message


def test_a_custom_child_relationship_ends_in_r(access: Access) -> None:
    schema, _ = _chained(1)
    query = prepare("SELECT Name, (SELECT Name FROM Nodes__r) FROM Node__c", schema, access, NOW)
    assert query.columns[1].header == "Nodes__r"
    with pytest.raises(Refusal) as refused:
        prepare("SELECT Name, (SELECT Name FROM Nodes) FROM Node__c", schema, access, NOW)
    assert refused.value.code == "INVALID_TYPE"
