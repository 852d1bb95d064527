"""OpenGL: hosts (window, headless), programs, columns, targets, timers. The only package that imports vispy, OpenGL, glfw or EGL."""

import os
import sys

if sys.platform.startswith("linux"):
    # PyOpenGL chooses its loader at its first import, for good, and a loader finds functions of its own kind of context only. So windows
    # and headless contexts are both made by EGL here; PYOPENGL_PLATFORM=glx asks for windows by GLX (and then nothing is headless).
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
