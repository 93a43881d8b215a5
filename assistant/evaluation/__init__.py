"""How well questions are answered: question files, figures and reports."""
