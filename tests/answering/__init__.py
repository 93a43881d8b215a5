"""Tests of the offline answer."""
