"""`larst snapshot pack` and `larst serve FILE.larst`: a session and its plans in one file."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from tests.service.api import Api, Service
from tests.service.command import run_larst


async def test_a_packed_session_is_served_as_it_was(
    service: Service, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    """Locked: a request that was not sent before the packing has no plan."""
    origin = Api(http, service.url, "shop")
    await origin.post("/members", [{"name": "Ann"}, {"name": "Ben"}])
    await origin.get("/members/1")
    await origin.get("/members?sort=-name&limit=1")
    rule = {"path": "/orders", "status": 503}
    await origin.put("/_larst/sessions/shop/faults", {"rules": [rule], "seed": 7})
    file, again = tmp_path / "bug.larst", tmp_path / "again.larst"
    for target in (file, again):
        packed = run_larst("snapshot", "pack", "shop", str(target), "--url", service.url)
        assert (packed.exit_code, packed.stderr) == (0, "")
        assert packed.stdout.startswith(f"shop is packed as {target}: ")
    assert file.read_bytes() == again.read_bytes()

    frozen = Service(tmp_path / "frozen", tmp_path / "frozen.log")
    frozen.arguments = (str(file),)
    with frozen:
        api = Api(http, frozen.url, None)
        assert "2 members; 3 plans, plan mode locked" in frozen.banner
        assert (await api.get("/members/2")).body == {"id": 2, "name": "Ben"}
        page = (await api.get("/members?sort=-name&limit=1")).body
        assert page["items"] == [{"id": 2, "name": "Ben"}]
        created = await api.post("/members", [{"name": "Cid"}, {"name": "Dan"}])
        assert [row["id"] for row in created.body] == [3, 4]
        unknown = await api.get("/members?age_gt=3&_expand=x")
        assert (unknown.status, unknown.body["error"]) == (404, "no plan for this request")
        assert (await api.get("/orders")).status == 503
        await api.post("/_larst/sessions/default/reset")
        assert (await api.get("/members/3")).status == 404


def test_another_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.larst"
    file.write_bytes(b"PK\x03\x04 this is something else")

    result = run_larst("serve", str(file), "--port", "0")

    assert result.exit_code == 1
    assert "cannot be served: the pack is damaged" in result.stderr


def test_the_arguments_of_a_pack_have_an_order() -> None:
    result = run_larst("snapshot", "pack", "bug.larst", "shop", "--url", "http://127.0.0.1:9")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "the order is `larst snapshot pack [SESSION] FILE.larst`" in result.stderr
