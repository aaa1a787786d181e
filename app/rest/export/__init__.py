"""Whole lists in other formats than a page of JSON, streamed while they are read."""
