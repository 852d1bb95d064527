"""OpenGL: hosts (window, headless), programs, columns, targets, interop, timers. The only package that imports vispy, OpenGL, glfw or EGL."""

import os
import sys

if sys.platform.startswith("linux"):
    # PyOpenGL chooses its loader at its first import, for good. EGL's loader finds the functions of GLX windows as well (both are
    # glvnd's or Mesa's dispatch stubs), GLX's does not find those of a headless context.
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
