"""The SELECT of a statement whose rows are groups: one for a plain GROUP BY, one an arm for ROLLUP and CUBE."""

from collections.abc import Callable
from dataclasses import dataclass

from toolkit.demo_org.soql.conditions import Terms, where
from toolkit.demo_org.soql.grouping import Groups, binding_of_groups, groups_of
from toolkit.demo_org.soql.ordering import SortKey, order_by, sort_keys
from toolkit.demo_org.soql.selection import Selection, select_groups
from toolkit.demo_org.soql.setting import Setting
from toolkit.demo_org.soql.sources import Sources
from toolkit.demo_org.soql.tree import Statement


@dataclass
class _Arm:
    selection: Selection
    rows: str  # from FROM to HAVING
    keys: list[SortKey]
    params: list[object]


def groups_sql(
    statement: Statement, sources: Sources, setting: Setting, conditions: Callable[[list[object]], str]
) -> tuple[Selection, str, list[object]]:
    """Return the columns, the SQL up to ORDER BY and its values.

    `conditions` gives the WHERE clause and puts its values into the list it is given.
    """
    groups = groups_of(statement, sources, setting)
    arms = [_arm(statement, sources, setting, each, conditions) for each in groups.arms()]
    first = arms[0]
    params = [value for arm in arms for value in arm.params]
    if not groups.kind:
        sql = f"SELECT {', '.join(first.selection.expressions)} FROM {sources.sql}{first.rows}{order_by(first.keys)}"
        return first.selection, sql, params
    united = " UNION ALL ".join(_listed(arm, sources) for arm in arms)
    columns = ", ".join(f"c{place}" for place in range(len(first.selection.expressions)))
    ordered = order_by([SortKey(f"s{place}", key.way) for place, key in enumerate(first.keys)])
    return first.selection, f"SELECT {columns} FROM ({united}){ordered}", params


def _arm(
    statement: Statement,
    sources: Sources,
    setting: Setting,
    groups: Groups,
    conditions: Callable[[list[object]], str],
) -> _Arm:
    selection = Selection()
    select_groups(statement, binding_of_groups(groups, sources, setting, "Field"), sources, selection)
    params = selection.params
    rows = f"{conditions(params)}{groups.clause()}"
    if statement.having is not None:
        bind = binding_of_groups(groups, sources, setting, "Having field")
        rows += f" HAVING {where(statement.having, Terms(sources, setting, params, bind))}"
    keys = sort_keys(statement, sources, binding_of_groups(groups, sources, setting, "Ordered field"))
    if groups.kind and not keys:
        keys = groups.natural_order()
    return _Arm(selection, rows, keys, params)


def _listed(arm: _Arm, sources: Sources) -> str:
    columns = [f"{sql} AS c{place}" for place, sql in enumerate(arm.selection.expressions)]
    columns += [f"{key.sql} AS s{place}" for place, key in enumerate(arm.keys)]
    return f"SELECT {', '.join(columns)} FROM {sources.sql}{arm.rows}"
