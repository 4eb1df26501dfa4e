"""The objects of the demo org, one a file, as `toolkit.demo_org.schema` describes them."""

from dataclasses import replace

from toolkit.demo_org.objects.account import account
from toolkit.demo_org.objects.account_contact_relation import account_contact_relation
from toolkit.demo_org.objects.campaign import campaign
from toolkit.demo_org.objects.case import case
from toolkit.demo_org.objects.contact import contact
from toolkit.demo_org.objects.content import content_document, content_document_link, content_note
from toolkit.demo_org.objects.contract import contract
from toolkit.demo_org.objects.definitions import entity_definition, field_definition
from toolkit.demo_org.objects.email_message import email_message
from toolkit.demo_org.objects.event import event
from toolkit.demo_org.objects.group import group, user_role
from toolkit.demo_org.objects.lead import lead
from toolkit.demo_org.objects.note import note
from toolkit.demo_org.objects.opportunity import opportunity
from toolkit.demo_org.objects.opportunity_contact_role import opportunity_contact_role
from toolkit.demo_org.objects.organization import organization
from toolkit.demo_org.objects.permissions import (
    field_permissions,
    object_permissions,
    permission_set,
    permission_set_assignment,
    permission_set_group,
    permission_set_license,
    permission_set_license_assign,
)
from toolkit.demo_org.objects.person_account import with_person_accounts
from toolkit.demo_org.objects.profile import profile
from toolkit.demo_org.objects.record_type import list_view, record_type
from toolkit.demo_org.objects.success_plan import success_plan
from toolkit.demo_org.objects.task import task
from toolkit.demo_org.objects.user import user
from toolkit.demo_org.schema import Schema

_OTHERS = (
    campaign,
    case,
    content_document,
    content_document_link,
    content_note,
    contract,
    email_message,
    entity_definition,
    event,
    field_definition,
    field_permissions,
    group,
    lead,
    list_view,
    note,
    object_permissions,
    opportunity,
    opportunity_contact_role,
    organization,
    permission_set,
    permission_set_assignment,
    permission_set_group,
    permission_set_license,
    permission_set_license_assign,
    profile,
    record_type,
    success_plan,
    task,
    user,
    user_role,
)


def standard_schema(*, person_accounts: bool = False, contacts_to_multiple_accounts: bool = True) -> Schema:
    """Return the schema a demo org starts with; the two features are switches of the org, as in Salesforce."""
    business, contacts = account(), contact()
    if person_accounts:
        business, contacts = with_person_accounts(business, contacts)
    objects = [business, contacts, *(make() for make in _OTHERS)]
    if contacts_to_multiple_accounts:
        objects.append(account_contact_relation())
    return _existing_only(Schema(objects))


def _existing_only(schema: Schema) -> Schema:
    # A child relationship needs its child, and an object that is not there is nobody's child.
    for each in schema:
        children = schema.children_of(each)
        if len(children) != len(each.child_relationships):
            schema.replace(replace(each, child_relationships=children))
    return schema
