"""The mapping file: read it, judge it, save it. See `toolkit.config.models` for what an admin can decide."""

from toolkit.config.agreements import AgreementTerms, TacitRenewal, Term
from toolkit.config.health import Band, Health, HealthProfile, Measure, Rule
from toolkit.config.load import load, parse
from toolkit.config.match_rules import MatchRule
from toolkit.config.models import (
    HEALTH_FIELDS,
    Access,
    Brakes,
    Connection,
    Demo,
    Schedule,
    Settings,
    WorkspaceSettings,
    Writeback,
)
from toolkit.config.objects import FieldMapping, Hierarchy, ObjectMapping, Picklist, RoleTag, Scope
from toolkit.config.presets import PRESETS, preset_text
from toolkit.config.save import save
from toolkit.config.sources import Metric, Source

__all__ = [
    "HEALTH_FIELDS",
    "PRESETS",
    "Access",
    "AgreementTerms",
    "Band",
    "Brakes",
    "Connection",
    "Demo",
    "FieldMapping",
    "Health",
    "HealthProfile",
    "Hierarchy",
    "MatchRule",
    "Measure",
    "Metric",
    "ObjectMapping",
    "Picklist",
    "RoleTag",
    "Rule",
    "Schedule",
    "Scope",
    "Settings",
    "Source",
    "TacitRenewal",
    "Term",
    "WorkspaceSettings",
    "Writeback",
    "load",
    "parse",
    "preset_text",
    "save",
]
