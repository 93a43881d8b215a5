"""Tests of one kind of file each."""
