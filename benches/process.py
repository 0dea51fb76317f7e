"""Runs a command and measures it from outside: wall time from its start to its end, bytes read, memory of its process tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SAMPLE_SECONDS = 0.02


class CommandFailed(Exception):
    """A command that did not do its work; the message says which and what it printed."""


@dataclass(frozen=True)
class Finished:
    """What a command printed and what it took."""

    seconds: float
    peak_bytes: int
    read_bytes: int
    code: int
    stdout: str
    stderr: str


def run(command: Sequence[str], watch_memory: bool = False, environment: Mapping[str, str] | None = None) -> Finished:
    """Runs the command to its end. The peak is 0 without `watch_memory`, which costs a little time."""
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment)
        watcher = Watcher(process.pid) if watch_memory else None
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        seconds = time.perf_counter() - began
        read = bytes_read(process.pid)
        code = process.wait()
        return Finished(seconds, watcher.stop() if watcher else 0, read, code, text_of(stdout), text_of(stderr))


def run_or_fail(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """As `run`, for a command that must succeed."""
    finished = run(command, environment=environment)
    if finished.code != 0:
        raise CommandFailed(f"{' '.join(command)}\nended with {finished.code}\n{finished.stdout}{finished.stderr}")
    return finished


def leave(code: int) -> None:
    """Ends this process at once: DuckDB's extensions keep threads that the interpreter does not wait for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def text_of(stream: IO[bytes]) -> str:
    """All that was written."""
    stream.seek(0)
    return stream.read().decode("utf-8", errors="replace")


def bytes_read(pid: int) -> int:
    """All bytes that a process and the children that it waited for have read, from the page cache too; 0 if nobody counts.

    A process that ended can be asked until somebody waits for it.
    """
    try:
        for line in Path(f"/proc/{pid}/io").read_text().splitlines():
            if line.startswith("rchar:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


class Watcher:
    """Samples /proc while a process and its descendants run: the sum of the high-water marks (VmHWM) of all of them.

    A mark only grows, so a sample misses nothing but the growth of the last moment. (`ru_maxrss` would not miss that, but it
    starts with the peak of the process that forked.)
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self.marks: dict[int, int] = {}
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self) -> None:
        """Samples until told to stop."""
        while not self.done.wait(SAMPLE_SECONDS):
            for pid in tree(self.root):
                self.marks[pid] = max(self.marks.get(pid, 0), high_water_mark(pid))

    def stop(self) -> int:
        """Ends the sampling; gives the bytes."""
        self.done.set()
        self.thread.join()
        return sum(self.marks.values())


def tree(root: int) -> list[int]:
    """A process and its descendants."""
    found = [root]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def high_water_mark(pid: int) -> int:
    """VmHWM in bytes; 0 for a process that is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
