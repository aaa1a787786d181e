"""The benchmark: the service against a bare server that sends the same bytes, as ratios."""
