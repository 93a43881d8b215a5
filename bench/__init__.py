"""Benchmarks: how well passages are found, how fast articles are indexed and questions answered.

Each module is a command, `python -m bench.retrieval`, and so on for `indexing`, `question` and
`cold`; the rest is what they share. The products beside which ours is measured are listed in
`requirements.txt` and live in an environment of their own.
"""
