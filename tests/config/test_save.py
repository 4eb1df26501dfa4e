"""Saving settings: the file stays a person's file."""

import difflib
import stat

import pytest

from toolkit.config import Band, FieldMapping, Health, MatchRule, Scope, load, parse, preset_text, save
from toolkit.config.objects import Exclusions
from toolkit.errors import ConfigError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_text(preset_text("demo"), encoding="utf-8")
    return path


def with_fields(settings, fields):
    account = settings.objects["account"].model_copy(update={"fields": tuple(fields)})
    return settings.model_copy(update={"objects": {**settings.objects, "account": account}})


def changed_lines(path) -> tuple[list[str], list[str]]:
    """Return the lines that went and the lines that came, blank ones left out."""
    diff = list(difflib.ndiff(preset_text("demo").splitlines(), path.read_text(encoding="utf-8").splitlines()))
    gone = [line[2:] for line in diff if line.startswith("- ") and line[2:].strip()]
    new = [line[2:] for line in diff if line.startswith("+ ") and line[2:].strip()]
    return gone, new


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def test_saving_what_was_loaded_changes_not_a_byte(path):
    save(path, load(path))
    assert path.read_text(encoding="utf-8") == preset_text("demo")


def test_one_changed_switch_is_one_changed_line(path):
    settings = load(path)
    fields = [
        field.model_copy(update={"on_conflict": "salesforce_wins"}) if field.here == "stage" else field
        for field in settings.objects["account"].fields
    ]
    save(path, with_fields(settings, fields))
    assert changed_lines(path) == (['on_conflict = "hold"'], ['on_conflict = "salesforce_wins"'])
    assert load(path) == with_fields(settings, fields)


def test_a_comment_behind_a_changed_value_survives(path):
    settings = load(path)
    profile = settings.health.profile.model_copy(update={"min_coverage": 0.25})
    save(path, settings.model_copy(update={"health": Health(profiles={"default": profile})}))
    assert changed_lines(path)[1] == ["min_coverage = 0.25 # no score when less than half of the weight has a value"]


def test_a_new_field_stands_behind_the_others_and_above_the_next_section(path):
    settings = load(path)
    new = FieldMapping(here="csat", there="CS_CSAT__c", direction="output")
    save(path, with_fields(settings, [*settings.objects["account"].fields, new]))
    assert load(path).objects["account"].fields[-1] == new
    assert changed_lines(path)[0] == []
    text = path.read_text(encoding="utf-8")
    assert text.index('"csat"') < text.index("# What you know about your customers")


@pytest.mark.parametrize("here", ["name", "website", "stage", "nps_detractors"])
def test_a_removed_field_takes_no_comment_with_it(path, here):
    settings = load(path)
    fields = [field for field in settings.objects["account"].fields if field.here != here]
    save(path, with_fields(settings, fields))
    assert comments(path.read_text(encoding="utf-8")) == comments(preset_text("demo"))
    assert load(path) == with_fields(settings, fields)
    assert changed_lines(path)[1] == []


def test_fields_in_another_order_keep_every_comment(path):
    settings = load(path)
    fields = [*settings.objects["account"].fields]
    fields = [FieldMapping(here="a", there="CS_A__c", direction="output"), *fields[::-1]]
    save(path, with_fields(settings, fields))
    assert load(path) == with_fields(settings, fields)
    assert sorted(comments(path.read_text(encoding="utf-8"))) == sorted(comments(preset_text("demo")))


def test_lists_bands_and_tables_are_replaced_and_added(path):
    settings = load(path)
    profile = settings.health.profile.model_copy(
        update={"bands": (Band(name="Low", start=0), Band(name="High", start=60.5))}
    )
    account = settings.objects["account"].model_copy(
        update={"match": (*settings.objects["account"].match, MatchRule(here="domain", there="Website"))}
    )
    changed = settings.model_copy(
        update={
            "objects": {**settings.objects, "account": account},
            "health": Health(profiles={"default": profile}),
            "writeback": settings.writeback.model_copy(update={"guard_prefix": None}),
        }
    )
    save(path, changed)
    assert load(path) == changed
    text = path.read_text(encoding="utf-8")
    assert 'match = ["external_id = Product_Id__c", "domain = Website"]' in text
    assert '{name = "High", from = 60.5}' in text
    assert "guard_prefix" not in text
    assert comments(text) == comments(preset_text("demo"))


def test_settings_without_a_file_make_one(tmp_path, settings):
    path = tmp_path / "new.toml"
    save(path, settings)
    assert load(path) == settings


def test_settings_that_do_not_hold_together_leave_the_file_alone(path):
    settings = load(path)
    wrong = FieldMapping(here="mrr2", there="MRR__c", direction="output")
    with pytest.raises(ConfigError, match="VIT-19"):
        save(path, with_fields(settings, [*settings.objects["account"].fields, wrong]))
    assert path.read_text(encoding="utf-8") == preset_text("demo")
    assert [each.name for each in path.parent.iterdir()] == ["workspace.toml"]


def test_a_file_that_is_no_toml_any_more_is_not_overwritten(path):
    settings = load(path)
    path.write_text("[objects", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 1"):
        save(path, settings)
    assert path.read_text(encoding="utf-8") == "[objects"


def test_the_rights_of_the_file_stay(path):
    path.chmod(0o640)
    settings = load(path)
    save(path, settings.model_copy(update={"demo": settings.demo.model_copy(update={"seed": 2})}))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_windows_line_ends_stay(path):
    path.write_bytes(preset_text("demo").replace("\n", "\r\n").encode())
    settings = load(path)
    save(path, settings.model_copy(update={"demo": settings.demo.model_copy(update={"seed": 2})}))
    assert path.read_bytes() == preset_text("demo").replace("seed = 1", "seed = 2").replace("\n", "\r\n").encode()


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_what_is_saved_over_an_empty_file_can_be_read(tmp_path, text, settings):
    path = tmp_path / "workspace.toml"
    path.write_text(text, encoding="utf-8")
    save(path, settings)
    assert load(path) == settings
    assert parse(path.read_text(encoding="utf-8")) == settings


def test_a_setting_that_is_new_stands_behind_those_of_its_section_and_a_small_section_on_one_line(tmp_path):
    path = tmp_path / "workspace.toml"
    path.write_text(
        '[objects.account]\ncreate = true\nscope = { list_view = "Active" } # whom\n\n# --- the fields\n'
        '[[objects.account.fields]]\nhere = "name"\nthere = "Name"\ndirection = "input"\n',
        "utf-8",
    )
    settings = load(path)
    scope = {"picklist": {"field": "Type", "values": ["Customer"]}, "filter": "Name contains 'a'"}
    account = settings.objects["account"].model_copy(
        update={"scope": Scope.model_validate(scope), "left_scope": "churn", "exclude": Exclusions(name_over=128)}
    )
    save(path, settings.model_copy(update={"objects": {"account": account}}))
    assert path.read_text("utf-8") == (
        "[objects.account]\ncreate = true\n"
        'scope = {picklist = {field = "Type", values = ["Customer"]}, filter = "Name contains \'a\'"} # whom\n'
        'left_scope = "churn"\nexclude = {name_over = 128}\n\n# --- the fields\n'
        '[[objects.account.fields]]\nhere = "name"\nthere = "Name"\ndirection = "input"\n'
    )
