# `just` lists these; each is one line, for people who do not use just.

_list:
    @just --list

# start the service
serve *arguments:
    ./run serve {{arguments}}

# run the tests
test *arguments:
    ./run test {{arguments}}

# format, lint, check types and imports (needs pip install -e '.[dev]')
lint:
    ruff format . && ruff check . && mypy && lint-imports && deptry .

# show the documentation on http://127.0.0.1:8001 (needs pip install -e '.[docs]')
docs:
    mkdocs serve --dev-addr 127.0.0.1:8001

# the bill of materials of a release, as CycloneDX JSON (needs pip install -e '.[release]')
bom output="larst.cdx.json":
    python tools/bill_of_materials.py {{output}}

# known vulnerabilities of the pinned versions (needs pip install -e '.[release]')
audit:
    python tools/audit.py

# everything that CI checks
ci:
    .ci/run
