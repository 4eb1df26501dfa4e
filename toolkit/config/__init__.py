"""The mapping file: read it, judge it, save it. See `toolkit.config.models` for what an admin can decide."""

from toolkit.config.health import Band, Health, HealthProfile, Measure, Rule
from toolkit.config.load import load, parse
from toolkit.config.models import (
    HEALTH_FIELDS,
    Access,
    Connection,
    Demo,
    FieldMapping,
    MatchRule,
    Metric,
    ObjectMapping,
    Schedule,
    Scope,
    Settings,
    Source,
    WorkspaceSettings,
    Writeback,
)
from toolkit.config.presets import PRESETS, preset_text
from toolkit.config.save import save

__all__ = [
    "HEALTH_FIELDS",
    "PRESETS",
    "Access",
    "Band",
    "Connection",
    "Demo",
    "FieldMapping",
    "Health",
    "HealthProfile",
    "MatchRule",
    "Measure",
    "Metric",
    "ObjectMapping",
    "Rule",
    "Schedule",
    "Scope",
    "Settings",
    "Source",
    "WorkspaceSettings",
    "Writeback",
    "load",
    "parse",
    "preset_text",
    "save",
]
