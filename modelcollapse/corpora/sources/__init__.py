"""Where reviews come from: files, the hub, a package, a generator."""
