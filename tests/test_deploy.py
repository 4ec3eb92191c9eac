"""deploy/: the systemd unit, the Kubernetes manifests, compose without telemetry, the dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from larst.config import FIELDS
from larst.otel import set_up
from larst.telemetry import Telemetry
from larst.telemetry.metrics import METRICS, Kind

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
DRAIN_S = FIELDS["LARS_DRAIN_S"].default


def manifests() -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load_all(DEPLOY / "kubernetes.yaml"))


def stateful_set() -> dict[str, Any]:
    (manifest,) = [item for item in manifests() if item["kind"] == "StatefulSet"]
    return manifest


def unit() -> dict[str, str]:
    lines = (DEPLOY / "larst.service").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))


def panels() -> list[dict[str, Any]]:
    document: dict[str, Any] = json.loads((DEPLOY / "grafana.json").read_text())
    return list(document["panels"])


class TestKubernetes:
    def test_the_manifests_follow_the_schemas_of_kubernetes(self) -> None:
        version = kubernetes_validate.latest_version()
        for manifest in manifests():
            kubernetes_validate.validate(manifest, version, strict=True)

    def test_the_service_finds_the_pods_and_their_port(self) -> None:
        (service,) = [item for item in manifests() if item["kind"] == "Service"]
        template = stateful_set()["spec"]["template"]
        (container,) = template["spec"]["containers"]

        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        assert stateful_set()["spec"]["serviceName"] == service["metadata"]["name"]
        ports = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports

    def test_one_process_owns_the_data(self) -> None:
        assert stateful_set()["spec"]["replicas"] == 1

    def test_it_sets_no_variable_that_larst_does_not_have(self) -> None:
        (container,) = stateful_set()["spec"]["template"]["spec"]["containers"]

        assert {variable["name"] for variable in container["env"]} <= FIELDS.keys()

    def test_open_requests_can_end_before_the_pod_does(self) -> None:
        pod = stateful_set()["spec"]["template"]["spec"]

        assert pod["terminationGracePeriodSeconds"] > DRAIN_S


class TestSystemd:
    @pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
    def test_systemd_accepts_the_unit(self, tmp_path: Path) -> None:
        """It warns of every option and system call that it does not know."""
        text = (DEPLOY / "larst.service").read_text()
        copy = tmp_path / "larst.service"
        copy.write_text(text.replace("/opt/larst/bin/larst", sys.executable))

        checked = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(copy)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert "larst.service" not in checked.stderr, checked.stderr

    def test_open_requests_can_end_before_the_service_does(self) -> None:
        assert float(unit()["TimeoutStopSec"]) > DRAIN_S

    def test_the_data_are_in_its_own_state_directory(self) -> None:
        assert f"SANDBOX_DATA_ROOT=/var/lib/{unit()['StateDirectory']} " in unit()["Environment"]


class TestCompose:
    def test_the_real_compose_accepts_it_and_starts_larst_alone(self) -> None:
        command = [str(Path(sys.executable).parent / "docker-compose"), "-f", "deploy/compose.yaml"]
        listed = subprocess.run(
            [*command, "config", "--services"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )

        assert listed.stdout.split() == ["larst"]

    def test_larst_is_set_up_as_beside_the_collector(self) -> None:
        """Two files say how to run LARST; a change of one belongs into the other."""
        yaml = YAML(typ="safe")
        alone = yaml.load(DEPLOY / "compose.yaml")["services"]["larst"]
        beside = yaml.load(ROOT / "compose.yaml")["services"]["larst"]
        for name in ("ports", "volumes", "init", "cap_drop", "security_opt", "stop_grace_period"):
            assert alone[name] == beside[name], name
        assert alone["environment"].items() <= beside["environment"].items()
        assert (DEPLOY / alone["build"]).resolve() == ROOT


class TestDashboard:
    def test_it_asks_for_series_that_the_service_has(self) -> None:
        """Grafana shows an empty panel for a name that does not exist, without an error."""
        exported = _series()
        for panel in panels():
            for target in panel["targets"]:
                expression = re.sub(r"\bby \([^)]*\)|\{[^}]*\}", "", target["expr"])
                names = set(re.findall(r"\b(?:http|larst|gen_ai)_\w+", expression))
                assert names, target["expr"]
                assert names <= exported, panel["title"]

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self) -> None:
        places = [panel["gridPos"] for panel in panels()]

        assert len({panel["id"] for panel in panels()}) == len(places)
        for place, other in combinations(places, 2):
            assert _is_apart(place, other, "x", "w") or _is_apart(place, other, "y", "h")
        assert all(place["x"] + place["w"] <= 24 for place in places)


def _is_apart(place: dict[str, int], other: dict[str, int], start: str, size: str) -> bool:
    return place[start] + place[size] <= other[start] or other[start] + other[size] <= place[start]


def _series() -> set[str]:
    """Return the names of all series on the metrics page of a service that has done everything."""
    telemetry = Telemetry()
    for metric in METRICS:
        if metric.kind is Kind.COUNTER:
            telemetry.count(metric.name)
        elif metric.kind is Kind.GAUGE:
            telemetry.observe(metric.name, lambda: [((), 1.0)])
        else:
            telemetry.record(metric.name, 1.0)
    providers = set_up({}, service="larst", version="1", instance_id="i")
    providers.export_metrics(telemetry.collect)
    page = providers.page("text/plain")
    assert page is not None
    return set(re.findall(r"^(\w+)", page.body.decode(), re.MULTILINE))
