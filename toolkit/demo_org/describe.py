"""Describe: the org's metadata in the full form Salesforce gives it, as one user may see it.

Most of the 57 attributes of a field follow from its type by rules that hold for every field of the describes recorded
from live orgs; they are derived here. A field the user may not see is left out, and one they may not edit is neither
createable nor updateable.
"""

from toolkit.demo_org.access import Access
from toolkit.demo_org.schema import (
    MASK,
    MASTER_RECORD_TYPE_ID,
    TEXT_TYPES,
    ChildRelationship,
    Field,
    PicklistValue,
    RecordType,
    Schema,
    SObject,
)

LARGEST_BATCH = 200
_LONG_TEXT = 255
_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "time": "xsd:time",
    "address": "urn:address",
    "location": "urn:location",
    "base64": "xsd:base64Binary",
}
_NEVER_AGGREGATED = frozenset({"boolean", "address", "location", "multipicklist", "base64"})


_URLS = (
    *(
        "compactLayouts",
        "rowTemplate",
        "approvalLayouts",
        "passwordUtilities",
        "uiDetailTemplate",
        "uiEditTemplate",
        "defaultValues",
    ),
    *("listviews", "describe", "uiNewRecord", "quickActions", "layouts", "sobject"),
)
"""The order in which live orgs list the addresses of most objects."""

_PARTS_OF_OTHERS = frozenset({"OpportunityContactRole"})
"""Objects that are found, listed and brought back only with the record they belong to."""

_PECULIAR: dict[tuple[str, str], dict[str, object]] = {
    ("Account", "JigsawCompanyId"): {"relationshipName": "JigsawCompany"},
    ("Case", "Comments"): {"aggregatable": True, "byteLength": 4_000, "sortable": True},
    ("Event", "AccountId"): {"searchPrefilterable": True},
    ("Event", "ActivityDate"): {"aggregatable": False},
    ("Lead", "IsUnreadByOwner"): {"defaultValue": False},
    ("Opportunity", "ContactId"): {"searchPrefilterable": False},
    ("Opportunity", "Fiscal"): {"byteLength": 6},
}
"""What live orgs say of single fields against the rule for their type."""


def describe_global(schema: Schema, access: Access, version: float) -> dict[str, object]:
    """Return the list of the objects the user may see, 28 keys each."""
    return {
        "encoding": "UTF-8",
        "maxBatchSize": LARGEST_BATCH,
        "sobjects": [
            _flags(sobject, access) | {"urls": _urls(sobject, version)}
            for sobject in schema
            if access.may("Read", sobject)
        ],
    }


def describe_object(
    sobject: SObject, schema: Schema, access: Access, version: float, instance_url: str
) -> dict[str, object]:
    """Return everything about an object, in 45 keys; `instance_url` starts the addresses of its pages."""
    flags = _flags(sobject, access)
    visible = [field for field in sobject.fields if access.readable(sobject.name, field.name)]
    described = {
        **flags,
        "actionOverrides": [],
        "childRelationships": [
            _child(each) for each in sobject.child_relationships if _child_is_visible(each, schema, access)
        ],
        "compactLayoutable": sobject.layoutable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(sobject, field, access) for field in visible],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": _record_types(sobject, version),
        "searchLayoutable": sobject.layoutable and sobject.name not in _PARTS_OF_OTHERS,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": label, "name": name} for name, label in sobject.scopes],
        "urls": _in_order(_urls(sobject, version) | _pages(sobject, version, instance_url)),
    }
    return dict(sorted(described.items()))


def _flags(sobject: SObject, access: Access) -> dict[str, object]:
    worked_on = sobject.createable and sobject.updateable
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.createable and access.may("Create", sobject),
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": sobject.name in ("Campaign", "Opportunity"),
        "deletable": sobject.deletable and access.may("Delete", sobject),
        "deprecatedAndHidden": False,
        "feedEnabled": sobject.feed_enabled,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.key_prefix,
        "label": sobject.label,
        "labelPlural": sobject.label_plural,
        "layoutable": sobject.layoutable,
        "mergeable": sobject.mergeable,
        "mruEnabled": sobject.layoutable and sobject.name not in _PARTS_OF_OTHERS,
        "name": sobject.name,
        "queryable": True,
        "replicateable": True,
        "retrieveable": True,
        "searchable": worked_on and sobject.name not in _PARTS_OF_OTHERS,
        "triggerable": worked_on,
        "undeletable": sobject.deletable and sobject.has_bin and sobject.name not in _PARTS_OF_OTHERS,
        "updateable": sobject.updateable and access.may("Edit", sobject),
    }


