"""Checks of calls that carry many: the composite family and Bulk API 2.0. What they make, the end of a run deletes."""

from typing import Any

from toolkit.salesforce.conformance.asking_records import SAVED
from toolkit.salesforce.conformance.checks import Check, error
from toolkit.salesforce.conformance.shapes import ID, MOMENT, Entries, Keys, Only, Text

OURS: dict[str, Any] = {"attributes": {"type": "Account"}}
ENDED = ("JobComplete", "Failed", "Aborted")

COMPOSITES = (
    Check(
        "composite",
        "one call refers to another",
        "POST",
        "composite",
        body={
            "allOrNone": False,
            "compositeRequest": [
                {
                    "method": "POST",
                    "url": "/services/data/v{version}/sobjects/Account",
                    "referenceId": "made",
                    "body": {"Name": "{mark} composite"},
                },
                {
                    "method": "GET",
                    "url": "/services/data/v{version}/sobjects/Account/@{made.id}?fields=Name",
                    "referenceId": "read",
                },
                {"method": "GET", "url": "/services/data/v{version}/nothing", "referenceId": "lost"},
            ],
        },
        shape=Only(
            {
                "compositeResponse": [
                    {"body": SAVED, "httpHeaders": {"Location": str}, "httpStatusCode": 201, "referenceId": "made"},
                    {"body": {"Name": "{mark} composite"}, "httpStatusCode": 200, "referenceId": "read"},
                    {"body": error("NOT_FOUND"), "httpStatusCode": 404, "referenceId": "lost"},
                ]
            }
        ),
    ),
    Check(
        "composite",
        "all or none",
        "POST",
        "composite",
        body={
            "allOrNone": True,
            "compositeRequest": [
                {
                    "method": "POST",
                    "url": "/services/data/v{version}/sobjects/Account",
                    "referenceId": "made",
                    "body": {"Name": "{mark} never"},
                },
                {
                    "method": "POST",
                    "url": "/services/data/v{version}/sobjects/Account",
                    "referenceId": "bad",
                    "body": {},
                },
            ],
        },
        shape={
            "compositeResponse": [
                {"body": error("PROCESSING_HALTED"), "httpStatusCode": 400, "referenceId": "made"},
                {"body": error("REQUIRED_FIELD_MISSING"), "httpStatusCode": 400, "referenceId": "bad"},
            ]
        },
    ),
    Check(
        "composite",
        "a batch",
        "POST",
        "composite/batch",
        body={
            "batchRequests": [
                {"method": "GET", "url": "v{version}/limits"},
                {"method": "GET", "url": "v{version}/nothing"},
            ]
        },
        shape=Only(
            {
                "hasErrors": True,
                "results": [
                    {"statusCode": 200, "result": Keys("DailyApiRequests")},
                    {"statusCode": 404, "result": error("NOT_FOUND")},
                ],
            }
        ),
    ),
    Check(
        "composite",
        "a collection is made in part",
        "POST",
        "composite/sobjects",
        body={
            "allOrNone": False,
            "records": [{**OURS, "Name": "{mark} first"}, OURS, {**OURS, "Name": "{mark} second"}],
        },
        shape=[
            Only(SAVED),
            Only(
                {
                    "success": False,
                    "errors": [{"statusCode": "REQUIRED_FIELD_MISSING", "message": str, "fields": ["Name"]}],
                }
            ),
            Only(SAVED),
        ],
        keep={"first": "0.id", "second": "2.id"},
    ),
    Check(
        "composite",
        "a collection is changed",
        "PATCH",
        "composite/sobjects",
        body={
            "records": [
                {**OURS, "id": "{first}", "Site": "changed"},
                {**OURS, "id": "001000000000000AAA", "Site": "changed"},
            ]
        },
        shape=[
            {"id": "{first}", "success": True},
            {"success": False, "errors": [{"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": str, "fields": []}]},
        ],
    ),
    Check(
        "composite",
        "a collection, all or none",
        "POST",
        "composite/sobjects",
        body={"allOrNone": True, "records": [{**OURS, "Name": "{mark} never"}, OURS]},
        shape=[
            {"success": False, "errors": Entries({"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK"})},
            {"success": False, "errors": Entries({"statusCode": "REQUIRED_FIELD_MISSING"})},
        ],
    ),
    Check(
        "composite",
        "a collection is read",
        "GET",
        "composite/sobjects/Account",
        params={"ids": "{first},001000000000000AAA", "fields": "Id,Site"},
        shape=[{"Id": "{first}", "Site": "changed"}, None],
    ),
    Check(
        "composite",
        "a collection is deleted",
        "DELETE",
        "composite/sobjects",
        params={"ids": "{first},{second}"},
        shape=[{"id": "{first}", "success": True, "errors": []}, {"id": "{second}", "success": True, "errors": []}],
    ),
    Check(
        "composite",
        "a tree",
        "POST",
        "composite/tree/Account",
        201,
        body={
            "records": [
                {
                    "attributes": {"type": "Account", "referenceId": "root"},
                    "Name": "{mark} tree",
                    "Contacts": {
                        "records": [
                            {"attributes": {"type": "Contact", "referenceId": "leaf"}, "LastName": "{mark} leaf"}
                        ]
                    },
                }
            ]
        },
        shape={"hasErrors": False, "results": [{"referenceId": "root", "id": ID}, {"referenceId": "leaf", "id": ID}]},
    ),
    Check(
        "composite",
        "a graph",
        "POST",
        "composite/graph",
        body={
            "graphs": [
                {
                    "graphId": "one",
                    "compositeRequest": [
                        {
                            "method": "POST",
                            "url": "/services/data/v{version}/sobjects/Account",
                            "referenceId": "made",
                            "body": {"Name": "{mark} graph"},
                        }
                    ],
                }
            ]
        },
        shape={
            "graphs": [
                {
                    "graphId": "one",
                    "graphResponse": {"compositeResponse": [{"body": SAVED, "httpStatusCode": 201}]},
                    "isSuccessful": True,
                }
            ]
        },
    ),
)

