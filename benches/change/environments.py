"""Virtual environments for what is compared and must not meet the benchmark's own packages, made where they are missing."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import process
from place import say


def programs(folder: Path, requirements: Path) -> Path:
    """The folder with the programs of an environment that holds what is required."""
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != requirements.read_bytes():
        say(f"installing {requirements.parent.name} into {folder} (once)")
        shutil.rmtree(folder, ignore_errors=True)
        process.run_or_fail([sys.executable, "-m", "venv", str(folder)])
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        process.run_or_fail([*pip, "-r", str(requirements)])
        shutil.copy2(requirements, stamp)
    return folder / "bin"
