"""What comes in: the customer's own files, the figures measured on them, and the records pulled from Salesforce."""
