"""The floor of a refresh: the files of a delivery read once by DuckDB with the columns the pipeline reads, and written typed.

What belongs here: the plainest statement that does that, per data set, with the pipeline's own threads, memory and
compression. What does not: judging rows, quarantine, keys, or anything after it: that is what the pipeline adds.

`python -m benchmarks.floor DELIVERY OUT` prints one JSON object: seconds, cpu_seconds, rows, bytes written.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from naome_pipeline.deliveries.layouts import bundle, data_set, expanded, table_layout
from naome_pipeline.deliveries.manifest import Manifest, read_manifest
from naome_pipeline.deliveries.text_files import Header, read_header
from naome_pipeline.engine import EngineSettings, literal, open_connection, write_parquet
from naome_pipeline.synthetic.formats import FORMATS, FileFormat


def statement(folder: Path, files: list[str], form: FileFormat) -> str:
    """Read the files of one data set: the columns its layout names, dates and numbers typed, other rows left out."""
    header = read_header(folder / files[0])
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(header.names)))
    paths = ", ".join(literal(folder / name) for name in files)
    encoding = "latin-1" if form.encoding == "latin-1" else "utf-8"
    return (
        f"SELECT {', '.join(_typed(header, form))} FROM read_csv([{paths}], auto_detect = false, header = true, "
        f"columns = {{{columns}}}, delim = {literal(form.delimiter)}, quote = '\"', escape = '\"', "
        f"encoding = '{encoding}', ignore_errors = true)"
    )


def _typed(header: Header, form: FileFormat) -> list[str]:
    layout = table_layout(form.data_set, form.version)
    found: dict[int, str] = {}
    for column in data_set(form.data_set).columns:
        source = layout.columns.get(column.name)
        for name in expanded(source.accepted()) if source else ():
            place = header.position(name)
            if place is None or place in found:
                continue
            text = f"c{place}"
            if column.type == "date" and form.dates != "%Y-%m-%d":
                text = f"TRY_STRPTIME({text}, {literal(form.dates)})::DATE"
            elif column.type == "date":
                text = f"TRY_CAST({text} AS DATE)"
            elif column.type in ("integer", "decimal"):
                text = f"TRY_CAST({text} AS {'INTEGER' if column.type == 'integer' else 'DOUBLE'})"
            found[place] = f"{text} AS c{place}"
    return list(found.values())


def _forms(manifest: Manifest) -> dict[str, FileFormat]:
    """Data set to the form of its files: the version of the layout that the delivery's bundle names."""
    versions = {(table.data_set, table.version) for table in bundle(manifest.layout).tables}
    return {form.data_set: form for form in FORMATS.values() if (form.data_set, form.version) in versions}


def measure(folder: Path, out: Path) -> dict[str, float]:
    """Read and write everything; seconds, CPU seconds, rows and bytes written."""
    manifest = read_manifest(folder)
    forms = _forms(manifest)
    out.mkdir(parents=True, exist_ok=True)
    started, rows = time.monotonic(), 0
    for name in sorted({file.data_set for file in manifest.files if file.data_set}):
        files = [file.path for file in manifest.files if file.data_set == name]
        with open_connection(EngineSettings.from_environment(out)) as connection:
            rows += write_parquet(connection, statement(folder, files, forms[name]), out / f"{name}.parquet")
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "seconds": time.monotonic() - started,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "rows": rows,
        "bytes": sum(path.stat().st_size for path in out.glob("*.parquet")),
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]))))
