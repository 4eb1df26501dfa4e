"""The customer's own files, tables and events, read into typed frames, and the figures measured on them."""
