"""Everything that is served over HTTP: the page, the doors for programs, and the gate before them."""
