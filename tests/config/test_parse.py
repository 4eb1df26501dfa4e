"""Reading a mapping file: what is valid, and every fault of what is not, at once and with its line."""

import tomllib

import pytest

from toolkit.config import HEALTH_FIELDS, FieldMapping, Settings, load, parse, preset_text
from toolkit.config.lines import line_numbers
from toolkit.errors import ConfigError, NotFoundError

SMALL = """\
[objects.account]
match = ["external_id = Product_Id__c"]

[[objects.account.fields]]
here = "stage"
there = "CS_Stage__c"
direction = "two_way"
"""

PROFILE = """
[health.profiles.default]
bands = [{ name = "Red", from = 0 }, { name = "Green", from = 50 }]
[[health.profiles.default.measures]]
name = "Logins"
metric = "logins"
group = "Usage"
weight = 1
rule = { kind = "linear", points = [[0, 0], [10, 100]] }
"""

METRIC = """
[sources.accounts]
path = "accounts.csv"
key = "external_id"
[metrics.logins]
source = "accounts"
column = "logins"
"""


def faults(text: str) -> dict[str, tuple[int | None, str]]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return {fault.place: (fault.line, fault.message) for fault in caught.value.faults}


def with_field(here: str, there: str, direction: str, more: str = "") -> str:
    return f"""{SMALL}
[[objects.account.fields]]
here = "{here}"
there = "{there}"
direction = "{direction}"
{more}
"""


def test_the_demo_preset_is_valid_and_says_what_the_tour_needs(settings):
    account = settings.objects["account"]
    assert account.sobject == "Account"
    assert account.scope.list_view == "Active Customers"
    assert [str(rule) for rule in account.match] == ["external_id = Product_Id__c"]
    by_here = {field.here: field for field in account.fields}
    assert by_here["health_score"].there == "CS_Health_Score__c"
    assert by_here["account_owner"].there == "Owner.Name"
    assert by_here["stage"].direction == "two_way"
    assert {"health_score", "health_band"} == set(by_here) & {*HEALTH_FIELDS}
    assert settings.account_source == "accounts"
    groups = {measure.group for measure in settings.health.profile.measures}
    assert groups == {"Usage", "Contacts", "Support", "Contract"}


def test_the_least_mapping_file_is_three_lines():
    settings = parse('[objects.account]\nmatch = ["a = B__c"]')
    assert settings.connection.login == "demo"
    assert settings.writeback.guard_prefix is None
    assert settings.health.profile is None


@pytest.mark.parametrize(
    ("direction", "rule"),
    [("output", "toolkit_wins"), ("input", "salesforce_wins"), ("two_way", "hold")],
    ids=["CAT_18_output", "input", "two_way"],
)
def test_what_wins_when_the_mapping_does_not_say(direction, rule):
    assert FieldMapping(here="a", there="A__c", direction=direction).on_conflict == rule


def test_CSU_16_17_visible_fields_come_in_their_order():
    fields = "".join(
        f'[[objects.account.fields]]\nhere = "f{n}"\nthere = "F{n}__c"\ndirection = "input"\n{more}\n'
        for n, more in enumerate(["", "order = 2", "order = 1", "visible = false", ""])
    )
    account = parse('[objects.account]\nmatch = ["a = B__c"]\n' + fields).objects["account"]
    assert [field.here for field in account.visible_fields] == ["f2", "f1", "f0", "f4"]


def test_CSU_4_a_field_is_read_only_unless_it_is_said_to_be_editable(settings):
    editable = {field.here for field in settings.objects["account"].fields if field.editable}
    assert editable == {"stage"}


def test_VIT_5_the_object_is_account_unless_another_is_named():
    assert parse(SMALL).objects["account"].sobject == "Account"
    named = parse(SMALL.replace("[objects.account]", '[objects.account]\nsobject = "Customer__c"'))
    assert named.objects["account"].sobject == "Customer__c"


def test_what_a_pull_reads_is_named_once_each(settings):
    paths = settings.objects["account"].there_paths
    assert len(paths) == len(set(paths))
    assert paths[:2] == ("Name", "Product_Id__c")


