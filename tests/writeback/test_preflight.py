"""What Salesforce would refuse is found before a call is made, and said in words."""

import polars as pl
import pytest

from tests.writeback.samples import FIELDS, mapped, object_mapping, sides, there_id
from toolkit.config.health import HealthProfile
from toolkit.config.models import Writeback
from toolkit.errors import PreflightError
from toolkit.frames import CHANGES
from toolkit.salesforce.describe import FieldDescribe, ObjectDescribe
from toolkit.writeback.planning.plan import make_plan
from toolkit.writeback.planning.preflight import check_targets, judge
from toolkit.writeback.planning.rules import value_range

PRODUCT = "Product Id (Product_Id__c)"
SCORE, BAND, SEATS = (
    "CS Health Score (CS_Health_Score__c)",
    "CS Health Band (CS_Health_Band__c)",
    "CS Seats (CS_Seats__c)",
)


def change(seq, path, after, **other):
    row = {
        "seq": seq, "side": "there", "object": "account", "here_id": f"P-{seq:05}", "there_id": there_id(seq),
        "name": f"Company {seq}", "operation": "update", "field": path, "partner": "x",
        "type": FIELDS[path].type if path in FIELDS else "string", "base": None, "here": after, "there": None,
        "after": after, "rule": "output", "verdict": "write", "reason": "not in Salesforce yet",
    }  # fmt: skip
    return row | other


def judged(*rows, known=None, there=None):
    given = sides([], [{}], there or [{}], known=known)
    frame = pl.DataFrame(list(rows), schema=dict(CHANGES.schema))
    return judge(frame, [given]).select("verdict", "reason").rows()


@pytest.mark.parametrize(
    ("path", "after", "reason"),
    [
        ("CS_Health_Score__c", "100", f"'100' does not fit {SCORE}, which holds -99.9 to 99.9"),
        ("CS_Health_Score__c", "-100", f"'-100' does not fit {SCORE}, which holds -99.9 to 99.9"),
        ("CS_Health_Score__c", "99.9", None),
        ("CS_Health_Score__c", "10", None),
        ("CS_Health_Score__c", "high", f"'high' is not a number, which {SCORE} needs"),
        ("CS_Health_Score__c", "inf", f"'inf' is not a number, which {SCORE} needs"),
        ("CS_Health_Score__c", None, None),
        ("CS_Seats__c", "12.5", f"'12.5' is not a whole number, which {SEATS} needs"),
        ("CS_Seats__c", "100000000", f"'100000000' does not fit {SEATS}, which holds -99999999 to 99999999"),
        ("CS_Seats__c", "99999999", None),
        ("CS_Segment__c", "y" * 40, None),
        ("CS_Segment__c", "y" * 41, "'" + "y" * 41 + "' has 41 characters; CS Segment (CS_Segment__c) holds 40"),
        ("CS_Segment__c", "é" * 40, None),
        ("CS_Health_Band__c", "Green", None),
        ("CS_Health_Band__c", "green", f"'green' is not a value of {BAND}; valid: Green, Yellow, Red"),
        ("CS_Tags__c", "A;C", None),
        ("CS_Tags__c", "A;Z", "'A;Z' is not a value of CS Tags (CS_Tags__c); valid: A, B, C"),
        ("CS_Renewal_Date__c", "2026-02-28", None),
        ("CS_Renewal_Date__c", "2026-02-30", ("'2026-02-30' is not a date of the form 2026-05-24, which "
         "CS Renewal Date (CS_Renewal_Date__c) needs")),
        ("CS_Renewal_Date__c", "24.5.2026", ("'24.5.2026' is not a date of the form 2026-05-24, which "
         "CS Renewal Date (CS_Renewal_Date__c) needs")),
        ("CS_Renewal_Date__c", "1066-10-14", ("'1066-10-14' does not fit CS Renewal Date (CS_Renewal_Date__c), which "
         "holds years 1700 to 4000")),
        ("CS_Seen__c", "2026-05-24T07:25:37.000Z", None),
        ("CS_Seen__c", "2026-05-24", ("'2026-05-24' is not a time of the form 2026-05-24T07:25:37.000Z, which CS Seen "
         "(CS_Seen__c) needs")),
        ("CS_Active__c", "true", None),
        ("CS_Active__c", "maybe", "'maybe' is neither true nor false, which CS Active (CS_Active__c) needs"),
        ("CS_Active__c", None, "CS Active (CS_Active__c) may not be empty"),
        ("Name", None, "Account Name (Name) may not be empty"),
        ("CS_Email__c", "ada@example.com", None),
        ("CS_Email__c", "ada@", "'ada@' is not an e-mail address, which CS Email (CS_Email__c) needs"),
        ("CS_Web__c", "https://example.com", None),
        ("CS_Web__c", "no web site", ("'no web site' is not a web address: it has blanks in it, which CS Web "
         "(CS_Web__c) needs")),
        ("CSM__c", "005dM0000000001QAA", None),
        ("CSM__c", "Ada", "'Ada' is not a record id of 15 or 18 characters, which CSM (CSM__c) needs"),
    ],
)  # fmt: skip
def test_BEY_4_a_value_the_org_would_refuse_is_refused_in_words(path, after, reason):
    expected = ("write", "not in Salesforce yet") if reason is None else ("refused", reason)
    assert judged(change(1, path, after)) == [expected]


