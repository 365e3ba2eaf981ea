"""Imports run one way only, also inside functions; and no folder is a hall of modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import modelcollapse

ROOT = Path(modelcollapse.__file__).parent

#: Each layer imports only from layers before it; parts of one layer do not know each other.
LAYERS = (
    {"errors", "atomic", "names", "fields", "lazy", "compilation"},
    {"notebook"},
    {"forest", "corpora"},
    {"simulation"},
    {"domains"},
    {"sweeps"},
    {"execution"},
    {"analysis"},
    {"searches"},
    {"planning"},
    {"runs"},
    {"cli"},
    {"__init__", "__main__"},
)
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}

#: What users import from the package itself, and where that lives.
HOMES = dict.fromkeys(modelcollapse.__all__, "runs")

MOST_MODULES = 15


def parts_imported(file: Path) -> Iterator[str]:
    """Yield the package's parts that a module imports anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            module = str(node.module)
            modules = [f"{module}.{alias.name}" for alias in node.names] if module == "modelcollapse" else [module]
        else:
            continue
        for module in modules:
            package, _, name = module.partition(".")
            if package == "modelcollapse" and name:
                part = name.partition(".")[0]
                yield part if part in RANK else HOMES[part]


def part_of(file: Path) -> str:
    return file.relative_to(ROOT).with_suffix("").parts[0]


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("part", sorted(RANK))
def test_imports_run_one_way(part):
    files = [file for file in FILES if part_of(file) == part]
    upward = {
        f"{file.relative_to(ROOT)} imports {other}"
        for file in files
        for other in parts_imported(file)
        if other != part and RANK[other] >= RANK[part]
    }
    assert files
    assert upward == set()


def test_every_part_has_its_layer():
    assert {part_of(file) for file in FILES} == set(RANK)


def test_no_folder_is_a_hall():
    sizes = {
        str(folder.relative_to(ROOT)): sum(file.name != "__init__.py" for file in folder.glob("*.py"))
        for folder in {file.parent for file in FILES}
    }
    assert {name: n for name, n in sizes.items() if n > MOST_MODULES} == {}


def test_an_import_inside_a_function_is_seen(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(
        "import numpy\ndef f():\n    from modelcollapse.cli import main\n    from modelcollapse import Run\n"
    )
    assert set(parts_imported(file)) == {"cli", "runs"}
