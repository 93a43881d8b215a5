"""What dies, is cut off or moves on loses nothing: long proofs, each a command, and their short forms as tests.

`python -m tests.durability.crash`, `moves`, `opening` and `stop` say with `--help` how long they take; `history` is
the small life of a library that `crash` and `moves` play. `pytest -m durability` runs the short forms, a minute
on two quiet cores.
"""
