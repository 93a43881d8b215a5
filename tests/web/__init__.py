"""Tests of the page and the doors."""
