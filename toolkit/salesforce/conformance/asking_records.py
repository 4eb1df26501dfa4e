"""Checks of describes, of making, reading, changing and deleting single records, and of what changed since when.

They make an account and two contacts, whose ids the later checks use.
"""

from typing import Any

from toolkit.salesforce.conformance.checks import Check, error
from toolkit.salesforce.conformance.shapes import ID, MOMENT, Entries, Keys, OneOf, Text

GLOBAL_KEYS = (
    "activateable associateEntityType associateParentEntity createable custom customSetting deepCloneable deletable "
    "deprecatedAndHidden feedEnabled hasSubtypes isInterface isSubtype keyPrefix label labelPlural layoutable "
    "mergeable mruEnabled name queryable replicateable retrieveable searchable triggerable undeletable updateable urls"
)
OBJECT_KEYS = (
    f"{GLOBAL_KEYS} actionOverrides childRelationships compactLayoutable defaultImplementation extendedBy "
    "extendsInterfaces fields implementedBy implementsInterfaces listviewable lookupLayoutable namedLayoutInfos "
    "networkScopeFieldName recordTypeInfos searchLayoutable sobjectDescribeOption supportedScopes"
)
FIELD_KEYS = (
    "aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula cascadeDelete caseSensitive "
    "compoundFieldName controllerName createable custom defaultValue defaultValueFormula defaultedOnCreate "
    "dependentPicklist deprecatedAndHidden digits displayLocationInDecimal encrypted externalId extraTypeInfo "
    "filterable filteredLookupInfo formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup "
    "inlineHelpText label length mask maskType name nameField namePointing nillable permissionable picklistValues "
    "polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo relationshipName "
    "relationshipOrder restrictedDelete restrictedPicklist scale searchPrefilterable soapType sortable type unique "
    "updateable writeRequiresMasterRead"
)
SAVED: dict[str, Any] = {"id": ID, "success": True, "errors": []}
ACCOUNT = "sobjects/Account/{account}"
NAME = "{mark} account"

