"""Notebook widgets: thin faces over `Workspace`, whose buttons call the same methods a cell would call."""

from toolkit.widgets.connection_card import ConnectionCard
from toolkit.widgets.grid import Column, Grid
from toolkit.widgets.mapping_table import MappingTable
from toolkit.widgets.mismatches import Mismatches
from toolkit.widgets.plan_review import PlanReview
from toolkit.widgets.table import Table

__all__ = ["Column", "ConnectionCard", "Grid", "MappingTable", "Mismatches", "PlanReview", "Table"]
