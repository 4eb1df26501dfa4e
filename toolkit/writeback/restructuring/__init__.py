"""Changes to what there is in Salesforce, by plan: fields made and granted, records merged and deleted."""