DESCRIBES = (
    Check(
        "describe",
        "all objects",
        "GET",
        "sobjects",
        shape={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": Entries(Keys(GLOBAL_KEYS))},
    ),
    Check(
        "describe",
        "an object in short",
        "GET",
        "sobjects/Account",
        shape={"objectDescribe": {"name": "Account", "keyPrefix": "001"}, "recentItems": list},
    ),
    Check("describe", "every attribute of an object", "GET", "sobjects/Account/describe", shape=Keys(OBJECT_KEYS)),
    Check(
        "describe",
        "every attribute of a field",
        "GET",
        "sobjects/Account/describe",
        shape={"fields": [Keys(FIELD_KEYS)]},
        keep={"external": "fields.?externalId.name"},
    ),
    Check(
        "describe",
        "well-known fields",
        "GET",
        "sobjects/Contact/describe",
        shape={
            "fields": Entries(
                {"name": "LastName", "type": "string", "length": 80, "byteLength": 240, "nillable": False}
            ),
            "childRelationships": list,
            "recordTypeInfos": Entries({"recordTypeId": "012000000000000AAA", "master": True}),
        },
    ),
    Check(
        "describe",
        "the mark of the metadata",
        "GET",
        "sobjects/Account/describe",
        answers={"ETag": '"[0-9a-f]+(--gzip)?"', "Last-Modified": r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT"},
        keep={"etag": "header:ETag"},
    ),
    Check(
        "describe",
        "nothing new since a mark",
        "GET",
        "sobjects/Account/describe",
        304,
        headers={"If-None-Match": "{etag}"},
        text_like="",
    ),
    Check("describe", "an object there is not", "GET", "sobjects/Nothing__c/describe", 404, error("NOT_FOUND")),
)

RECORDS = (
    Check(
        "crud",
        "make",
        "POST",
        "sobjects/Account",
        201,
        SAVED,
        body={"Name": NAME, "NumberOfEmployees": 12, "AnnualRevenue": 1500, "Site": "  trimmed  "},
        answers={"Location": "/services/data/v{version}/sobjects/Account/001.*"},
        keep={"account": "id"},
    ),
    Check(
        "crud",
        "make a child",
        "POST",
        "sobjects/Contact",
        201,
        SAVED,
        body={"LastName": "{mark} one", "AccountId": "{account}"},
        keep={"contact": "id"},
    ),
    Check(
        "crud",
        "make another",
        "POST",
        "sobjects/Contact",
        201,
        SAVED,
        body={"LastName": "{mark} two", "AccountId": "{account}"},
        keep={"gone": "id"},
    ),
    Check(
        "crud",
        "make without what is required",
        "POST",
        "sobjects/Account",
        400,
        error("REQUIRED_FIELD_MISSING", fields=["Name"]),
        body={"Site": "x"},
    ),
    Check(
        "crud",
        "make with a field there is not",
        "POST",
        "sobjects/Account",
        400,
        error("INVALID_FIELD"),
        body={"Name": NAME, "Nothing__c": 1},
    ),
    Check(
        "crud",
        "read",
        "GET",
        ACCOUNT,
        shape={
            "attributes": {"type": "Account", "url": "/services/data/v{version}/sobjects/Account/{account}"},
            "Id": "{account}",
            "IsDeleted": False,
            "Name": NAME,
            "NumberOfEmployees": 12,
            "AnnualRevenue": 1500.0,
            "Site": "trimmed",
            "BillingAddress": OneOf(None, dict),
            "CreatedDate": MOMENT,
            "SystemModstamp": MOMENT,
        },
        answers={"Last-Modified": ".*GMT"},
        keep={"modified": "SystemModstamp"},
    ),
    Check(
        "crud",
        "read some fields",
        "GET",
        ACCOUNT,
        params={"fields": "Name,OwnerId"},
        shape={"attributes": dict, "Name": NAME, "OwnerId": ID, "Id": "{account}"},
    ),
    Check(
        "crud",
        "change",
        "PATCH",
        ACCOUNT,
        204,
        body={"Site": "changed"},
        text_like="",
        answers={"Sforce-Limit-Info": ".*"},
    ),
    Check(
        "crud",
        "change by POST",
        "POST",
        ACCOUNT,
        204,
        params={"_HttpMethod": "PATCH"},
        body={"Site": None},
        text_like="",
    ),
    Check(
        "crud",
        "a text that is too long",
        "PATCH",
        ACCOUNT,
        400,
        error("STRING_TOO_LONG", fields=["Site"]),
        body={"Site": "x" * 81},
    ),
    Check(
        "crud",
        "a number that is text",
        "PATCH",
        ACCOUNT,
        400,
        error("JSON_PARSER_ERROR"),
        body={"NumberOfEmployees": "many"},
    ),
    Check("crud", "the id in the body", "PATCH", ACCOUNT, 400, error("INVALID_FIELD"), body={"Id": "{account}"}),
    Check("crud", "a body that is no JSON", "PATCH", ACCOUNT, 400, error("JSON_PARSER_ERROR"), text="{"),
    Check(
        "crud",
        "a parent there is not",
        "PATCH",
        "sobjects/Contact/{contact}",
        400,
        error("INVALID_CROSS_REFERENCE_KEY"),
        body={"AccountId": "001000000000000AAA"},
    ),
    Check("crud", "read what there is not", "GET", "sobjects/Account/001000000000000AAA", 404, error("NOT_FOUND")),
    Check("crud", "delete", "DELETE", "sobjects/Contact/{gone}", 204, text_like=""),
    Check("crud", "delete again", "DELETE", "sobjects/Contact/{gone}", 404, error("ENTITY_IS_DELETED", fields=[])),
    Check(
        "crud",
        "change what is deleted",
        "PATCH",
        "sobjects/Contact/{gone}",
        404,
        error("ENTITY_IS_DELETED"),
        body={"LastName": "{mark} x"},
    ),
    Check("crud", "read what is deleted", "GET", "sobjects/Contact/{gone}", 404, error("NOT_FOUND")),
)

UPSERTS = (
    Check(
        "upsert",
        "a new record",
        "PATCH",
        "sobjects/Account/{external}/{short}",
        201,
        {**SAVED, "created": True},
        body={"Name": "{mark} upsert"},
        keep={"upserted": "id"},
    ),
    Check(
        "upsert",
        "the same again",
        "PATCH",
        "sobjects/Account/{external}/{short}",
        200,
        {"id": "{upserted}", "success": True, "errors": [], "created": False},
        body={"Name": "{mark} upsert again"},
    ),
    Check("upsert", "read by external id", "GET", "sobjects/Account/{external}/{short}", shape={"Id": "{upserted}"}),
    Check(
        "upsert",
        "by id",
        "PATCH",
        "sobjects/Account/Id/{account}",
        200,
        {**SAVED, "created": False},
        body={"Site": "by id"},
    ),
    Check(
        "upsert",
        "by a field that is no external id",
        "PATCH",
        "sobjects/Account/Site/x",
        404,
        error("NOT_FOUND"),
        body={"Name": NAME},
    ),
)

WINDOW = {"start": "{from}", "end": "{to}"}
REPLICATION = (
    Check(
        "replication",
        "what was changed",
        "GET",
        "sobjects/Account/updated/",
        params=WINDOW,
        shape={"ids": Entries(ID), "latestDateCovered": MOMENT},
    ),
    Check(
        "replication",
        "what was deleted",
        "GET",
        "sobjects/Contact/deleted/",
        params=WINDOW,
        shape={
            "deletedRecords": Entries({"id": ID, "deletedDate": MOMENT}),
            "earliestDateAvailable": MOMENT,
            "latestDateCovered": MOMENT,
        },
    ),
    Check(
        "replication",
        "a window that ends before it begins",
        "GET",
        "sobjects/Account/updated/",
        400,
        error("INVALID_REPLICATION_DATE"),
        params={"start": "{to}", "end": "{from}"},
    ),
    Check(
        "replication",
        "a moment that is none",
        "GET",
        "sobjects/Account/updated/",
        400,
        error(Text("INVALID_REPLICATION_DATE|INVALID_DATE.*")),
        params={"start": "never", "end": "{to}"},
    ),
)
