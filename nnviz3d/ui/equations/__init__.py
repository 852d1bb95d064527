"""Equations as lines of text and TeX, and how they are drawn."""
