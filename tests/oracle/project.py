"""Reads a project folder: nightshift.yaml and the SQL files with their headers.

This is a second, independent reading of what the engine reads; nothing here comes from the Rust code. Values of YAML stay
text (`BaseLoader`), so that YAML's own ideas about `yes`, `1.10` or dates cannot change what an analyst wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, Optional

import yaml

HEADER = re.compile(r"\s*/\*\s*(source|rollup|report)\b(.*?)\*/", re.DOTALL)
GRAINS = {"hourly": "hour", "daily": "day", "monthly": "month", "yearly": "year"}


class ProjectError(Exception):
    """A project file that the oracle cannot read; the message names the file."""


@dataclass(frozen=True)
class Definition:
    """One SQL file: its header as a mapping of text, its SQL without the header."""

    name: str
    kind: str
    path: Path
    header: dict[str, Any]
    sql: str
    grain: Optional[str] = None


@dataclass(frozen=True)
class Project:
    """A project folder with everything that the oracle needs of it. Paths are absolute."""

    root: Path
    zone: str
    day_starts_at: time
    fiscal_year_starts: int
    holidays: frozenset[date]
    paths: dict[str, Path]
    sources: dict[str, Definition] = field(default_factory=dict)
    rollups: dict[str, Definition] = field(default_factory=dict)
    reports: dict[str, Definition] = field(default_factory=dict)

    @property
    def ambiguous(self) -> str:
        """Which of two instants a local time means that happens twice, in all sources that let such a time in.

        The oracle works in local time, so sources that disagree, in a zone whose clock changes, are beyond it.
        """
        words = {source.header.get("ambiguous", "review") for source in self.sources.values()} - {"review"}
        if len(words) > 1:
            raise ProjectError(f"{self.root}: some sources say `ambiguous: earlier`, others `later`")
        return words.pop() if words else "earlier"


def load_yaml(text: str, origin: Path) -> Any:
    """YAML as text values, lists and mappings; an empty document is an empty mapping."""
    try:
        return yaml.load(text, Loader=yaml.BaseLoader) or {}
    except yaml.YAMLError as error:
        raise ProjectError(f"{origin}: {error}") from error


def read_definition(path: Path, kind: str) -> Definition:
    """Splits a SQL file into its header and its query."""
    text = path.read_text(encoding="utf-8")
    found = HEADER.match(text)
    if found is None or found.group(1) != kind:
        raise ProjectError(f"{path}: does not begin with a comment `/* {kind}`")
    header = load_yaml(found.group(2), path)
    sql = text[found.end() :].strip().rstrip(";").rstrip()
    return Definition(path.stem, kind, path, header, sql, GRAINS.get(path.parent.name))


def read_folder(folder: Path, pattern: str, kind: str) -> dict[str, Definition]:
    """All definitions of one kind, by name."""
    definitions = (read_definition(path, kind) for path in sorted(folder.glob(pattern)))
    return {definition.name: definition for definition in definitions}


def read_holidays(root: Path, named: str) -> frozenset[date]:
    """The dates in the project's holiday file, a list of `{date, name}` or of plain dates."""
    if not named:
        return frozenset()
    path = root / named
    entries = load_yaml(path.read_text(encoding="utf-8"), path)
    if isinstance(entries, dict):
        entries = entries.get("holidays", [])
    return frozenset(date.fromisoformat(entry["date"] if isinstance(entry, dict) else entry) for entry in entries)


def read_paths(root: Path, settings: dict[str, Any], target: Optional[str]) -> dict[str, Path]:
    """Where lake, incoming and output are; a target overrides the project's own."""
    paths = {"lake": "data/lake", "incoming": "data/incoming", "output": "data/output"}
    paths.update(settings.get("paths") or {})
    if target is not None:
        targets = settings.get("targets") or {}
        if target not in targets:
            raise ProjectError(f"{root / 'nightshift.yaml'}: no target `{target}`")
        paths.update(targets[target].get("paths") or {})
    return {name: (root / path).absolute() for name, path in paths.items()}


def reports_of_pipeline(project: Project, name: str) -> list[str]:
    """The reports that a pipeline makes."""
    path = project.root / "pipelines" / f"{name}.yaml"
    if not path.is_file():
        raise ProjectError(f"{path}: no such file")
    found: list[str] = []
    for step in load_yaml(path.read_text(encoding="utf-8"), path).get("steps", []):
        named = step.get("report", []) if isinstance(step, dict) else []
        found += list(project.reports) if named == "all" else [named] if isinstance(named, str) else named
    return list(dict.fromkeys(found))


def load(root: Path, target: Optional[str] = None) -> Project:
    """Reads the project in `root`."""
    configuration = root / "nightshift.yaml"
    if not configuration.is_file():
        raise ProjectError(f"{configuration}: no such file; is --project a project folder?")
    settings = load_yaml(configuration.read_text(encoding="utf-8"), configuration)
    return Project(
        root=root.absolute(),
        zone=settings["timezone"],
        day_starts_at=time.fromisoformat(settings.get("day_starts_at", "00:00")),
        fiscal_year_starts=int(settings.get("fiscal_year_starts", "1")),
        holidays=read_holidays(root, settings.get("holidays", "")),
        paths=read_paths(root, settings, target),
        sources=read_folder(root / "sql" / "sources", "*.sql", "source"),
        rollups=read_folder(root / "sql" / "rollups", "*/*.sql", "rollup"),
        reports=read_folder(root / "reports", "*.sql", "report"),
    )
