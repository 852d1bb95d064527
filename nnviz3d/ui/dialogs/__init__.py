"""Questions and menus."""
