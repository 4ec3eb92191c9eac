"""`larst eject` of the blog, the shop and the tasks: each project runs and answers as LARST did."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from larst.cli import main
from tests.eject.projects import Project, answers_of, eject, larst_with, run_in, send
from tests.eject.workflows import LATER, WORKFLOWS

_QUIET = ("-q", "-p", "no:cacheprovider", "-W", "ignore", "-n", "0", "-c", "pyproject.toml")


@pytest.mark.parametrize(
    "session",
    [
        "tasks",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in sorted(WORKFLOWS.keys() - {"tasks"})
        ),
    ],
)
def test_a_project_passes_its_tests_and_answers_as_larst(session: str, tmp_path: Path) -> None:
    """What began as a prototype can leave: the same requests get the same replies."""
    pytest.importorskip("fastapi")
    project = tmp_path / "project"
    with larst_with(tmp_path, session, WORKFLOWS[session]) as service:
        eject(service, session, project)
        compared = [(request, send(service, session, request)) for request in LATER[session]]

    run_in(project, "-m", "pytest", *_QUIET)
    package = next(path.parent.name for path in project.glob("*/app.py"))
    (answers,) = answers_of(project, [Project(package, [LATER[session]])])

    for (request, expected), answer in zip(compared, answers, strict=True):
        if answer[0] >= 400:  # the details of errors differ: LARST's name the request
            answer[1], expected[1] = answer[1]["error"], expected[1]["error"]
        assert (request, answer) == (request, expected)


def test_a_project_is_formatted_typed_and_free_of_larst(tmp_path: Path) -> None:
    project = tmp_path / "project"
    with larst_with(tmp_path, "blog", WORKFLOWS["blog"]) as service:
        eject(service, "blog", project)

    run_in(project, "-m", "ruff", "check", "--no-cache", ".")
    run_in(project, "-m", "ruff", "format", "--check", "--no-cache", ".")
    texts = {path: path.read_text() for path in project.rglob("*") if path.is_file()}
    assert not [path for path, text in texts.items() if "larst" in text.lower()]
    for path, text in texts.items():
        if path.suffix == ".py":
            functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
            lengths = [(n.end_lineno or 0) - n.lineno for n in functions]
            assert max(lengths, default=0) < 40, path


@pytest.mark.slow
@pytest.mark.parametrize("session", sorted(WORKFLOWS))
def test_the_types_of_a_project_hold(session: str, tmp_path: Path) -> None:
    """Mypy takes a minute for the first project, since it reads FastAPI."""
    pytest.importorskip("fastapi")
    project = tmp_path / "project"
    with larst_with(tmp_path, session, WORKFLOWS[session]) as service:
        eject(service, session, project)

    run_in(project, "-m", "mypy", "--strict")


def test_a_stopped_root_can_be_ejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with larst_with(tmp_path, "tasks", WORKFLOWS["tasks"]):
        pass

    code = main(["eject", "tasks", "--to", str(tmp_path / "out"), "--root", str(tmp_path / "data")])

    assert code == 0
    assert "2 resources" in capsys.readouterr().out
    assert (tmp_path / "out" / "tasks_api" / "steps" / "models.py").is_file()


def test_a_directory_with_files_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    code = main(["eject", "shop", "--to", str(tmp_path), "--url", "http://127.0.0.1:9"])

    assert code == 2
    assert "is not an empty directory" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