def test_CAT_13_a_0_to_10_score_fits_length_2_decimals_1():
    assert value_range(FIELDS["CS_Health_Score__c"]) == "-99.9 to 99.9"
    assert value_range(FieldDescribe("X__c", type="double", precision=2, scale=2)) == "-0.99 to 0.99"
    assert value_range(FIELDS["CS_Seats__c"]) == "-99999999 to 99999999"


def test_CAT_16_a_field_that_may_not_be_written_is_refused():
    ((verdict, reason),) = judged(change(1, "Locked_Score__c", "5"))
    assert verdict == "refused"
    assert "Visible, not Read-only" in reason


def test_only_what_would_be_written_there_is_judged():
    rows = [
        change(1, "CS_Health_Score__c", "100", side="here"),
        change(2, "CS_Health_Score__c", None, verdict="conflict"),
        change(3, "CS_Health_Score__c", "100", verdict="held"),
    ]
    assert [verdict for verdict, _ in judged(*rows)] == ["write", "conflict", "held"]


def test_BEY_4_two_records_cannot_have_the_same_unique_value():
    rows = [change(1, "Product_Id__c", "P-1"), change(2, "Product_Id__c", "p-1"), change(3, "Product_Id__c", "P-3")]
    first, second, third = judged(*rows)
    assert first == (
        "refused",
        f"'P-1' is planned for several records, first 'Company 1' and last 'Company 2'; {PRODUCT} is unique",
    )
    assert second[0] == "refused"
    assert third[0] == "write"


def test_BEY_4_a_unique_value_of_another_record_is_refused_unless_that_record_changes_too():
    there = [{"Product_Id__c": "P-1"}, {"Product_Id__c": "P-2"}]
    rows = [change(5, "Product_Id__c", "p-2")]
    ((verdict, reason),) = judged(*rows, there=there)
    assert (verdict, reason) == (
        "refused", f"'p-2' already belongs to the record {there_id(2)}; {PRODUCT} is unique",
    )  # fmt: skip
    swap = [change(1, "Product_Id__c", "P-2"), change(2, "Product_Id__c", "P-1")]
    assert [verdict for verdict, _ in judged(*swap, there=there)] == ["write", "write"]


def profile(scale="0-10", decimals=1, bands=("Red", "Yellow", "Green")):
    starts = [0, 50, 75]
    return HealthProfile(
        scale=scale,
        decimals=decimals,
        bands=[{"name": name, "from": start} for name, start in zip(bands, starts, strict=True)],
        measures=[{"name": "Use", "metric": "use", "group": "Usage", "weight": 1,
                   "rule": {"kind": "linear", "points": [[0, 0], [1, 100]]}}],
    )  # fmt: skip


def findings(*fields, given=None, guard_prefix="CS_", here=None, known=None):
    describe = ObjectDescribe("Account", "Account", known or FIELDS)
    guards = Writeback(guard_prefix=guard_prefix)
    found = check_targets("account", object_mapping(*fields), describe, given or profile(), guards, here)
    return [each for each in found if each.severity != "info"]


SCORE_OUT = mapped("health_score", "CS_Health_Score__c", "output")


def test_CAT_11_a_fitting_mapping_has_no_findings():
    assert findings(SCORE_OUT, mapped("health_band", "CS_Health_Band__c", "output")) == []


def test_CAT_9_a_missing_score_field_comes_with_the_whole_recipe():
    (finding,) = findings(mapped("health_score", "CS_Score__c", "output"))
    assert (finding.severity, finding.requirement) == ("error", "CAT-9")
    assert "Account has no field CS_Score__c" in finding.message
    for part in [
        "The toolkit does not create fields",  # CAT-9, VIT-18
        "Setup > Objects and Fields > Object Manager > Account > Fields & Relationships > New",  # CAT-10
        "Field type: Number",  # CAT-11
        'for example "CS Score"',  # CAT-12
        "Length 2, Decimal Places 1",  # CAT-13
        "Field name: CS_Score",  # CAT-14
        "existing custom report types",  # CAT-15
        "Visible, not Read-Only",  # CAT-16
        "Read-Only for everybody else",  # CAT-17
        "overwritten",  # CAT-18
        "map the field",  # CAT-20
        "Refresh the fields",  # CAT-21
    ]:
        assert part in finding.hint