_JOB: dict[str, Any] = {
    "id": ID,
    "operation": str,
    "object": "Account",
    "createdById": ID,
    "createdDate": MOMENT,
    "systemModstamp": MOMENT,
    "state": str,
    "concurrencyMode": "Parallel",
    "contentType": "CSV",
    "apiVersion": float,
}

BULK = (
    Check(
        "bulk",
        "an ingest job",
        "POST",
        "jobs/ingest",
        shape={
            **_JOB,
            "state": "Open",
            "contentUrl": Text(r"services/data/v.*/jobs/ingest/.*/batches"),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        },
        body={"object": "Account", "operation": "insert"},
        keep={"job": "id"},
    ),
    Check(
        "bulk",
        "its rows",
        "PUT",
        "jobs/ingest/{job}/batches",
        201,
        text='Name,NumberOfEmployees\n"{mark}, bulk ü",5\n"{mark} refused",many\n',
        headers={"Content-Type": "text/csv"},
        text_like="",
    ),
    Check(
        "bulk",
        "closed",
        "PATCH",
        "jobs/ingest/{job}",
        shape={**_JOB, "state": "UploadComplete"},
        body={"state": "UploadComplete"},
    ),
    Check(
        "bulk",
        "ended",
        "GET",
        "jobs/ingest/{job}",
        shape={
            **_JOB,
            "state": "JobComplete",
            "jobType": "V2Ingest",
            "numberRecordsProcessed": 2,
            "numberRecordsFailed": 1,
            "retries": int,
            "totalProcessingTime": int,
        },
        until=ENDED,
    ),
    Check(
        "bulk",
        "rows that were saved",
        "GET",
        "jobs/ingest/{job}/successfulResults/",
        text_like=r'"sf__Id","sf__Created","?Name"?,"?NumberOfEmployees"?\n"001\w{15}","true","{mark}, bulk ü","5"\n',
        answers={"Content-Type": "text/csv.*"},
    ),
    Check(
        "bulk",
        "rows that were refused",
        "GET",
        "jobs/ingest/{job}/failedResults/",
        text_like=r'"sf__Id","sf__Error","?Name"?,"?NumberOfEmployees"?\n"","[A-Z_]+:.*","{mark} refused","many"\n',
    ),
    Check("bulk", "the job is deleted", "DELETE", "jobs/ingest/{job}", 204, text_like=""),
    Check("bulk", "and gone", "GET", "jobs/ingest/{job}", 404, error("NOT_FOUND")),
    Check(
        "bulk",
        "a query job",
        "POST",
        "jobs/query",
        shape={**_JOB, "operation": "query", "state": "UploadComplete"},
        body={"operation": "query", "query": "SELECT Id, Name, Site FROM Account WHERE Id = '{account}'"},
        keep={"reading": "id"},
    ),
    Check(
        "bulk",
        "the query ended",
        "GET",
        "jobs/query/{reading}",
        shape={**_JOB, "state": "JobComplete", "jobType": "V2Query", "numberRecordsProcessed": 1},
        until=ENDED,
    ),
    Check(
        "bulk",
        "what it found",
        "GET",
        "jobs/query/{reading}/results",
        text_like=r'"Id","Name","Site"\n"{account}","{mark} account","by id"\n',
        answers={"Sforce-Locator": "null", "Sforce-NumberOfRecords": "1"},
    ),
    Check("bulk", "the query is deleted", "DELETE", "jobs/query/{reading}", 204, text_like=""),
    Check(
        "bulk",
        "a query with an address",
        "POST",
        "jobs/query",
        400,
        error("API_ERROR"),
        body={"operation": "query", "query": "SELECT BillingAddress FROM Account"},
    ),
)
