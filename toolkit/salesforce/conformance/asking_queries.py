"""Checks of SOQL: what its answers look like, how it says no, and list views. They use the account made before."""

from toolkit.salesforce.conformance.asking_records import NAME
from toolkit.salesforce.conformance.checks import Check, error
from toolkit.salesforce.conformance.shapes import ID, MOMENT, Entries, Keys, OneOf, Only, Text

QUERY = "query"
MINE = "Id = '{account}'"


def _refused(name: str, soql: str, code: str, text_like: str | None = None) -> Check:
    return Check("errors", name, "GET", QUERY, 400, error(code), params={"q": soql}, text_like=text_like)


QUERIES = (
    Check(
        "query",
        "one record",
        "GET",
        QUERY,
        params={"q": f"SELECT Id, Name, Owner.Name, Parent.Name, AnnualRevenue FROM Account WHERE {MINE}"},
        shape=Only(
            {
                "totalSize": 1,
                "done": True,
                "records": [
                    Only(
                        {
                            "attributes": {"type": "Account", "url": str},
                            "Id": "{account}",
                            "Name": NAME,
                            "Owner": {"attributes": {"type": "User", "url": str}, "Name": str},
                            "Parent": None,
                            "AnnualRevenue": 1500.0,
                        }
                    )
                ],
            }
        ),
    ),
    Check(
        "query",
        "none",
        "GET",
        QUERY,
        params={"q": "SELECT Id FROM Account WHERE Name = '{mark} nobody'"},
        shape=Only({"totalSize": 0, "done": True, "records": []}),
    ),
    Check(
        "query",
        "a count",
        "GET",
        QUERY,
        params={"q": f"SELECT count() FROM Account WHERE {MINE}"},
        shape=Only({"totalSize": 1, "done": True, "records": []}),
    ),
    Check(
        "query",
        "groups",
        "GET",
        QUERY,
        params={"q": f"SELECT Site, count(Id), max(AnnualRevenue) most FROM Account WHERE {MINE} GROUP BY Site"},
        shape={
            "records": [Only({"attributes": {"type": "AggregateResult"}, "Site": "by id", "expr0": 1, "most": 1500.0})]
        },
    ),
    Check(
        "query",
        "children",
        "GET",
        QUERY,
        params={
            "q": f"SELECT Id, (SELECT LastName FROM Contacts), (SELECT Id FROM Opportunities) FROM Account WHERE {MINE}"
        },
        shape={
            "records": [
                {
                    "Contacts": {"totalSize": 1, "done": True, "records": [{"LastName": "{mark} one"}]},
                    "Opportunities": None,
                }
            ]
        },
    ),
    Check(
        "query",
        "a half join",
        "GET",
        QUERY,
        params={
            "q": "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName = '{mark} one')"
        },
        shape={"totalSize": 1, "records": [{"Id": "{account}"}]},
    ),
    Check(
        "query",
        "case does not count, wildcards do",
        "GET",
        QUERY,
        params={"q": "select ID from ACCOUNT where name like '{MARK} acc_unt%'"},
        shape={"totalSize": 1, "records": [{"Id": "{account}"}]},
    ),
    Check(
        "query",
        "not equal finds what is empty",
        "GET",
        QUERY,
        params={"q": f"SELECT Id FROM Account WHERE {MINE} AND TickerSymbol != 'X'"},
        shape={"totalSize": 1},
    ),
    Check(
        "query",
        "dates relative to today",
        "GET",
        QUERY,
        params={"q": f"SELECT CreatedDate FROM Account WHERE {MINE} AND CreatedDate >= LAST_N_DAYS:2"},
        shape={"records": [{"CreatedDate": MOMENT}]},
    ),
    Check(
        "query",
        "what is deleted, too",
        "GET",
        "queryAll",
        params={"q": "SELECT Id, IsDeleted FROM Contact WHERE Id = '{gone}'"},
        shape={"totalSize": 1, "records": [{"Id": "{gone}", "IsDeleted": True}]},
    ),
    Check(
        "query",
        "pages",
        "GET",
        QUERY,
        params={"q": "SELECT Id FROM Contact"},
        headers={"Sforce-Query-Options": "batchSize=200"},
        shape={"totalSize": int, "done": bool, "records": [{"Id": ID}]},
        keep={"next": "nextRecordsUrl"},
    ),
    Check("query", "the next page", "GET", "{next}", shape={"totalSize": int, "done": bool, "records": [{"Id": ID}]}),
    Check(
        "query",
        "all standard fields",
        "GET",
        QUERY,
        params={"q": f"SELECT FIELDS(STANDARD) FROM Account WHERE {MINE}"},
        shape={"records": [Keys("Id Name OwnerId SystemModstamp BillingCity")]},
    ),
)

ERRORS = (
    _refused("a statement that is none", "SELECT FROM", "MALFORMED_QUERY"),
    _refused("a text without its end", "SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY"),
    _refused(
        "a field there is not",
        "SELECT Nothing__c FROM Account",
        "INVALID_FIELD",
        r".*ERROR at Row:1:Column:8.*No such column 'Nothing__c' on entity 'Account'.*",
    ),
    _refused(
        "an object there is not", "SELECT Id FROM Nothing__c", "INVALID_TYPE", r".*sObject type 'Nothing__c' is not.*"
    ),
    _refused(
        "a moment in quotes",
        "SELECT Id FROM Account WHERE CreatedDate > '2020-01-01T00:00:00Z'",
        "INVALID_FIELD",
        ".*should not be enclosed in quotes.*",
    ),
    _refused("too far in", "SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    _refused(
        "AND and OR without parentheses",
        "SELECT Id FROM User WHERE Id = null AND Id = null OR Name = null",
        "MALFORMED_QUERY",
    ),
    _refused("a field beside a count", "SELECT Name, count(Id) FROM Account", "MALFORMED_QUERY"),
    Check(
        "errors",
        "a page there is not",
        "GET",
        "query/0r8000000000000AAA-2000",
        400,
        error("INVALID_QUERY_LOCATOR"),
    ),
)

LIST_VIEWS = (
    Check(
        "list views",
        "all of an object",
        "GET",
        "sobjects/Account/listviews",
        shape={
            "done": bool,
            "listviews": [Keys("describeUrl developerName id label resultsUrl soqlCompatible url")],
            "nextRecordsUrl": OneOf(None, str),
            "size": int,
            "sobjectType": "Account",
        },
        keep={"view": "listviews.0.id"},
    ),
    Check(
        "list views",
        "one in full",
        "GET",
        "sobjects/Account/listviews/{view}/describe",
        shape={
            "id": "{view}",
            "columns": [
                {"fieldNameOrPath": str, "label": str, "type": str, "hidden": bool, "selectListItem": OneOf(None, str)}
            ],
            "orderBy": list,
            "query": Text(r"SELECT .* FROM Account.*"),
            "scope": OneOf(None, str),
            "sobjectType": "Account",
            "whereCondition": OneOf(None, dict),
        },
    ),
    Check(
        "list views",
        "what one shows",
        "GET",
        "sobjects/Account/listviews/{view}/results",
        params={"limit": "2"},
        shape={
            "columns": list,
            "records": OneOf([], [{"columns": Entries({"fieldNameOrPath": str, "value": OneOf(None, str)})}]),
            "size": int,
            "id": "{view}",
            "label": str,
            "developerName": str,
            "done": bool,
        },
    ),
    Check(
        "list views",
        "one there is not",
        "GET",
        "sobjects/Account/listviews/00B000000000000AAA/describe",
        404,
        error("NOT_FOUND"),
    ),
)
