"""What is asked for: sweeps and their fields, experiments by name, and the same on fewer documents."""
