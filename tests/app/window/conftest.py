"""Fixtures of tests that need a real window."""

from tests.helpers.real_window import display, window  # noqa: F401
