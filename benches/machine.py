"""What the benchmark runs on, and how much of it both sides may use."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

GIB = 1 << 30


def describe() -> dict[str, Any]:
    """What it ran on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "processors": len(models),
        "memory_bytes": memory_bytes(),
    }


def memory_bytes() -> int:
    """All the memory there is."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    return 0


def batch_memory() -> str:
    """A batch's 16 GiB, or four fifths of the machine."""
    return f"{min(16 * GIB, memory_bytes() // 5 * 4) // GIB}GiB"


def load() -> float:
    """How many processors were busy in the last minute."""
    return os.getloadavg()[0]
