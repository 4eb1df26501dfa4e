"""Notes in their present form: ContentNote, the document it is, and the links that say what a document belongs to."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    deleted,
    moment,
    owner,
    picklist,
    record_id,
    reference,
    system,
    text,
    viewed_fields,
    whole_number,
)
from toolkit.demo_org.schema import ChildRelationship, Field, SObject

NOTE_TYPE = "SNOTE"
SHARE_TYPES = ("V", "C", "I")
VISIBILITIES = ("AllUsers", "InternalUsers", "SharedUsers")
LINKED_OBJECTS = (
    "Account",
    "Campaign",
    "Case",
    "Contact",
    "Contract",
    "EmailMessage",
    "Event",
    "Group",
    "Opportunity",
    "Organization",
    "Task",
    "User",
)


def content_note() -> SObject:
    """Return the ContentNote object. A note is also the ContentDocument of the same id."""
    return SObject(
        "ContentNote",
        "Content Note",
        "Content Notes",
        "069",
        (
            record_id("Content Note"),
            text("Title", "Title", 255, required=True, name_field=True),
            system(text("FileType", "File Type", 20, nillable=False)),
            system(text("FileExtension", "File Extension", 40)),
            Field("Content", "Content", "base64", filterable=False, sortable=False, groupable=False),
            system(text("TextPreview", "Text Preview", 255)),
            system(whole_number("ContentSize", "Content Size", 9)),
            system(checkbox("IsReadOnly", "Is Read Only")),
            deleted(),
            owner(),
            *audit_fields(),
            system(moment("LastViewedDate", "Last Viewed Date")),
        ),
        layoutable=True,
        feed_enabled=False,
        scopes=(("everything", "All content notes"),),
    )


def content_document() -> SObject:
    """Return the ContentDocument object. Documents come into being with a note."""
    return SObject(
        "ContentDocument",
        "Content Document",
        "Content Documents",
        "069",
        (
            record_id("ContentDocument"),
            *audit_fields(),
            system(checkbox("IsArchived", "Is Archived")),
            deleted(),
            owner(),
            text("Title", "Title", 255, required=True, name_field=True),
            system(picklist("PublishStatus", "Publish Status", ("P", "R", "U"), length=40, restricted_picklist=True)),
            text("Description", "Description", 1000),
            system(text("FileType", "File Type", 20)),
            system(text("FileExtension", "File Extension", 40)),
            system(whole_number("ContentSize", "Size", 9)),
            *viewed_fields(),
            system(moment("ContentModifiedDate", "Content Modified Date")),
        ),
        child_relationships=(
            ChildRelationship("ContentDocumentLink", "ContentDocumentId", "ContentDocumentLinks", cascade_delete=True),
        ),
        createable=False,
        feed_enabled=False,
        scopes=(("everything", "All content documents"),),
    )


def content_document_link() -> SObject:
    """Return the ContentDocumentLink object. A query of it has to say which document or which record it is about."""
    return SObject(
        "ContentDocumentLink",
        "Content Document Link",
        "Content Document Link",
        "06A",
        (
            record_id("ContentDocumentLink"),
            reference(
                "LinkedEntityId", "Linked Entity ID", LINKED_OBJECTS, "LinkedEntity", nillable=False, updateable=False
            ),
            reference(
                "ContentDocumentId",
                "ContentDocument ID",
                "ContentDocument",
                "ContentDocument",
                nillable=False,
                updateable=False,
            ),
            deleted(),
            system(moment("SystemModstamp", "System Modstamp", nillable=False, defaulted_on_create=True)),
            picklist("ShareType", "Share Type", SHARE_TYPES, length=40, default="V", restricted_picklist=True),
            picklist("Visibility", "Visibility", VISIBILITIES, length=40, default="AllUsers", restricted_picklist=True),
        ),
        layoutable=False,
        feed_enabled=False,
        filtered_by=("ContentDocumentId", "LinkedEntityId"),
        unique_together=("ContentDocumentId", "LinkedEntityId"),
        scopes=(("everything", "All content document links"),),
    )