@pytest.mark.parametrize(
    ("field", "dtype", "part"),
    [
        (mapped("health_band", "CS_B__c", "output"), None, "Picklist with the values Red, Yellow, Green"),
        (mapped("health_coverage", "CS_B__c", "output"), None, "Number, Length 1, Decimal Places 2"),
        (mapped("health_as_of", "CS_B__c", "output"), None, "Field type: Date"),
        (mapped("renewal_date", "CS_B__c", "output"), pl.Date(), "Field type: Date"),
        (mapped("mrr", "CS_B__c", "output"), pl.Float64(), "Number, Length 16"),
        (mapped("active", "CS_B__c", "output"), pl.Boolean(), "Checkbox"),
        (mapped("segment", "CS_B__c", "output"), pl.String(), "Text, Length 255"),
    ],
)
def test_VIT_18_the_recipe_names_the_type_for_what_is_sent(field, dtype, part):
    (finding,) = findings(field, here={field.here: dtype} if dtype else None)
    assert part in finding.hint
    assert finding.requirement == "VIT-18"


def test_CAT_13_a_0_to_100_score_needs_length_3():
    (finding,) = findings(SCORE_OUT, given=profile("0-100"))
    assert finding.requirement == "CAT-13"
    assert finding.message == f"a score of 0-100 does not fit {SCORE}, which holds -99.9 to 99.9"
    assert "Length to 3" in finding.hint
    (missing,) = findings(mapped("health_score", "CS_New__c", "output"), given=profile("0-100", 2))
    assert "Number, Length 3, Decimal Places 2" in missing.hint


def test_HLT_4_decimals_that_get_lost_are_a_warning():
    (finding,) = findings(SCORE_OUT, given=profile(decimals=3))
    assert (finding.severity, finding.requirement) == ("warning", "HLT-4")


def test_CAT_16_a_read_only_field_is_found_before_planning():
    (finding,) = findings(mapped("health_score", "Locked_Score__c", "output"), guard_prefix=None)
    assert (finding.severity, finding.requirement) == ("error", "CAT-16")
    assert "untick Read-Only" in finding.hint


@pytest.mark.parametrize(
    ("here", "there", "dtype", "severity", "requirement"),
    [
        ("health_score", "CS_Segment__c", None, "error", "CAT-11"),
        ("health_as_of", "CS_Health_Score__c", None, "error", "VIT-20"),
        ("health_band", "CS_Renewal_Date__c", None, "error", "VIT-20"),
        ("renewal_date", "CS_Health_Score__c", pl.Date(), "error", "VIT-20"),
        ("mrr", "CS_Renewal_Date__c", pl.Float64(), "error", "VIT-20"),
        ("mrr", "CS_Segment__c", pl.Float64(), "warning", "VIT-20"),
        ("segment", "CS_Health_Score__c", pl.String(), None, None),
    ],
)
def test_VIT_20_the_field_must_be_of_the_right_type(here, there, dtype, severity, requirement):
    found = findings(mapped(here, there, "output"), here={here: dtype} if dtype else None)
    assert [(each.severity, each.requirement) for each in found] == ([(severity, requirement)] if severity else [])


def test_VIT_20_a_restricted_picklist_must_have_the_bands():
    (finding,) = findings(
        mapped("health_band", "CS_Health_Band__c", "output"), given=profile(bands=("Red", "Amber", "Green"))
    )
    assert finding.message == f"{BAND} has no value Amber; it takes Green, Yellow, Red"


def test_VIT_19_a_target_without_the_guard_prefix_is_an_error():
    (finding,) = findings(mapped("name", "Name", "two_way"))
    assert (finding.severity, finding.requirement) == ("error", "VIT-19")
    assert findings(mapped("name", "Name", "input")) == []


def test_CAT_18_human_edits_that_will_be_lost_are_told():
    describe = ObjectDescribe("Account", "Account", FIELDS)
    (told,) = check_targets("account", object_mapping(SCORE_OUT), describe, profile())
    assert (told.severity, told.requirement) == ("info", "CAT-18")
    assert "CS_Health_Score__c in Salesforce is overwritten" in told.message
    held = mapped("health_score", "CS_Health_Score__c", "output", on_conflict="hold")
    assert check_targets("account", object_mapping(held), describe, profile()) == ()


def test_an_input_field_that_does_not_exist_is_an_error():
    (finding,) = findings(mapped("region", "Region__c", "input"))
    assert (finding.severity, finding.requirement) == ("error", "VIT-18")
    assert "did you mean" in finding.message or "there are" in finding.message


def test_a_match_field_that_does_not_exist_is_an_error():
    known = {name: field for name, field in FIELDS.items() if name != "Product_Id__c"}
    (finding,) = findings(SCORE_OUT, known=known)
    assert "Product_Id__c" in finding.message


def test_CAT_16_no_plan_is_made_while_a_target_cannot_work(now):
    given = sides(
        [mapped("health_score", "Locked_Score__c", "output"), mapped("x", "CS_Nope__c", "output")],
        [{"health_score": 1.0, "x": "a"}],
        [{"Locked_Score__c": None, "CS_Nope__c": None}],
    )
    with pytest.raises(PreflightError, match="does not fit the org in 2 places") as caught:
        make_plan([given], org_id="00D", created_at=now)
    assert len(caught.value.findings) == 2
    assert "untick Read-Only" in str(caught.value)
    assert "The toolkit does not create fields" in str(caught.value)
