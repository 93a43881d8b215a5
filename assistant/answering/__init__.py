"""The offline answer: from a question and its passages to quoted words, or to a refusal."""
