"""Notebook widgets: thin faces over `Workspace`, whose buttons call the same methods a cell would call."""

from toolkit.widgets.agreement_terms import AgreementTerms
from toolkit.widgets.bars import Bars
from toolkit.widgets.connection_card import ConnectionCard
from toolkit.widgets.decisions import Decisions
from toolkit.widgets.field_creation import FieldCreation
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.import_preview import ImportPreview
from toolkit.widgets.lineage import Lineage
from toolkit.widgets.mapping_table import MappingTable
from toolkit.widgets.match_review import MatchReview
from toolkit.widgets.mismatches import Mismatches
from toolkit.widgets.plan_review import PlanReview
from toolkit.widgets.records import Records
from toolkit.widgets.scope_editor import ScopeEditor
from toolkit.widgets.table import Table

__all__ = [
    "AgreementTerms",
    "Bars",
    "Column",
    "ConnectionCard",
    "Decisions",
    "FieldCreation",
    "Grid",
    "ImportPreview",
    "Lineage",
    "MappingTable",
    "MatchReview",
    "Mismatches",
    "PlanReview",
    "Records",
    "ScopeEditor",
    "Table",
]
