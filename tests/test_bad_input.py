"""Everything a person can get wrong, seen from the command line: the message, the next step, the exit code, no secret.

Each test goes through `toolkit.cli.main` on a workspace of its own, over the wire to an org that is not the demo's.
"""

import signal
import sqlite3

import pytest

from toolkit.cli import main
from toolkit.config import preset_text
from toolkit.demo_org.company.files import write_customer_side
from toolkit.salesforce import Credentials, connect
from toolkit.store import Store

SECRET = "not-the-secret-of-this-app"


@pytest.fixture
def say(capsys):
    """Run a command line; return its exit code and everything it said."""

    def run(*arguments):
        before = signal.getsignal(signal.SIGTERM)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        signal.signal(signal.SIGTERM, before)
        told = capsys.readouterr()
        return ended.value.code, " ".join((told.out + told.err).split())

    return run


@pytest.fixture
def refused(say):
    """Run a command line that has to fail as an explained error; return what it said, in one line."""

    def run(*arguments):
        code, told = say(*arguments)
        assert code == 1, told
        assert told.startswith("Error:") or " Error:" in told
        assert "->" in told
        assert "Traceback" not in told
        return told

    return run


@pytest.fixture
def folder(demo_org, tmp_path, now, monkeypatch):
    """A workspace on `demo_org` as if it were a company's own, with credentials in the environment."""
    text = preset_text("demo").replace(
        'login = "demo"', f'login = "client_credentials"\nlogin_url = "{demo_org.url}"\nca_file = "{demo_org.ca_file}"'
    )
    (tmp_path / "workspace.toml").write_text(text, "utf-8")
    write_customer_side(tmp_path, accounts=60, seed=1, today=now.date())
    monkeypatch.setenv("CS_TOOLKIT_CLIENT_ID", demo_org.client_id)
    monkeypatch.setenv("CS_TOOLKIT_CLIENT_SECRET", demo_org.client_secret)
    return tmp_path


def mapping_with(folder, old, new):
    path = folder / "workspace.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def planned(say, folder):
    for step in ("pull", "match", "score"):
        code, told = say(step, "-w", folder)
        assert code == 0, told
    code, told = say("plan", "-w", folder)
    assert code in (0, 3), told
    return told.split("Digest ")[1].split()[0]


def test_wrong_credentials_say_so_and_never_show_the_secret(refused, folder, monkeypatch):
    monkeypatch.setenv("CS_TOOLKIT_CLIENT_SECRET", SECRET)
    told = refused("pull", "-w", folder)
    assert "CLIENT_SECRET" in told or "secret" in told
    assert SECRET not in told
    with Store.open(folder, read_only=True) as store:
        assert SECRET not in str(store.runs().to_dicts())


def test_missing_credentials_name_the_variables(refused, folder, monkeypatch):
    monkeypatch.delenv("CS_TOOLKIT_CLIENT_SECRET")
    assert "CS_TOOLKIT_CLIENT_SECRET" in refused("pull", "-w", folder)


def test_an_org_that_nobody_serves_says_so(refused, folder, demo_org):
    (folder / "ca.pem").write_bytes(demo_org.ca_file.read_bytes())
    mapping_with(folder, str(demo_org.ca_file), "ca.pem")
    demo_org.stop()
    assert "nothing answers" in refused("pull", "-w", folder)


def test_a_session_that_ends_between_two_calls_is_renewed(say, folder, demo_org):
    digest = planned(say, folder)
    demo_org.faults.inject("status", times=1, status=401, match="composite/sobjects")
    demo_org.faults.expire_sessions()
    code, told = say("commit", digest, "-w", folder)
    assert code in (0, 3), told
    assert "0 written" not in told


