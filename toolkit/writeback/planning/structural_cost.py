"""What fields, merges and undeletes cost in API calls: they go neither through collections nor through Bulk (BEY-7).

create_field   a look for its name, a call each, and one to see whether describe shows it
delete_field   a look for its name, three calls each (its definition, its values, the deletion), and one describe
grant_field    a read, and a call for every 200 that are granted, changed or taken away
merge          a read, a call for each survivor, and a read of what it holds then
undelete       a read, a call for every 200, and a read
"""

import math

import polars as pl

from toolkit.writeback.planning.operations import CREATE_FIELD, DELETE_FIELD, GRANT_FIELD, MERGE, UNDELETE

OTHER_WAYS = {
    CREATE_FIELD: "{:,} new {} fields through the Tooling API",
    DELETE_FIELD: "{:,} deleted {} fields through the Tooling API",
    GRANT_FIELD: "{:,} permissions on {} fields",
    MERGE: "{:,} merged {} records through SOAP",
    UNDELETE: "{:,} restored {} records through SOAP",
}
"""The operations that go their own way, and how their cost is told: how many, of which object."""
IDS_PER_READ = 2_000
ROWS_PER_CALL = 200


def spent_otherwise(operation: str, rows: pl.DataFrame) -> tuple[int, int, int]:
    """Return how many fields or records the rows of one operation and object are, and its calls: to read, to write."""
    number = rows.height
    if operation == CREATE_FIELD:
        return number, 2, number
    if operation == DELETE_FIELD:
        return number, 2 + 2 * number, number
    if operation == GRANT_FIELD:
        taken = rows["after"].null_count()
        return number, 1, sum(math.ceil(each / ROWS_PER_CALL) for each in (taken, number - taken))
    reads = math.ceil(number / IDS_PER_READ)
    if operation == MERGE:
        survivors = rows["after"].n_unique()
        return number, reads + math.ceil(survivors / IDS_PER_READ), survivors
    return number, 2 * reads, math.ceil(number / ROWS_PER_CALL)
