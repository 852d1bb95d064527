"""The window: its loop, dialogs, files that are dropped, and live capture."""
