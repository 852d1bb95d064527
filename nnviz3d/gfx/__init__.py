"""OpenGL: hosts (window, headless), programs, columns, targets, interop, timers. The only package that imports vispy, OpenGL, glfw or EGL."""
