"""The objects that only the Tooling API knows, as tables that its queries can run on: CustomField and ValidationRule.

They are made of the org's metadata for each query, together with EntityDefinition, which they refer to, and installed
packages, of which there are none.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from toolkit.demo_org.database import Database, stored_fields
from toolkit.demo_org.metadata import CustomField
from toolkit.demo_org.objects.definitions import entity_definition
from toolkit.demo_org.objects.fields import checkbox, record_id, reference, system, text, whole_number
from toolkit.demo_org.rules import ValidationRule
from toolkit.demo_org.schema import Field, Schema, SObject
from toolkit.demo_org.state import OrgState
from toolkit.demo_org.statements import insert_sql

_NUMBERS = ("Length", "Precision", "Scale")


def tooling_schema() -> Schema:
    """Return the objects of the Tooling API that are no objects of the org's data."""
    return Schema((_custom_field(), _validation_rule(), entity_definition(), _package(), _installed_package()))


@contextmanager
def tooling_tables(org: OrgState) -> Iterator[tuple[Schema, Database]]:
    """Yield the Tooling API's own objects with their records."""
    schema = tooling_schema()
    with Database(None, schema) as tables:
        with tables.writing() as connection:
            definitions = schema.get("EntityDefinition")
            if definitions is not None:
                names = [field.name for field in stored_fields(definitions)]
                columns = ", ".join(f'"{name}"' for name in names)
                with org.database.reading() as source:
                    rows = source.execute(f"SELECT {columns} FROM EntityDefinition").fetchall()
                connection.executemany(insert_sql(definitions, names), rows)
            for name, records in (("CustomField", _fields(org)), ("ValidationRule", _rules(org))):
                for record in records:
                    sobject = schema.get(name)
                    if sobject is not None:
                        connection.execute(insert_sql(sobject, list(record)), tuple(record.values()))
        yield schema, tables


def field_record(known: CustomField) -> dict[str, object]:
    """Return what the Tooling API stores about a custom field, Metadata and FullName left out."""
    definition = known.metadata
    return {
        "Id": known.id,
        "TableEnumOrId": known.sobject,
        "EntityDefinitionId": known.sobject,
        "DeveloperName": known.field.developer_name,
        "NamespacePrefix": known.field.namespace,
        "ManageableState": "installed" if known.field.namespace else "unmanaged",
        "InlineHelpText": known.field.help_text,
        **{name: definition.get(name.lower()) for name in _NUMBERS},
    }


def rule_record(rule: ValidationRule) -> dict[str, object]:
    """Return what the Tooling API stores about a validation rule, Metadata and FullName left out."""
    return {
        "Id": rule.id,
        "ValidationName": rule.name,
        "EntityDefinitionId": rule.sobject,
        "Active": int(rule.active),
        "ErrorMessage": rule.message,
        "ErrorDisplayField": rule.field,
        "NamespacePrefix": None,
        "ManageableState": "unmanaged",
    }


def rule_metadata(rule: ValidationRule) -> Mapping[str, object]:
    """Return the Metadata of a validation rule."""
    return {
        "active": rule.active,
        "description": None,
        "errorConditionFormula": rule.formula,
        "errorDisplayField": rule.field,
        "errorMessage": rule.message,
    }


def _fields(org: OrgState) -> list[dict[str, object]]:
    return [field_record(each) for each in org.metadata.fields()]


def _rules(org: OrgState) -> list[dict[str, object]]:
    return [rule_record(each) for each in org.metadata.validation_rules()]


def _entity() -> Field:
    return reference(
        "EntityDefinitionId", "Entity Definition ID", "EntityDefinition", "EntityDefinition", type="string", length=255
    )


def _custom_field() -> SObject:
    return _metadata_object(
        "CustomField",
        "Custom Field",
        "00N",
        text("TableEnumOrId", "Table Enum or ID", 40),
        _entity(),
        text("DeveloperName", "Developer Name", 40),
        text("InlineHelpText", "Help Text", 510),
        *(whole_number(name, name) for name in _NUMBERS),
    )


def _validation_rule() -> SObject:
    return _metadata_object(
        "ValidationRule",
        "Validation Rule",
        "03d",
        text("ValidationName", "Rule Name", 40, name_field=True),
        _entity(),
        checkbox("Active", "Active"),
        text("ErrorMessage", "Error Message", 255),
        text("ErrorDisplayField", "Error Display Field", 80),
    )


def _package() -> SObject:
    return _metadata_object(
        "SubscriberPackage", "Subscriber Package", "033", text("Name", "Name", 255, name_field=True)
    )


def _installed_package() -> SObject:
    # Tools look here for what an org has installed: nothing.
    return _metadata_object(
        "InstalledSubscriberPackage",
        "Installed Subscriber Package",
        "0A3",
        reference("SubscriberPackageId", "Subscriber Package ID", "SubscriberPackage", "SubscriberPackage"),
        text("SubscriberPackageVersionId", "Subscriber Package Version ID", 18),
    )


def _metadata_object(name: str, label: str, prefix: str, *own: Field) -> SObject:
    return SObject(
        name,
        label,
        f"{label}s",
        prefix,
        (
            record_id(label),
            *(system(each) for each in own),
            system(text("NamespacePrefix", "Namespace Prefix", 15)),
            system(text("ManageableState", "Manageable State", 40)),
        ),
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", f"All {label.lower()}s"),),
    )
