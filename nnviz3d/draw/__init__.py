"""Drawables, camera, passes, picking: pictures as pure functions of state and time."""
