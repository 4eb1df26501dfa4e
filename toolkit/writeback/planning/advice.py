"""How an admin creates a Salesforce field that the mapping wants and the org lacks, step by step.

The recipe is the one of the product it follows (CAT-9 to CAT-21, VIT-18). Who has the right to customise the org can
have the field created by a plan instead, `toolkit.writeback.restructuring.field_creation`.
"""

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.config.objects import FieldMapping
from toolkit.writeback.restructuring.field_creation import definition_of, in_words, label_of

BY_PLAN = (
    "Or plan it: ws.plan_fields() creates what is missing and opens it to the integration user, where that user has "
    "Customize Application (BEY-15)."
)


def recipe(object_label: str, field: FieldMapping, profile: HealthProfile | None, dtype: pl.DataType | None) -> str:
    """Return the steps that create the Salesforce field of a mapping, as numbered lines."""
    name = field.there.removesuffix("__c")
    if not field.there.endswith("__c"):
        return (
            f"Check the spelling: {field.there} does not end in __c, so it would be a standard field, and those cannot "
            "be created. A field that exists must also be visible to the integration user."
        )
    steps = [
        f"In Salesforce: Setup > Objects and Fields > Object Manager > {object_label} > Fields & Relationships > New.",
        f"Field type: {field_type(field, profile, dtype)}.",
        f'Field label: one that people understand, for example "{label_of(name)}".',
        f"Field name: {name}, in keeping with the label; its API name is then {field.there}.",
        'Tick "Add this field to existing custom report types that contain this entity".',
        "Field-level security: the integration user needs Visible, not Read-Only.",
        "Tick Read-Only for everybody else: what people type in is overwritten by the next commit (nightly).",
        "Page layouts: as you like. Save.",
        "Refresh the fields here and map the field. Salesforce may take a while until a new field can be chosen.",
    ]
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
    return f"The toolkit does not create fields unasked; a Salesforce admin does:\n{numbered}\n{BY_PLAN}"


def field_type(field: FieldMapping, profile: HealthProfile | None, dtype: pl.DataType | None) -> str:
    """Return the type to choose in Setup for what `field` holds here, with its length and decimals.

    Setup's Length counts the digits left of the point only: Length 2, Decimal Places 1 holds up to 99.9 (CAT-13).
    """
    definition = definition_of("", field, profile, dtype)
    return "Text, Length 255" if definition is None else in_words(definition)
