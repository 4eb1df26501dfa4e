"""Semi-joins and anti-joins beyond the simple ones: what they find, and what they may not be."""

from collections.abc import Callable

import pytest

from toolkit.demo_org.errors import Refusal
from toolkit.demo_org.soql import Query

Found = Callable[..., str]
Ready = Callable[..., Query]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("Id IN (SELECT AccountId FROM Contact) OR Id IN (SELECT AccountId FROM Opportunity)", "the 'OR' operator"),
        ("Name = 'x' AND (Type = 'y' OR Id IN (SELECT AccountId FROM Contact))", "the 'OR' operator"),
        ("(NOT Id IN (SELECT AccountId FROM Contact))", "not allowed"),
        ("Id IN (SELECT AccountId FROM Contact WITH USER_MODE)", "unexpected token: 'WITH'"),
        ("Id IN (SELECT AccountId FROM Contact GROUP BY AccountId)", "unexpected token: 'GROUP'"),
        ("Id IN (SELECT AccountId FROM Contact ORDER BY AccountId)", "unexpected token: 'ORDER'"),
        ("Id IN (SELECT AccountId FROM Contact FOR VIEW)", "unexpected token: 'FOR'"),
        ("Id IN (SELECT COUNT() FROM Contact)", "unexpected token: 'SELECT'"),
        ("Id IN (SELECT COUNT(AccountId) FROM Contact)", "unexpected token: 'SELECT'"),
        ("Id IN (SELECT (SELECT Id FROM Contacts) FROM Contact)", "unexpected token: 'SELECT'"),
        ("Id IN (SELECT AccountId FROM Event)", "Entity 'Event' is not supported"),
        ("Id = (SELECT AccountId FROM Contact)", "unexpected token: '('"),
        ("toLabel(Type) IN (SELECT AccountId FROM Contact)", "unexpected token: 'SELECT'"),
        ("Parent.Id IN (SELECT AccountId FROM Contact)", "should be an id field"),
        ("Id INCLUDES (SELECT AccountId FROM Contact)", "unexpected token: 'SELECT'"),
    ],
)
def test_a_semijoin_has_limits(ready: Ready, condition: str, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        ready(f"SELECT Id FROM Account WHERE {condition}")
    assert (refused.value.code, message in refused.value.message) == ("MALFORMED_QUERY", True), refused.value.message


@pytest.mark.parametrize(
    ("condition", "letters"),
    [
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE AccountId != null) AND Name LIKE 'l%'", "L"),
        ("OwnerId IN (SELECT Id FROM User WHERE Alias = 'bob')", "ZP"),
        ("ParentId NOT IN (SELECT AccountId FROM Contact)", "APL"),
        ("Id IN (SELECT AccountId FROM Contact WHERE CALENDAR_YEAR(CreatedDate) > 1)", ""),
        ("Id IN (SELECT c.AccountId FROM Contact c WHERE c.Owner.Alias = 'ann')", "A"),
        ("Account.Id IN (SELECT Contact.AccountId FROM Contact)", "AZ"),
    ],
)
def test_a_semijoin_finds(found: Found, condition: str, letters: str) -> None:
    assert found(f"WHERE {condition}") == letters
