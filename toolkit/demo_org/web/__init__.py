"""The demo org's HTTP side: one module a family of Salesforce resources, and the application that ties them together."""
