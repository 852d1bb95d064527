"""Sizes and rates that films are asked for in, by name."""

from __future__ import annotations

from typing import Any

PRESETS: dict[str, dict[str, Any]] = {
    "draft": {"width": 640, "height": 360, "fps": 24},
    "720p60": {"width": 1280, "height": 720, "fps": 60},
    "1080p60": {"width": 1920, "height": 1080, "fps": 60},
    "1440p120": {"width": 2560, "height": 1440, "fps": 120},
    "4k60": {"width": 3840, "height": 2160, "fps": 60},
    "4k120": {"width": 3840, "height": 2160, "fps": 120},
    "8k30": {"width": 7680, "height": 4320, "fps": 30},
    "square": {"width": 1080, "height": 1080, "fps": 60},
    "vertical": {"width": 1080, "height": 1920, "fps": 60},
    "gif": {"width": 800, "height": 450, "fps": 20, "ssaa": 2},
}
