"""compose.yaml and the files it mounts, checked by the real compose binary and by schemas.

No container engine is needed: `docker-compose config` reads, merges and checks without one.
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

ROOT = Path(__file__).resolve().parents[1]
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
    services: dict[str, Any] = yaml("compose.yaml")["services"]
    return services


@pytest.mark.parametrize("profile", ["", "llm"])
def test_the_real_compose_accepts_the_file(profile: str) -> None:
    checked = run("docker-compose", "-f", "compose.yaml", "config", "-q", COMPOSE_PROFILES=profile)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_file_follows_the_compose_specification() -> None:
    checked = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml")

    assert checked.returncode == 0, checked.stdout


def test_the_model_server_runs_only_with_its_profile() -> None:
    listed = {
        profile: run("docker-compose", "config", "--services", COMPOSE_PROFILES=profile)
        for profile in ("", "llm")
    }

    assert sorted(listed[""].stdout.split()) == ["collector", "jaeger", "larst"]
    assert sorted(listed["llm"].stdout.split()) == [
        "collector", "jaeger", "larst", "llm", "llm-model",
    ]  # fmt: skip


def test_public_images_are_pinned_to_a_release(services: dict[str, Any]) -> None:
    """The images that were tested are the images that start."""
    images = {service["image"] for service in services.values() if "build" not in service}

    assert images
    for image in images:
        assert re.fullmatch(r"[a-z0-9-]+/[a-z0-9-]+:\d+\.\d+\.\d+", image)


def test_ports_are_open_to_this_machine_only(services: dict[str, Any]) -> None:
    """Without a token, anyone who reaches the port may do everything."""
    ports = [port for service in services.values() for port in service.get("ports", ())]

    assert "127.0.0.1:8000:8000" in ports
    assert "127.0.0.1:16686:16686" in ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_mounted_files_exist_and_are_not_reached_through_links(services: dict[str, Any]) -> None:
    """Some Docker installations do not resolve a link in the path of a bind mount."""
    mounted = [
        volume.split(":")[0]
        for service in services.values()
        for volume in service.get("volumes", ())
    ]
    volumes = set(yaml("compose.yaml")["volumes"])

    for source in mounted:
        path = ROOT / source
        assert source in volumes or (path.is_file() and path.resolve() == path)


@pytest.mark.parametrize("path", ["larst/otel/collector.yaml", "larst/otel/jaeger.yaml"])
def test_pipelines_use_all_configured_components(path: str) -> None:
    config = yaml(path)

    used = list(_used(config))

    assert used
    for kind, name in used:
        assert name in config[kind], f"{path}: {kind} has no {name}"
    for kind in ("receivers", "processors", "exporters", "extensions"):
        assert set(config.get(kind, ())) == {name for used_kind, name in used if used_kind == kind}


def _used(config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for pipeline in config["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            for name in names:
                yield kind, name
    for name in config["service"].get("extensions", ()):
        yield "extensions", name


def test_traces_reach_jaeger_through_the_collector(services: dict[str, Any]) -> None:
    """Each sends to the name of a service, at a port on which that service listens."""
    collector, jaeger = yaml("larst/otel/collector.yaml"), yaml("larst/otel/jaeger.yaml")
    exported = urlsplit(services["larst"]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"])
    host, port = collector["exporters"]["otlp_grpc/jaeger"]["endpoint"].split(":")

    assert exported.hostname in services
    listens = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert listens == f"0.0.0.0:{exported.port}"
    assert host in services
    assert jaeger["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] == f"0.0.0.0:{port}"
    health = services["jaeger"]["healthcheck"]["test"][-1]
    assert urlsplit(health).port == int(
        jaeger["extensions"]["healthcheckv2"]["http"]["endpoint"].split(":")[1]
    )
    storage = jaeger["extensions"]["jaeger_query"]["storage"]["traces"]
    assert storage in jaeger["extensions"]["jaeger_storage"]["backends"]
    assert jaeger["exporters"]["jaeger_storage_exporter"]["trace_storage"] == storage
