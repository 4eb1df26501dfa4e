"""What is read from Salesforce: which records are in scope, and what changed since the last time."""
