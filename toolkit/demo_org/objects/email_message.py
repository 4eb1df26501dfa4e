"""EmailMessage: an e-mail that was sent or received, and what it is about."""

from toolkit.demo_org.objects.fields import (
    audit_fields,
    checkbox,
    deleted,
    email,
    moment,
    record_id,
    reference,
    system,
    text,
    text_area,
)
from toolkit.demo_org.schema import Field, PicklistValue, SObject

STATUSES = (("0", "New"), ("1", "Read"), ("2", "Replied"), ("3", "Sent"), ("4", "Forwarded"), ("5", "Draft"))
DRAFT = "5"
RELATED_OBJECTS = ("Account", "Campaign", "Case", "Contract", "Opportunity")


def email_message() -> SObject:
    """Return the EmailMessage object."""
    return SObject(
        "EmailMessage",
        "Email Message",
        "Email Messages",
        "02s",
        (
            record_id("Email Message"),
            reference("ParentId", "Case ID", "Case", "Parent", updateable=False),
            reference("ActivityId", "Activity ID", "Task", "Activity", updateable=False),
            *audit_fields(),
            text_area("TextBody", "Text Body", 32000),
            text_area("HtmlBody", "HTML Body", 32000),
            text_area("Headers", "Headers", 32000),
            text("Subject", "Subject", 3000, name_field=True),
            text("FromName", "From Name", 1000),
            email("FromAddress", "From Address", length=1000),
            text("ToAddress", "To Address", 4000),
            text("CcAddress", "CC Address", 4000),
            text("BccAddress", "BCC Address", 4000),
            checkbox("Incoming", "Is Incoming", permissionable=False),
            system(checkbox("HasAttachment", "Has Attachment")),
            _status(),
            moment("MessageDate", "Message Date"),
            deleted(),
            reference("ReplyToEmailMessageId", "Email Message ID", "EmailMessage", "ReplyToEmailMessage"),
            checkbox("IsExternallyVisible", "Is Externally Visible"),
            text("MessageIdentifier", "Message ID", 765),
            text("ThreadIdentifier", "Thread ID", 765),
            checkbox("IsClientManaged", "Is Client Managed", updateable=False, permissionable=False),
            reference("RelatedToId", "Related To ID", RELATED_OBJECTS, "RelatedTo"),
            checkbox("IsTracked", "Is Tracked", updateable=False, permissionable=False),
            system(moment("FirstOpenedDate", "First Opened")),
            system(moment("LastOpenedDate", "Last Opened")),
            system(checkbox("IsBounced", "Is Bounced")),
        ),
        feed_enabled=False,
        scopes=(("everything", "All email messages"),),
    )


def _status() -> Field:
    # Its values are numbers with names.
    values = tuple(PicklistValue(value, label, default=value == "0") for value, label in STATUSES)
    return Field(
        "Status",
        "Status",
        "picklist",
        length=40,
        picklist=values,
        default="0",
        defaulted_on_create=True,
        nillable=False,
        restricted_picklist=True,
        permissionable=False,
    )
