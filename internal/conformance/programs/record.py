"""Runs every program and writes its trace into the folder that the first argument names."""

import hashlib
import importlib
import pathlib
import platform
import sys

VERSION = f"{platform.python_implementation()} {platform.python_version()}"
if not VERSION.startswith("CPython") or sys.version_info < (3, 13):
    sys.exit(f"want CPython 3.13 or later, have {VERSION}")

import harness  # needs that version

HERE = pathlib.Path(__file__).parent
SUPPORT = {"harness", "record", "random_blocks", "random_loop", "random_run"}
RUNS = 5  # each program runs so often: a trace that changes between runs proves nothing


def main(out):
    files = {}
    for path in sorted(HERE.glob("*.py")):
        if path.stem in SUPPORT:
            continue
        earlier = set(harness.PROGRAMS)
        importlib.import_module(path.stem)
        digest = hashlib.sha256((HERE / "harness.py").read_bytes() + path.read_bytes()).hexdigest()[:16]
        header = f"# {VERSION}, programs/{path.name} {digest}"
        for name in harness.PROGRAMS:
            if name not in earlier:
                files[name] = "\n".join([header, *trace(name)]) + "\n"
    out.mkdir(exist_ok=True)
    for old in out.glob("*.trace"):
        old.unlink()
    for name, text in files.items():
        (out / f"{name}.trace").write_text(text)
    print(f"{len(files)} traces recorded with {VERSION}")


def trace(name):
    traces = [harness.run(harness.PROGRAMS[name]) for _ in range(RUNS)]
    if any(trace != traces[0] for trace in traces):
        sys.exit(f"{name}: the trace changes from run to run, so it cannot be compared")
    return traces[0]


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
