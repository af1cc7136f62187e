#!/usr/bin/env python3
"""How long `akua lock`, `verify` and `render` take with 50 locked and cached dependencies.

    python3 bench/dependencies.py [--count 50] [--megabytes 100] [--runs 20]

Builds a registry (Go) and packages in a temporary directory, and times the whole process with
hyperfine. `render` is timed with and without the dependencies: the difference is what they cost.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
AKUA = ROOT / "target/release/akua"
MANIFEST = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "akua.dev/v1alpha1"\n'


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def median(command, folder, environment, runs):
    """Returns the median of a command, in milliseconds."""
    out = folder / "times.json"
    subprocess.run(
        ["hyperfine", "-N", "--warmup", "3", "--runs", str(runs), "--export-json", out, command],
        cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL,
    )
    return json.loads(out.read_text())["results"][0]["median"] * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        environment = dict(os.environ, HOME=str(folder / "home"), XDG_CACHE_HOME=str(folder / "cache"))
        server = folder / "registry"
        subprocess.run(["go", "build", "-o", server, "."], check=True,
                       cwd=ROOT / "crates/akua-oci/tests/servers/registry")
        registry = subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        host = f"127.0.0.1:{registry.stdout.readline().decode().strip()}"

        def akua(*arguments, cwd=folder):
            subprocess.run([AKUA, *arguments], cwd=cwd, env=environment, check=True,
                           stdout=subprocess.DEVNULL)

        dependencies = ["\n[dependencies]"]
        size = options.megabytes * (1 << 20) // options.count // 20
        generator = random.Random(1)
        for at in range(options.count):
            package = folder / f"p{at}"
            write(package / "akua.toml", MANIFEST.format(f"p{at}"))
            write(package / "package.k", "resources = []\n")
            for part in range(20):
                (package / f"data{part}").write_bytes(generator.randbytes(size))
            akua("pack", "--out", "../p.tar.gz", cwd=package)
            akua("push", "--tarball", "p.tar.gz", "--ref", f"oci://{host}/p{at}")
            dependencies.append(f'p{at} = {{ oci = "oci://{host}/p{at}", version = "^0.1" }}')
        program = 'resources = [{apiVersion = "v1", kind = "ConfigMap", metadata.name = "a"}]\n'
        for name, rest in (("bare", ""), ("app", "\n".join(dependencies) + "\n")):
            write(folder / name / "akua.toml", MANIFEST.format("app") + rest)
            write(folder / name / "package.k", program)
        akua("lock", cwd=folder / "app")
        rows = [
            ("lock", "app", f"{AKUA} lock"),
            ("lock --offline", "app", f"{AKUA} lock --offline"),
            ("verify", "app", f"{AKUA} verify"),
            ("render", "app", f"{AKUA} render --dry-run"),
            ("render, no dependencies", "bare", f"{AKUA} render --dry-run"),
        ]
        print(f"{options.count} dependencies, {options.megabytes} MB of files, {os.cpu_count()} cores")
        for label, where, command in rows:
            print(f"{label:26} {median(command, folder / where, environment, options.runs):8.1f} ms")
        registry.terminate()


if __name__ == "__main__":
    main()
