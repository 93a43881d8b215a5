"""A language model's words: asked for, streamed, and checked against the quotes."""