def test_every_fault_is_reported_at_once_with_its_line():
    text = """\
[workspace]
nam = "x"
as_of = 2026-11-02T08:00:00

[connection]
login = "client_credential"
api_version = "latest"

[objects.account]
match = ["external_id Product_Id__c"]

[[objects.account.fields]]
here = "health score"
there = "CS_Health_Score__c"
direction = "outputt"

[[objects.account.fields]]
here = "mrr"
there = "MRR__c"
direction = "output"
order = "first"

[writeback]
guard_prefix = "CS_"
bulk_from = 0

[metrics.logins]
source = "usage"
column = "logins"
aggregate = "avg"

[health.profiles.default]
bands = [
  { name = "Red", from = 0 },
  { name = "Green", from = 150 },
]

[[health.profiles.default.measures]]
name = "Logins"
metric = "login"
group = "Usage"
weight = 0
rule = { kind = "linear", points = [[0, 0], [0, 100]] }

[schedule]
pull = "every night"
"""
    found = faults(text)
    assert {place: line for place, (line, _) in found.items()} == {
        "workspace.nam": 2,
        "workspace.as_of": 3,
        "connection.login": 6,
        "connection.api_version": 7,
        "objects.account.match[0]": 10,
        "objects.account.fields[0].here": 13,
        "objects.account.fields[0].direction": 15,
        "objects.account.fields[1].there": 19,
        "objects.account.fields[1].order": 21,
        "writeback.bulk_from": 25,
        "metrics.logins.source": 28,
        "metrics.logins.aggregate": 30,
        "health.profiles.default.bands[1].from": 35,
        "health.profiles.default.measures[0].metric": 40,
        "health.profiles.default.measures[0].weight": 42,
        "health.profiles.default.measures[0].rule.points": 43,
        "schedule.pull": 46,
    }
    assert 'did you mean "name"?' in found["workspace.nam"][1]
    assert 'did you mean "client_credentials"?' in found["connection.login"][1]
    assert 'did you mean "output"?' in found["objects.account.fields[0].direction"][1]
    assert 'did you mean "logins"?' in found["health.profiles.default.measures[0].metric"][1]
    assert found["workspace.as_of"][1].endswith("a time with its zone, such as 2026-11-02T08:00:00Z")
    assert found["writeback.bulk_from"][1] == "given 0; must be 1 or more"
    assert list(found.values()) == sorted(found.values(), key=lambda fault: fault[0])