def test_a_session_that_cannot_be_renewed_says_what_to_hand_over(refused, folder, demo_org, monkeypatch):
    org = connect(
        login="client_credentials", login_url=demo_org.url, ca_file=demo_org.ca_file,
        credentials=Credentials(client_id=demo_org.client_id, client_secret=demo_org.client_secret),
    )  # fmt: skip
    token = org._wire.session_id
    monkeypatch.setenv("CS_TOOLKIT_ACCESS_TOKEN", token)
    monkeypatch.setenv("CS_TOOLKIT_INSTANCE_URL", demo_org.url)
    mapping_with(folder, 'login = "client_credentials"', 'login = "token"')
    demo_org.faults.expire_sessions()
    told = refused("pull", "-w", folder)
    assert "hand over a new one" in told
    assert token not in told


def test_an_unknown_list_view_names_those_that_exist(refused, folder):
    mapping_with(folder, "Active Customers", "Active Clients")
    told = refused("pull", "-w", folder)
    assert "Active Clients" in told
    assert "Active Customers" in told


def test_CAT_9_a_mapped_field_that_does_not_exist_is_named_with_the_recipe(say, refused, folder):
    mapping_with(folder, '"CS_MRR__c"', '"CS_Revenue__c"')
    assert "CS_Revenue__c" in refused("pull", "-w", folder)
    code, told = say("check", "-w", folder)
    assert code == 1
    assert "error: objects.account.fields[9] (mrr -> CS_Revenue__c)" in told
    assert "Fields & Relationships > New" in told


def test_CAT_16_a_field_the_integration_user_may_not_write_stops_plan_and_check(say, refused, folder, demo_org):
    planned(say, folder)
    demo_org.set_access("Account", "CS_MRR__c", read=True, edit=False)
    told = refused("plan", "-w", folder)
    assert "CS_MRR__c" in told
    assert "cannot be written by the integration user" in told
    assert "untick Read-Only" in told
    code, told = say("check", "-w", folder)
    assert code == 1
    assert "error: objects.account.fields[9] (mrr -> CS_MRR__c)" in told


def test_CAT_13_a_score_that_does_not_fit_its_field_stops_plan_and_check(say, refused, folder):
    planned(say, folder)
    mapping_with(folder, 'scale = "0-10"', 'scale = "0-100"')
    told = refused("plan", "-w", folder)
    assert "a score of 0-100 does not fit" in told
    assert "holds -99.9 to 99.9" in told
    code, told = say("check", "-w", folder)
    assert code == 1
    assert "does not fit" in told


def test_VIT_19_a_target_without_the_guard_prefix_is_refused_with_its_line(refused, folder):
    mapping_with(folder, 'there = "CS_MRR__c"', 'there = "AnnualRevenue"')
    line = (folder / "workspace.toml").read_text("utf-8").splitlines().index('there = "AnnualRevenue"') + 1
    told = refused("plan", "-w", folder)
    assert f"line {line}, objects.account.fields[9].there" in told
    assert 'must start with "CS_"' in told


def test_a_broken_mapping_file_tells_every_fault_at_once_with_its_line(refused, folder):
    mapping_with(folder, 'direction = "two_way"', 'direction = "sideways"')
    mapping_with(folder, "min_coverage = 0.5", "min_coverage = 5")
    mapping_with(folder, 'metric = "csat"', 'metric = "cast"')
    mapping_with(folder, 'pull = "0 */6 * * *"', 'pull = "whenever"')
    lines = (folder / "workspace.toml").read_text("utf-8").splitlines()
    told = refused("status", "-w", folder)
    assert "4 faults" in told
    for text in ('direction = "sideways"', "min_coverage = 5", 'metric = "cast"', 'pull = "whenever"'):
        line = next(number for number, each in enumerate(lines, 1) if each.startswith(text))
        assert f"line {line}, " in told, text


