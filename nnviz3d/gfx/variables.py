"""Environment variables that decide which OpenGL is found: where none is, they are the first suspects, before anything is installed."""

from __future__ import annotations

import os

KINDS = (
    "PYOPENGL_PLATFORM",
    "LIBGL_",
    "MESA_",
    "GALLIUM_",
    "EGL_",
    "__EGL_",
    "__GLX_",
    "__GL_",
    "DRI_PRIME",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
)
WINDOW = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "GDK_BACKEND", "XDG_SESSION_TYPE")
HARMLESS = ("LIBGL_ALWAYS_SOFTWARE", "LIBGL_DEBUG", "EGL_LOG_LEVEL", "MESA_DEBUG", "MESA_LOG", "MESA_SHADER_CACHE", "MESA_GLSL_CACHE")
USUAL = {("PYOPENGL_PLATFORM", "egl"), ("GALLIUM_DRIVER", "llvmpipe"), ("GALLIUM_DRIVER", "softpipe")}


def suspects(window: bool = False) -> dict[str, str]:
    """Those that are set, with their values. `window`: also those that say where the screen is."""
    found = {name: value for name, value in sorted(os.environ.items()) if name.startswith(KINDS) and not name.startswith(HARMLESS)}
    found = {name: value for name, value in found.items() if value and (name, value) not in USUAL}
    return found | {name: value for name in WINDOW if window and (value := os.environ.get(name))}


def first(message: str, otherwise: str, window: bool = False) -> str:
    """A message that ends with what to do: about the variables, where some are set, and only then `otherwise`."""
    found = suspects(window)
    message = message.rstrip(". ")
    if not found:
        return f"{message}. {otherwise}"
    text = ", ".join(f"{name}={value:.60}" for name, value in list(found.items())[:6])
    them = "it" if len(found) == 1 else "them"
    return f"{message}. The environment has {text}: try without {them} (unset {' '.join(found)}). If that does not help: {otherwise}"
