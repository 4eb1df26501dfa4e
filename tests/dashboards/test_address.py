"""The address of a place in the dashboard: it says everything, and nonsense in it does no harm."""

import pytest

from dashboards.address import Place, place
from dashboards.filters import Condition, Filters

VIEWS = ("health", "accounts", "account")


@pytest.mark.parametrize(
    "there",
    [
        Place("health"),
        Place("account", pick={"id": "A & B/=?"}),
        Place("accounts", Filters(("SMB", "Mid, Market"), ("Ödön",), "P-1", 30, arr=True), {"band": "Red"}),
        Place(
            "accounts",
            Filters(
                columns=(
                    ("stage", Condition(("At Risk", "None set"))),
                    ("industry", Condition(has="bank")),
                    ("shown", Condition(low="2.5", high="7")),
                )
            ),
        ),
    ],
)
def test_DSH_7_an_address_leads_back_to_its_place(there):
    assert place(there.query, VIEWS, "health") == there


@pytest.mark.parametrize(
    "query", ["", "?", "?view=nowhere", "?view=", "?period=soon&money=gold", "?period=99999", "?%%%"]
)
def test_an_address_that_makes_no_sense_leads_to_the_first_page(query):
    assert place(query, VIEWS, "health").view == "health"
    assert place(query, VIEWS, "health").filters == Filters()
