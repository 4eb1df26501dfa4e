"""Which record here is which record in Salesforce, and why every other record has no partner."""
