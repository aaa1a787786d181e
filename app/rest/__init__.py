"""What every resource can do, written once. Nothing in here names a resource, and nothing is about health."""
