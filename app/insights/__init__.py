"""What the register tells when its records are put together: a file for each insight, with its route."""
