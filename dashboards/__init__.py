"""The web dashboard: what a customer-success leader looks at. It reads the store and never the org."""
