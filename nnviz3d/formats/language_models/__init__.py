"""Folders as Hugging Face writes them: models that our own kinds can run."""
