"""The org's metadata as records: what EntityDefinition, FieldDefinition and RecordType answer queries with.

They are written anew whenever the schema has changed.
"""

from collections.abc import Sequence

from toolkit.demo_org.database import Database
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.statements import insert_sql
from toolkit.demo_org.validation import Stored

_TYPE_NAMES = {
    "address": "Address",
    "boolean": "Checkbox",
    "combobox": "Picklist",
    "date": "Date",
    "datetime": "Date/Time",
    "email": "Email",
    "encryptedstring": "Text (Encrypted)",
    "id": "Lookup()",
    "multipicklist": "Picklist (Multi-Select)",
    "phone": "Phone",
    "picklist": "Picklist",
    "url": "URL",
    "base64": "Rich Text Area",
}
_NUMBER_NAMES = {"double": "Number", "currency": "Currency", "percent": "Percent"}


def write_definitions(database: Database, schema: Schema) -> None:
    """Bring EntityDefinition and FieldDefinition in step with the schema."""
    entities = [_entity(each) for each in schema]
    fields = [_field(sobject, each) for sobject in schema for each in sobject.fields]
    with database.writing():
        _replace_all(database, schema, "EntityDefinition", entities)
        _replace_all(database, schema, "FieldDefinition", fields)


def write_record_types(database: Database, schema: Schema, at: str, user_id: str) -> None:
    """Bring RecordType in step with the schema."""
    rows: list[dict[str, Stored]] = [
        {
            "Id": each.id,
            "Name": each.name,
            "DeveloperName": each.developer_name,
            "Description": each.description,
            "SobjectType": sobject.name,
            "IsActive": 1,
            "IsPersonType": int(each.person),
            "CreatedDate": at,
            "CreatedById": user_id,
            "LastModifiedDate": at,
            "LastModifiedById": user_id,
            "SystemModstamp": at,
        }
        for sobject in schema
        for each in sobject.record_types
    ]
    with database.writing():
        _replace_all(database, schema, "RecordType", rows)


def data_type(field: Field) -> str:
    """Return a field's type in the words of the setup pages, which count a number's digits before the point."""
    if field.formula is not None:
        return f"Formula ({_plain_type(field).partition('(')[0]})"
    if field.auto_number:
        return "Auto Number"
    marks = [mark for has, mark in ((field.external_id, "External ID"), (field.unique, _unique_mark(field))) if has]
    return " ".join([_plain_type(field), *(f"({mark})" for mark in marks)])


def _plain_type(field: Field) -> str:
    if field.type == "reference":
        kind = "Master-Detail" if field.cascade_delete else "Lookup"
        return f"{kind}({','.join(field.reference_to)})"
    if field.type in _NUMBER_NAMES:
        return f"{_NUMBER_NAMES[field.type]}({field.precision - field.scale}, {field.scale})"
    if field.type == "int":
        return f"Number({field.digits}, 0)"
    if field.type == "textarea":
        return f"Text Area({field.length})" if field.length <= 255 else f"Long Text Area({field.length})"
    if field.type == "string":
        return "Name" if field.extra_type_info == "personname" else f"Text({field.length})"
    return _TYPE_NAMES.get(field.type, field.type)


def _unique_mark(field: Field) -> str:
    return "Unique Case Sensitive" if field.case_sensitive else "Unique Case Insensitive"


def _entity(sobject: SObject) -> dict[str, Stored]:
    return {
        "Id": sobject.name,
        "DurableId": sobject.name,
        "QualifiedApiName": sobject.name,
        "DeveloperName": sobject.name.removesuffix("__c"),
        "MasterLabel": sobject.label,
        "Label": sobject.label,
        "PluralLabel": sobject.label_plural,
        "KeyPrefix": sobject.key_prefix,
        "IsCustomizable": int(sobject.layoutable),
        "IsApexTriggerable": int(sobject.createable and sobject.updateable),
        "IsWorkflowEnabled": int(sobject.layoutable),
        "IsQueryable": 1,
        "IsLayoutable": int(sobject.layoutable),
        "IsSearchable": int(sobject.createable and sobject.updateable),
        "IsCustomSetting": 0,
        "IsDeprecatedAndHidden": 0,
    }


def _field(sobject: SObject, field: Field) -> dict[str, Stored]:
    indexed = field.id_lookup or field.external_id or field.unique or field.type == "reference"
    return {
        "Id": f"{sobject.name}.{field.name}",
        "DurableId": f"{sobject.name}.{field.name}",
        "QualifiedApiName": field.name,
        "EntityDefinitionId": sobject.name,
        "DeveloperName": field.developer_name,
        "NamespacePrefix": field.namespace,
        "MasterLabel": field.label,
        "Label": field.label,
        "Length": field.length,
        "DataType": data_type(field),
        "ValueTypeId": field.type,
        "ExtraTypeInfo": field.extra_type_info,
        "Precision": field.precision,
        "Scale": field.scale,
        "RelationshipName": field.relationship_name,
        "Description": field.help_text,
        "IsCalculated": int(field.calculated),
        "IsNillable": int(field.nillable),
        "IsIndexed": int(indexed),
        "IsNameField": int(field.name_field),
        "IsCompound": int(field.type == "address"),
    }


def _replace_all(database: Database, schema: Schema, name: str, rows: Sequence[dict[str, Stored]]) -> None:
    sobject = schema.get(name)
    if sobject is None:
        return
    database.connection.execute(f'DELETE FROM "{name}"')
    if rows:
        statement = insert_sql(sobject, tuple(rows[0]))
        database.connection.executemany(statement, [tuple(row.values()) for row in rows])
