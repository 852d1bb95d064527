"""Composition: command line, frame loop, session, edits -> smallest rebuild."""
