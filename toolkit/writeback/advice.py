"""How an admin creates a Salesforce field that the mapping wants and the org lacks, step by step.

The toolkit does not create fields. The recipe is the one of the product it follows (CAT-9 to CAT-21, VIT-18).
"""

import polars as pl

from toolkit.config.health import HealthProfile
from toolkit.config.objects import FieldMapping


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
        f'Field label: one that people understand, for example "{name.replace("_", " ")}".',
        f"Field name: {name}, in keeping with the label; its API name is then {field.there}.",
        'Tick "Add this field to existing custom report types that contain this entity".',
        "Field-level security: the integration user needs Visible, not Read-Only.",
        "Tick Read-Only for everybody else: what people type in is overwritten by the next commit (nightly).",
        "Page layouts: as you like. Save.",
        "Refresh the fields here and map the field. Salesforce may take a while until a new field can be chosen.",
    ]
    numbered = "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1))
    return f"The toolkit does not create fields; a Salesforce admin does:\n{numbered}"


def field_type(field: FieldMapping, profile: HealthProfile | None, dtype: pl.DataType | None) -> str:
    """Return the type to choose in Setup for what `field` holds here, with its length and decimals.

    Setup's Length counts the digits left of the point only: Length 2, Decimal Places 1 holds up to 99.9 (CAT-13).
    """
    if field.here == "health_score":
        length = len(str(int(profile.top))) if profile else 2
        return f"Number, Length {length}, Decimal Places {profile.decimals if profile else 1}"
    if field.here == "health_band":
        bands = ", ".join(band.name for band in profile.bands) if profile else "Green, Yellow, Red"
        return f"Picklist with the values {bands}, restricted to these"
    if field.here == "health_coverage":
        return "Number, Length 1, Decimal Places 2"
    if field.here == "health_as_of" or (dtype is not None and dtype.is_temporal()):
        return "Date"
    if dtype == pl.Boolean:
        return "Checkbox"
    if dtype is not None and dtype.is_numeric():
        return "Number, Length 16, Decimal Places 2"
    return "Text, Length 255"
