"""docker-compose.yml as `docker compose` reads it: YAML, then the variables filled in."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<bare>\w+)|\{(?P<name>\w+)(?:(?P<rule>:?[-?])(?P<text>[^}]*))?\})"
)


class MissingVariable(Exception):
    """`${NAME:?text}` where NAME is not set: what `docker compose` refuses to start with."""


def read(environment: Mapping[str, str]) -> dict[str, Any]:
    """The file with `environment` (what .env gives) filled in."""
    document = yaml.safe_load(FILE.read_text())
    filled: dict[str, Any] = _fill(document, environment)
    return filled


def starting_order(services: Mapping[str, Any]) -> list[str]:
    """Each service after all that it depends on; as in the file otherwise."""
    order: list[str] = []

    def place(name: str, above: tuple[str, ...] = ()) -> None:
        assert name not in above, f"{name} depends on itself through {above}"
        for below in services[name].get("depends_on", {}):
            place(below, (*above, name))
        if name not in order:
            order.append(name)

    for name in services:
        place(name)
    return order


def seconds(duration: str) -> float:
    """`90s`, `1m30s`: the compose file's durations."""
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"(\d+)([smh])", duration)
    assert "".join(number + unit for number, unit in parts) == duration, duration
    return sum(float(number) * units[unit] for number, unit in parts)


def _fill(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, environment) for item in value]
    return (
        VARIABLE.sub(lambda match: _variable(match, environment), value) if isinstance(value, str) else value
    )


def _variable(match: re.Match[str], environment: Mapping[str, str]) -> str:
    if match["escaped"]:
        return "$"
    name, rule, text = match["bare"] or match["name"], match["rule"] or "", match["text"] or ""
    given = environment.get(name)
    if given or (given is not None and not rule.startswith(":")):
        return given
    if rule.endswith("?"):
        raise MissingVariable(f"{name}: {text}")
    return text
