"""The tests; a package, so that they can share helpers however pytest is started."""
