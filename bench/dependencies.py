#!/usr/bin/env python3
"""How long `akua lock`, `verify` and `render` take with 50 locked and cached dependencies.

    python3 bench/dependencies.py [--count 50] [--megabytes 100] [--runs 20] [--signed]

Builds a registry (Go) and packages in a temporary directory, and times the whole process with
hyperfine. `render` is timed with and without the dependencies: the difference is what they cost.
With `--signed` the packages are published, signed and attested, and all commands prove it; to publish
a package of 5 MB is timed too, to a repository of its own each time.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile
import time

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
    parser.add_argument("--signed", action="store_true")
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
        if options.signed:
            akua("keygen", "--plain", "--out", "bench")
            dependencies.insert(0, '[signing]\ncosign_public_key = "bench.pub"')
        size = options.megabytes * (1 << 20) // options.count // 20
        generator = random.Random(1)
        for at in range(options.count):
            package = folder / f"p{at}"
            write(package / "akua.toml", MANIFEST.format(f"p{at}"))
            write(package / "package.k", "resources = []\n")
            for part in range(20):
                (package / f"data{part}").write_bytes(generator.randbytes(size))
            reference = f"oci://{host}/p{at}"
            if options.signed:
                akua("publish", "--ref", reference, "--key", "../bench.key", cwd=package)
            else:
                akua("pack", "--out", "../p.tar.gz", cwd=package)
                akua("push", "--tarball", "p.tar.gz", "--ref", reference)
            dependencies.append(f'p{at} = {{ oci = "oci://{host}/p{at}", version = "^0.1" }}')
        program = 'resources = [{apiVersion = "v1", kind = "ConfigMap", metadata.name = "a"}]\n'
        for name, rest in (("bare", ""), ("app", "\n".join(dependencies) + "\n")):
            write(folder / name / "akua.toml", MANIFEST.format("app") + rest)
            write(folder / name / "package.k", program)
        if options.signed:
            (folder / "app/bench.pub").write_bytes((folder / "bench.pub").read_bytes())
        akua("lock", cwd=folder / "app")
        rows = [
            ("lock", "app", f"{AKUA} lock"),
            ("lock --offline", "app", f"{AKUA} lock --offline"),
            ("verify", "app", f"{AKUA} verify"),
            ("verify --offline", "app", f"{AKUA} verify --offline"),
            ("render", "app", f"{AKUA} render --dry-run"),
            ("render, no dependencies", "bare", f"{AKUA} render --dry-run"),
        ]
        print(f"{options.count} dependencies, {options.megabytes} MB of files, {os.cpu_count()} cores")
        for label, where, command in rows:
            print(f"{label:26} {median(command, folder / where, environment, options.runs):8.1f} ms")
        if options.signed:
            package = folder / "large"
            write(package / "akua.toml", MANIFEST.format("large"))
            write(package / "package.k", program)
            (package / "data").write_bytes(generator.randbytes(5 << 20))
            times = []
            for run in range(options.runs):
                start = time.perf_counter()
                akua("publish", "--ref", f"oci://{host}/large{run}", "--key", "../bench.key", cwd=package)
                times.append((time.perf_counter() - start) * 1000)
            print(f"{'publish of 5 MB':26} {sorted(times)[len(times) // 2]:8.1f} ms")
        registry.terminate()


if __name__ == "__main__":
    main()
