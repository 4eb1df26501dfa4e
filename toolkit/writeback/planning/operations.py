"""What a row of a plan does: to a field of a record that is on both sides, to a record, or to the org's fields.

update        a field gets a value
clear         a field loses its value
create        a record comes to be; one row a field
delete        a record goes; one row a record
undelete      a deleted record is taken out of the recycle bin; one row a record
merge         a record of Salesforce becomes part of another; one row a record that goes, ``after`` is the survivor
create_field  a custom field comes to be in Salesforce (BEY-15); ``after`` is its definition
grant_field   people get to see, or edit, a field; ``after`` says who may do what
delete_field  a custom field goes, as the undo of its creation
"""

UPDATE, CLEAR = "update", "clear"
CHANGING = (UPDATE, CLEAR)
"""The operations on fields of records that exist on both sides."""
CREATE, DELETE, UNDELETE, MERGE = "create", "delete", "undelete", "merge"
WHOLE = (CREATE, DELETE, UNDELETE, MERGE)
"""The operations on records as a whole."""
CREATE_FIELD, GRANT_FIELD, DELETE_FIELD = "create_field", "grant_field", "delete_field"
FIELDS = (CREATE_FIELD, GRANT_FIELD, DELETE_FIELD)
"""The operations on the org's own fields, which hold for all records."""