def test_the_message_lists_the_faults_and_the_file(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_text(SMALL + 'colour = "red"\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(
        f"{path} is not valid (1 fault):\n  - line 8, objects.account.fields[0].colour:"
    )
    assert "valid keys are here, there, direction" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[objects.account]\nmatch = ["a = B__c"\nname = "Name"\n', 3, "unclosed array"),
        ("[objects]\nname = Acme\n", 2, "invalid value"),
        ("[objects]\na = 1\na = 2\n", 3, "overwrite"),
        ("[objects", 1, "expected ']'"),
        ('name = "Acme', 1, "unterminated string"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_with_the_line(text, line, words):
    ((found_line, message),) = faults(text).values()
    assert found_line == line
    assert words in message.lower()


def test_a_file_that_is_not_utf8_is_refused_with_line_and_byte(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_bytes(b'[workspace]\nname = "Caf\xe9"\n')
    with pytest.raises(ConfigError, match=r"line 2, text: byte 24 is not UTF-8"):
        load(path)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert load(path) == parse(SMALL)
    path.write_bytes(SMALL.replace("two_way", "both").replace("\n", "\r\n").encode())
    with pytest.raises(ConfigError, match=r"line 7, objects.account.fields\[0\].direction"):
        load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"workspace\.toml"):
        load(tmp_path / "workspace.toml")


def test_VIT_19_a_written_field_must_start_with_the_guard_prefix():
    guarded = '[writeback]\nguard_prefix = "CS_"\n'
    found = faults(guarded + with_field("mrr", "MRR__c", "output"))
    assert list(found) == ["objects.account.fields[1].there"]
    assert '"CS_"' in found["objects.account.fields[1].there"][1]
    assert faults(guarded + with_field("mrr", "MRR__c", "two_way"))
    assert parse(guarded + with_field("name", "Name", "input"))
    assert parse(guarded + with_field("mrr", "cs_mrr__c", "output")), "Salesforce's names know no case"
    assert parse(with_field("mrr", "MRR__c", "output")), "the guard is off unless it is set"


def test_VIT_21_each_value_is_mapped_to_one_field_of_its_own():
    mapped = parse(with_field("mrr", "CS_MRR__c", "output")).objects["account"].fields[1]
    assert (mapped.here, mapped.there, mapped.direction) == ("mrr", "CS_MRR__c", "output")
    found = faults(with_field("mrr", "CS_Stage__c", "output"))
    assert "one target takes its value from one field" in found["objects.account.fields[1].there"][1]


@pytest.mark.parametrize("here", HEALTH_FIELDS)
def test_CAT_5_a_health_field_needs_a_health_profile(here):
    found = faults(with_field(here, "CS_Health__c", "output"))
    assert "no health profile is configured" in found["objects.account.fields[1].here"][1]
    assert parse(with_field(here, "CS_Health__c", "output") + METRIC + PROFILE)


@pytest.mark.parametrize("login", ["client_credentials", "refresh_token", "token"])
def test_CAT_6_a_login_to_a_real_org_needs_its_address(login):
    text = f'[connection]\nlogin = "{login}"\n' + SMALL
    line, message = faults(text)["connection.login_url"]
    assert line == 1
    assert "CAT-6" in message
    settings = parse(text.replace("[objects", 'login_url = "https://acme.my.salesforce.com/"\n[objects', 1))
    assert settings.connection.login_url == "https://acme.my.salesforce.com"


@pytest.mark.parametrize(
    "address", ["acme.my.salesforce.com", "http://acme.my.salesforce.com", "https://", "https://me:pw@acme.example"]
)
def test_an_address_that_is_none_or_not_safe_is_refused(address):
    found = faults(f'[connection]\nlogin = "token"\nlogin_url = "{address}"\n{SMALL}')
    assert list(found) == ["connection.login_url"]
    assert "pw" not in found["connection.login_url"][1]


@pytest.mark.parametrize("key", ["client_secret", "password", "token", "refresh_token", "Access_Token"])
def test_a_secret_is_refused_by_name_and_never_repeated(key):
    with pytest.raises(ConfigError) as caught:
        parse(f'[connection]\nlogin = "demo"\n{key} = "hunter2"\n{SMALL}')
    (fault,) = caught.value.faults
    assert (fault.place, fault.line) == (f"connection.{key}", 3)
    assert f"CS_TOOLKIT_{key.upper()}" in fault.message
    assert "hunter2" not in str(caught.value)


def test_a_metric_may_be_called_token_and_look_at_one():
    text = SMALL + METRIC.replace("metrics.logins", "metrics.token") + 'where = { token = "x" }\n'
    assert parse(text).metrics["token"].where == {"token": "x"}


FIELD = "objects.account.fields[1]."
MEASURES = "health.profiles.default.measures"
SCORED = SMALL + METRIC + PROFILE
SALESFORCE_WINS, TOOLKIT_WINS = 'on_conflict = "salesforce_wins"', 'on_conflict = "toolkit_wins"'


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (with_field("owner", "Owner.Name", "output"), FIELD + "there", "can only be read"),
        (with_field("stage2", "CS_Stage__c", "output"), FIELD + "there", "already written by fields[0]"),
        (with_field("stage", "Other__c", "input"), FIELD + "here", "already written by fields[0]"),
        (with_field("a", "cs_stage__c", "input"), FIELD + "there", 'also spelled "CS_Stage__c"'),
        (with_field("a", "product_id__c", "input"), FIELD + "there", 'also spelled "Product_Id__c"'),
        (with_field("a", "A__c", "output", SALESFORCE_WINS), FIELD + "on_conflict", 'is "toolkit_wins", "hold"'),
        (with_field("a", "A__c", "input", TOOLKIT_WINS), FIELD + "on_conflict", 'is "salesforce_wins", "hold"'),
        (with_field("health_scor", "A__c", "output"), FIELD + "here", 'did you mean "health_score"?'),
        (with_field("logins", "A__c", "input") + METRIC, FIELD + "direction", 'must be "output"'),
        (with_field("a; DROP", "A__c", "input"), FIELD + "here", "plain name"),
        (with_field("a", "Name FROM User", "input"), FIELD + "there", "Salesforce field name"),
        (SMALL + METRIC.replace('"accounts"', '"account"'), "metrics.logins.source", 'did you mean "accounts"?'),
        (SMALL + METRIC + "window_days = 28", "metrics.logins.window_days", "names none"),
        (SMALL + METRIC.replace("key", "account") + 'per = "seats"', "metrics.logins.per", "accounts file"),
        (SMALL + METRIC + 'aggregate = "change"', "metrics.logins", "window_days"),
        (SMALL + METRIC.replace('column = "logins"', ""), "metrics.logins", 'needs a "column"'),
        (SMALL + METRIC + '[sources.b]\npath = "b.csv"\nkey = "id"', "sources.b.key", "accounts file"),
        (SMALL + '[sources.b]\npath = "b.csv"', "sources.b", 'needs either "key"'),
        (SMALL + PROFILE, MEASURES + "[0].metric", "no metric is configured"),
        (SCORED.replace("from = 0", "from = 5"), "health.profiles.default.bands", "cover 0 to 100"),
        (SCORED.replace("from = 50", "from = 0"), "health.profiles.default.bands", "ascend"),
        (SCORED.replace("Green", "Red"), "health.profiles.default.bands", "differ"),
        (SCORED.replace("weight = 1", "weight = -1"), MEASURES + "[0].weight", "more than 0"),
        (SCORED.replace("100]]", "101]]"), MEASURES + "[0].rule.points[1][1]", "100 or less"),
        (SCORED.replace(", [10, 100]", ""), MEASURES + "[0].rule.points", "at least 2"),
        (SCORED + PROFILE[PROFILE.index("[[health") :], "health.profiles.default", "occur twice: Logins"),
        (SCORED.replace("default", "a") + PROFILE.replace("default", "b"), "health", 'must be named "default"'),
        (SMALL + '[schedule]\npull = "61 * * * *"', "schedule.pull", "not a minute"),
        ('[objects.account]\nname = "Name"', "objects.account.match", "is missing; this table needs match"),
        ("[workspace]", "objects", "is missing"),
        ("objects = 5", "objects", "must be a table"),
        ("[objects]\naccount = 5", "objects.account", "must be a table"),
    ],
)
def test_each_slip_is_named_with_what_would_be_valid(text, place, words):
    found = faults(text)
    assert list(found) == [place]
    assert words in found[place][1]


@pytest.mark.parametrize("line", ["0 2 * * *", "*/15 8-18 * * mon-fri", "0,30 6 1 jan,jul 7", "5-55/10 * * * *"])
def test_crontab_lines_are_taken(line):
    assert parse(f'{SMALL}[schedule]\npull = "{line}"').schedule.pull == line


@pytest.mark.parametrize(
    "line", ["0 2 * *", "x * * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "*/0 * * * *", "9-3 * * * *"]
)
def test_lines_that_are_no_crontab_are_refused(line):
    assert list(faults(f'{SMALL}[schedule]\npull = "{line}"')) == ["schedule.pull"]


def test_settings_cannot_be_changed_in_place(settings):
    with pytest.raises(ValueError, match="frozen"):
        settings.workspace.name = "x"


def test_lines_are_found_wherever_toml_lets_a_value_stand():
    text = '''
top = "# not a comment [nor] a = table"
[ a . "b c" ]  # comment
x.y = 1
list = [ # one
  1, { k = "}]" , l = [2,
   3] },
]
text = """
[not.a.table]
"""
[[a.things]]
n = 1
  [a.things.inner]
  deep = \'\'\'
[[nor.this]]\'\'\'
[[a.things]]
n = 2
'''
    assert tomllib.loads(text)
    lines = line_numbers(text)
    assert lines[("top",)] == 2
    assert lines[("a", "b c")] == 3
    assert lines[("a", "b c", "x", "y")] == 4
    assert lines[("a", "b c", "list", 1, "l", 1)] == 7
    assert lines[("a", "b c", "text")] == 9
    assert lines[("a", "things", 0, "inner", "deep")] == 15
    assert lines[("a", "things", 1, "n")] == 18
    assert not [place for place in lines if {"nor", "not"} & set(place)]


def test_every_place_of_the_preset_has_a_line():
    text = preset_text("demo")
    lines = line_numbers(text)

    def walk(value, place):
        yield place
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from walk(inner, (*place, key))
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from walk(inner, (*place, number))

    implied = {(), ("objects",), ("sources",), ("metrics",), ("health",), ("health", "profiles")}
    assert set(walk(tomllib.loads(text), ())) - implied == set(lines)
    assert Settings.model_validate(tomllib.loads(text))
