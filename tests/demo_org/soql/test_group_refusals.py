"""What GROUP BY, ROLLUP, CUBE, HAVING, aggregates and date functions refuse."""

from collections.abc import Callable

import pytest

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query

Ready = Callable[..., Query]


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        (
            "SELECT Name, COUNT(Id) FROM Opportunity GROUP BY StageName",
            "MALFORMED_QUERY",
            "Field must be grouped or aggregated: Name",
        ),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY StageName ORDER BY Name",
            "MALFORMED_QUERY",
            "Ordered field must be grouped",
        ),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY StageName HAVING Name = 'x'",
            "MALFORMED_QUERY",
            "Having field must be grouped",
        ),
        ("SELECT Id FROM Opportunity HAVING COUNT(Id) > 1", "MALFORMED_QUERY", "unexpected token: 'HAVING'"),
        (
            "SELECT CALENDAR_YEAR(CloseDate) FROM Opportunity",
            "MALFORMED_QUERY",
            "must be grouped or aggregated: CloseDate",
        ),
        (
            "SELECT CALENDAR_YEAR(CloseDate), COUNT(Id) FROM Opportunity",
            "MALFORMED_QUERY",
            "must be grouped or aggregated: CloseDate",
        ),
        (
            "SELECT CALENDAR_YEAR(Name) FROM Opportunity GROUP BY CALENDAR_YEAR(Name)",
            "MALFORMED_QUERY",
            "does not support a field of type string",
        ),
        (
            "SELECT HOUR_IN_DAY(CloseDate) FROM Opportunity GROUP BY HOUR_IN_DAY(CloseDate)",
            "MALFORMED_QUERY",
            "field of type date",
        ),
        ("SELECT COUNT(Id) FROM Opportunity GROUP BY DAY_ONLY(CloseDate)", "MALFORMED_QUERY", "field of type date"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY CALENDAR_YEAR(convertTimezone(CloseDate))",
            "MALFORMED_QUERY",
            "field of type date",
        ),
        ("SELECT convertTimezone(CreatedDate) FROM Opportunity", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT COUNT(Id) FROM Opportunity GROUP BY Amount", "INVALID_FIELD", "can not be grouped in a query call"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY CreatedDate",
            "INVALID_FIELD",
            "can not be grouped in a query call",
        ),
        ("SELECT COUNT(Id) FROM Opportunity GROUP BY COUNT(Id)", "MALFORMED_QUERY", "unexpected token: 'count'"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY toLabel(StageName)",
            "MALFORMED_QUERY",
            "unexpected token: 'tolabel'",
        ),
        ("SELECT COUNT(Id) FROM Opportunity GROUP BY", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY ROLLUP(StageName), Name",
            "MALFORMED_QUERY",
            "unexpected token: ','",
        ),
        ("SELECT COUNT(Id) FROM Opportunity GROUP BY ROLLUP()", "MALFORMED_QUERY", "unexpected token: ')'"),
        (
            "SELECT COUNT(Id) FROM Opportunity GROUP BY CUBE(StageName, Name, OwnerId, Type)",
            "MALFORMED_QUERY",
            "at most 3 fields",
        ),
        ("SELECT GROUPING(StageName) FROM Opportunity GROUP BY StageName", "MALFORMED_QUERY", "GROUPING function"),
        ("SELECT GROUPING(Name) FROM Opportunity GROUP BY ROLLUP(StageName)", "MALFORMED_QUERY", "GROUPING function"),
        ("SELECT GROUPING(Name) FROM Opportunity", "MALFORMED_QUERY", "GROUPING function"),
        (
            "SELECT StageName, COUNT(Id) FROM Opportunity GROUP BY StageName HAVING COUNT(Id) > 'x'",
            "INVALID_FIELD",
            "of type int",
        ),
        (
            "SELECT StageName FROM Opportunity GROUP BY StageName HAVING SUM(Amount) > USD1 AND COUNT(Id, Name) > 1",
            "INVALID_FIELD",
            "takes one field",
        ),
        (
            "SELECT StageName FROM Opportunity GROUP BY StageName HAVING OwnerId IN (SELECT Id FROM User)",
            "MALFORMED_QUERY",
            "must be grouped",
        ),
        (
            "SELECT OwnerId FROM Opportunity GROUP BY OwnerId HAVING OwnerId IN (SELECT Id FROM User)",
            "MALFORMED_QUERY",
            "'SELECT'",
        ),
        ("SELECT Id FROM Opportunity WHERE COUNT(Id) > 1", "MALFORMED_QUERY", "unexpected token: 'count'"),
        ("SELECT Id FROM Opportunity ORDER BY SUM(Amount)", "MALFORMED_QUERY", "unexpected token: 'sum'"),
        (
            "SELECT Id FROM Opportunity ORDER BY CALENDAR_YEAR(CloseDate)",
            "MALFORMED_QUERY",
            "unexpected token: 'calendar_year'",
        ),
        ("SELECT SUM(StageName) FROM Opportunity", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
        ("SELECT AVG(CloseDate) FROM Opportunity", "MALFORMED_QUERY", "does not support aggregate operator AVG"),
        ("SELECT MAX(IsClosed) FROM Opportunity", "MALFORMED_QUERY", "does not support aggregate operator MAX"),
        ("SELECT COUNT(Description) FROM Opportunity", "MALFORMED_QUERY", "does not support aggregate operator COUNT"),
        ("SELECT COUNT(Id) FROM Opportunity ORDER BY COUNT(Id)", "MALFORMED_QUERY", "cannot also use ORDER BY"),
        ("SELECT MEDIAN(Amount) FROM Opportunity", "MALFORMED_QUERY", "unexpected token: '('"),
        ("SELECT SUM() FROM Opportunity", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT FORMAT(COUNT()) FROM Opportunity", "MALFORMED_QUERY", "unexpected token"),
        (
            "SELECT StageName, TYPEOF Owner WHEN User THEN Name END FROM Opportunity GROUP BY StageName",
            "MALFORMED_QUERY",
            "'TYPEOF'",
        ),
    ],
)
def test_groups_have_limits(ready: Ready, soql: str, code: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        ready(soql)
    assert (refused.value.code, message in refused.value.message) == (code, True), refused.value.message


def test_a_field_that_is_not_grouped_is_pointed_at(ready: Ready) -> None:
    with pytest.raises(Refusal) as refused:
        ready("SELECT StageName, Name FROM Opportunity GROUP BY StageName")
    assert refused.value.message == (
        "\nSELECT StageName, Name FROM Opportunity GROUP BY\n                  ^\nERROR at Row:1:Column:19\n"
        "Field must be grouped or aggregated: Name"
    )
