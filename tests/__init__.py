"""The tests: the real application over HTTP, on a real PostgreSQL 18."""
