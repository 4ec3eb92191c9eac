"""compose.yaml and what it mounts: read by the real compose binary, and held against their schemas.

There need be no container engine: `docker-compose config` reads, merges and checks without one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
TOOLS = Path(sys.executable).parent


def yaml(path: str) -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(ROOT / path)
    return content


def run(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml("compose.yaml")["services"]
    return found


@pytest.mark.parametrize("profile", ["", "llm"])
def test_the_real_compose_takes_it(profile: str) -> None:
    checked = run("docker-compose", "-f", "compose.yaml", "config", "-q", COMPOSE_PROFILES=profile)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_it_is_as_the_compose_specification_says() -> None:
    checked = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")

    assert checked.returncode == 0, checked.stdout


def test_the_model_server_runs_only_where_it_is_asked_for() -> None:
    listed = {
        profile: run("docker-compose", "config", "--services", COMPOSE_PROFILES=profile)
        for profile in ("", "llm")
    }

    assert sorted(listed[""].stdout.split()) == ["collector", "jaeger", "larst"]
    assert sorted(listed["llm"].stdout.split()) == [
        "collector", "jaeger", "larst", "llm", "llm-model",
    ]  # fmt: skip


def test_images_from_elsewhere_are_pinned_to_a_release(services: dict[str, Any]) -> None:
    """What works today is what is started tomorrow."""
    images = {service["image"] for service in services.values() if "build" not in service}

    assert images
    for image in images:
        assert re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+:\d+\.\d+\.\d+", image)


def test_ports_are_open_to_this_machine_alone(services: dict[str, Any]) -> None:
    """Without a token, whoever reaches the port may do everything."""
    ports = [port for service in services.values() for port in service.get("ports", ())]

    assert "127.0.0.1:8000:8000" in ports
    assert "127.0.0.1:16686:16686" in ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_is_mounted_is_there(services: dict[str, Any]) -> None:
    mounted = [
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", ())
    ]
    named = set(yaml("compose.yaml")["volumes"])

    for source in mounted:
        assert source in named or (ROOT / source).is_file()


@pytest.mark.parametrize("path", ["otel/collector.yaml", "otel/jaeger.yaml"])
def test_a_pipeline_is_made_of_parts_that_are_configured(path: str) -> None:
    config = yaml(path)

    used = list(_used(config))

    assert used
    for kind, name in used:
        assert name in config[kind], f"{path}: {kind} has no {name}"
    for kind in ("receivers", "processors", "exporters", "extensions"):
        assert set(config.get(kind, ())) == {name for one, name in used if one == kind}


def _used(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for pipeline in config["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            for name in names:
                yield kind, name
    for name in config["service"].get("extensions", ()):
        yield "extensions", name


def test_a_trace_finds_its_way_from_service_to_viewer(services: dict[str, Any]) -> None:
    """Each sends to a name that is a service's, at a port where that one listens."""
    collector, jaeger = yaml("otel/collector.yaml"), yaml("otel/jaeger.yaml")
    exported = urlsplit(services["larst"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
    passed_on = collector["exporters"]["otlp_grpc/jaeger"]["endpoint"].split(":")

    assert exported.hostname in services
    listens = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert listens == f"0.0.0.0:{exported.port}"
    assert passed_on[0] in services
    assert jaeger["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] == f"0.0.0.0:{passed_on[1]}"
    health = services["jaeger"]["healthcheck"]["test"][-1]
    assert urlsplit(health).port == int(
        jaeger["extensions"]["healthcheckv2"]["http"]["endpoint"].split(":")[1]
    )
    storage = jaeger["extensions"]["jaeger_query"]["storage"]["traces"]
    assert storage in jaeger["extensions"]["jaeger_storage"]["backends"]
    assert jaeger["exporters"]["jaeger_storage_exporter"]["trace_storage"] == storage
