"""Tests of a language model's words, checked."""