def _urls(sobject: SObject, version: float) -> dict[str, str]:
    base = f"/services/data/v{version:.1f}/sobjects/{sobject.name}"
    urls = {"rowTemplate": f"{base}/{{ID}}", "describe": f"{base}/describe", "sobject": base}
    if sobject.layoutable:
        urls |= {
            "compactLayouts": f"{base}/describe/compactLayouts",
            "quickActions": f"{base}/quickActions",
            "layouts": f"{base}/describe/layouts",
        }
        if sobject.name not in _PARTS_OF_OTHERS:
            urls |= {"approvalLayouts": f"{base}/describe/approvalLayouts", "listviews": f"{base}/listviews"}
    if sobject.name == "User":
        urls["passwordUtilities"] = f"{base}/{{ID}}/password"
    return _in_order(urls)


def _pages(sobject: SObject, version: float, instance_url: str) -> dict[str, str]:
    return {
        "defaultValues": f"/services/data/v{version:.1f}/sobjects/{sobject.name}/defaultValues?recordTypeId&fields",
        "uiDetailTemplate": f"{instance_url}/{{ID}}",
        "uiEditTemplate": f"{instance_url}/{{ID}}/e",
        "uiNewRecord": f"{instance_url}/{sobject.key_prefix}/e",
    }


def _in_order(urls: dict[str, str]) -> dict[str, str]:
    return {name: urls[name] for name in _URLS if name in urls}


def _record_types(sobject: SObject, version: float) -> list[dict[str, object]]:
    """Return the record types of an object; the last is the master one, which every object has."""
    master = RecordType(
        MASTER_RECORD_TYPE_ID, "Master", "Master", default=not any(each.default for each in sobject.record_types)
    )
    layouts = f"/services/data/v{version:.1f}/sobjects/{sobject.name}/describe/layouts"
    return [
        {
            "active": True,
            "available": True,
            "defaultRecordTypeMapping": each.default,
            "developerName": each.developer_name,
            "master": each is master,
            "name": each.name,
            "recordTypeId": each.id,
            "urls": {"layout": f"{layouts}/{each.id}"},
        }
        for each in (*sobject.record_types, master)
    ]


def _child_is_visible(relationship: ChildRelationship, schema: Schema, access: Access) -> bool:
    child = schema.get(relationship.child)
    field = None if child is None else child.field(relationship.field)
    return child is not None and field is not None and access.readable(child.name, field.name)


def _child(relationship: ChildRelationship) -> dict[str, object]:
    return {
        "cascadeDelete": relationship.cascade_delete,
        "childSObject": relationship.child,
        "deprecatedAndHidden": False,
        "field": relationship.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": relationship.name,
        "restrictedDelete": relationship.restricted_delete,
    }


def _field(sobject: SObject, field: Field, access: Access) -> dict[str, object]:
    editable = access.editable(sobject.name, field.name)
    long_text = field.type == "textarea" and field.length > _LONG_TEXT
    return {
        "aggregatable": is_aggregatable(field),
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": _byte_length(field),
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "cascadeDelete": field.cascade_delete,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound_field_name,
        "controllerName": field.controller_name,
        "createable": field.createable and editable,
        "custom": field.custom,
        "defaultValue": field.default,
        "defaultValueFormula": field.default_formula,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": field.controller_name is not None,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": False,
        "encrypted": field.type == "encryptedstring",
        "externalId": field.external_id,
        "extraTypeInfo": field.extra_type_info,
        "filterable": field.filterable and not long_text,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": field.formula is not None,
        "groupable": field.groupable and not long_text,
        "highScaleNumber": False,
        "htmlFormatted": field.extra_type_info == "richtextarea",
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": field.help_text,
        "label": field.label,
        "length": field.length,
        "mask": MASK if field.type == "encryptedstring" else None,
        "maskType": "all" if field.type == "encryptedstring" else None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [_picklist_value(entry) for entry in field.picklist],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "queryByDistance": field.type in ("address", "location"),
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": 0 if field.cascade_delete else None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted_picklist,
        "scale": field.scale,
        "searchPrefilterable": _is_prefilterable(field),
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable and not long_text,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and editable,
        "writeRequiresMasterRead": False,
    } | _PECULIAR.get((sobject.name, field.name), {})


def _is_prefilterable(field: Field) -> bool:
    return field.type == "reference" and field.nillable and field.createable and field.name != "RecordTypeId"


def is_aggregatable(field: Field) -> bool:
    """Return whether MIN, MAX, COUNT and the like take this field."""
    return field.type not in _NEVER_AGGREGATED and not (field.type == "textarea" and field.length > _LONG_TEXT)


def _byte_length(field: Field) -> int:
    return 3 * field.length if field.type in TEXT_TYPES and field.type != "multipicklist" else field.length


def _picklist_value(entry: PicklistValue) -> dict[str, object]:
    return {
        "active": entry.active,
        "defaultValue": entry.default,
        "label": entry.label,
        "validFor": entry.valid_for,
        "value": entry.value,
    }