def test_a_secret_in_the_mapping_file_is_refused_and_not_repeated(refused, folder):
    mapping_with(folder, "[demo]", f'client_secret = "{SECRET}"\n\n[demo]')
    told = refused("status", "-w", folder)
    assert "CS_TOOLKIT_CLIENT_SECRET" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"external_id,name\nP-1,Caf\xe9\n", ["not UTF-8", "line 2", "byte"]),
        ("external_id,name\nP-1,Café\n".encode("utf-16"), ["UTF-16"]),
        (b"external_id,name\nP-1,A,x\nP-2\n", ["line 2", "line 3", "fields"]),
        (b"", ["is empty"]),
        (b"name\nA\n", ["external_id", "is missing"]),
    ],
    ids=["encoding", "utf-16", "ragged", "empty", "no key"],
)
def test_a_file_that_cannot_be_read_says_where_and_what_to_do(refused, folder, content, words):
    (folder / "accounts.csv").write_bytes(content)
    told = refused("pull", "-w", folder)
    assert "accounts.csv" in told
    for word in words:
        assert word in told, word


def test_a_file_with_an_account_twice_names_it_and_its_lines(refused, folder):
    path = folder / "accounts.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[3]]), "utf-8")
    told = refused("pull", "-w", folder)
    assert f'"{lines[3].split(",")[0]}": occurs on lines 4, {len(lines) + 1}' in told
    assert "Keep one row for each account" in told


def test_BEY_1_a_plan_whose_rows_were_tampered_with_is_refused(say, refused, folder, demo_org):
    digest = planned(say, folder)
    with sqlite3.connect(folder / "store.sqlite") as connection:
        done = connection.execute("UPDATE changes SET after = '9.9' WHERE field = 'CS_Health_Score__c' AND seq % 7 = 0")
        assert done.rowcount > 0
    connection.close()
    calls = len(demo_org.calls)
    told = refused("commit", digest, "-w", folder)
    assert "not the rows that were reviewed; nothing was written" in told
    assert not [each for each in demo_org.calls[calls:] if each[0] in ("PATCH", "POST", "PUT")]


def test_BEY_1_a_digest_that_begins_like_a_plans_and_goes_on_otherwise_is_refused(say, refused, folder):
    digest = planned(say, folder)
    assert "No plan has the digest" in refused("commit", digest + "0" * 52, "-w", folder)


def test_a_plan_with_nothing_to_write_may_be_committed(say, folder):
    say("commit", planned(say, folder), "-w", folder)
    nothing = planned(say, folder)
    code, told = say("commit", nothing, "-w", folder)
    assert (code, "0 written" in told) == (0, True), told


def test_BEY_3_what_was_not_written_is_told_with_its_reason(say, folder, demo_org):
    digest = planned(say, folder)
    demo_org.set_access("Account", "CS_MRR__c", read=True, edit=False)
    code, told = say("commit", digest, "-w", folder)
    assert code == 3
    assert "Not written: " in told
    assert "give the integration user Visible, not Read-Only" in told
    assert "more, each with its reason in the journal" in told


def test_a_store_in_use_by_another_run_names_it(say, refused, folder):
    planned(say, folder)
    with Store.open(folder) as other, other.lock("commit"):
        for step in (("pull",), ("match",), ("score",), ("plan",), ("undo",), ("resume",)):
            assert "another run holds this workspace: step commit, process" in refused(*step, "-w", folder)
        assert say("status", "-w", folder)[0] == 0  # looking is always allowed


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--accounts", "0"), ("demo", "--accounts", "-5"), ("demo", "--accounts", "many"),
        ("demo-org", "--port", "99999"), ("plan", "--rows", "-1"), ("schedule", "--job", "nap"), ("commit",), ("pul",),
        ("plan", "--rowz", "3"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_command_line_that_makes_no_sense_ends_with_2(say, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, told = say(*arguments)
    assert code == 2
    assert "Error" in told
    assert not list(tmp_path.iterdir())  # nothing was begun


@pytest.mark.parametrize("name", ["plan.xlsx", "nowhere/plan.csv"])
def test_a_plan_goes_to_a_file_of_a_known_kind_only(refused, folder, name):
    assert ".csv or .parquet" in refused("plan", "-w", folder, "--export", folder / name)


def test_a_path_that_cannot_be_used_is_told_in_words(refused, tmp_path):
    (tmp_path / "taken").write_text("a file", "utf-8")
    assert "is a file" in refused("demo", "-w", tmp_path / "taken")
    assert "taken" in refused("init", tmp_path / "taken" / "inside")
