"""EntityDefinition and FieldDefinition: the org's metadata as records.

They are keyed by API names, as in Salesforce, where the URL of such a record ends in the object's name.
"""

from toolkit.demo_org.objects.fields import checkbox, record_id, reference, system, text, whole_number
from toolkit.demo_org.schema import ChildRelationship, SObject

ENTITY_FLAGS = (
    ("IsCustomizable", "Customizable"),
    ("IsApexTriggerable", "Apex Triggerable"),
    ("IsWorkflowEnabled", "Workflow Enabled"),
    ("IsQueryable", "Queryable"),
    ("IsLayoutable", "Layoutable"),
    ("IsSearchable", "Searchable"),
    ("IsCustomSetting", "Custom Setting"),
    ("IsDeprecatedAndHidden", "Deprecated and Hidden"),
)
FIELD_FLAGS = (
    ("IsCalculated", "Calculated"),
    ("IsNillable", "Nillable"),
    ("IsIndexed", "Indexed"),
    ("IsNameField", "Name Field"),
    ("IsCompound", "Compound"),
)


def entity_definition() -> SObject:
    """Return the EntityDefinition object."""
    return SObject(
        "EntityDefinition",
        "Entity Definition",
        "Entity Definitions",
        "4ie",
        (
            record_id("Entity Definition"),
            system(text("DurableId", "Durable ID", 255)),
            system(text("QualifiedApiName", "Qualified API Name", 70, name_field=True)),
            system(text("DeveloperName", "Developer Name", 40)),
            system(text("NamespacePrefix", "Namespace Prefix", 15)),
            system(text("MasterLabel", "Master Label", 40)),
            system(text("Label", "Label", 40)),
            system(text("PluralLabel", "Plural Label", 40)),
            system(text("KeyPrefix", "Key Prefix", 3, case_sensitive=True)),
            *(system(checkbox(name, label)) for name, label in ENTITY_FLAGS),
        ),
        child_relationships=(ChildRelationship("FieldDefinition", "EntityDefinitionId", "Fields"),),
        createable=False,
        updateable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        scopes=(("everything", "All entity definitions"),),
    )


def field_definition() -> SObject:
    """Return the FieldDefinition object."""
    return SObject(
        "FieldDefinition",
        "Field Definition",
        "Field Definitions",
        "4fe",
        (
            record_id("Field Definition"),
            system(text("DurableId", "Durable ID", 255)),
            system(text("QualifiedApiName", "Qualified API Name", 70, name_field=True)),
            system(
                reference(
                    "EntityDefinitionId",
                    "Entity Definition ID",
                    "EntityDefinition",
                    "EntityDefinition",
                    type="string",
                    length=255,
                )
            ),
            system(text("DeveloperName", "Developer Name", 40)),
            system(text("NamespacePrefix", "Namespace Prefix", 15)),
            system(text("MasterLabel", "Master Label", 40)),
            system(text("Label", "Label", 40)),
            system(whole_number("Length", "Length", 9)),
            system(text("DataType", "Data Type", 255)),
            system(text("ValueTypeId", "Value Type ID", 255)),
            system(text("ExtraTypeInfo", "Extra Type Info", 255)),
            system(whole_number("Precision", "Precision", 9)),
            system(whole_number("Scale", "Scale", 9)),
            system(text("RelationshipName", "Relationship Name", 80)),
            system(text("Description", "Description", 1000)),
            *(system(checkbox(name, label)) for name, label in FIELD_FLAGS),
        ),
        createable=False,
        updateable=False,
        deletable=False,
        layoutable=False,
        feed_enabled=False,
        filtered_by=("EntityDefinitionId",),
        scopes=(("everything", "All field definitions"),),
    )
