"""The session: a scene, its source, and the commands that change them."""
