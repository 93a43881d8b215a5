"""Tests of from source to ranked passages."""
