"""The demo org's HTTP side: one module a family of resources, and the application that ties them together."""
