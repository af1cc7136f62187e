#!/usr/bin/env python3
"""Measures akua and the native tools side by side, on the same inputs, as whole processes.

    python3 bench/bench.py [--runs 60] [--akua target/release/akua] [--tools .tools/bin]

Prints a table in Markdown. It needs hyperfine, and the native tools that `cargo xtask test`
installs. Run it on a machine that does nothing else: the load is part of what it prints.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "target" / "bench"

MANIFEST = """[package]
name = "bench"
version = "0.1.0"
edition = "akua.dev/v1alpha1"
"""
HELM = """import charts.subject

resources = subject.template({release = "bench", namespace = "bench"})
"""
KUSTOMIZE = """import akua.kustomize

resources = kustomize.build({path = "kustomize/overlays/production"})
"""
# A template of the generated charts: a few objects with names, labels, loops and a long text.
TEMPLATE = """{{- range $i := until (int .Values.copies) }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "large.name" $ }}-NUMBER-{{ $i }}
  labels:
    {{- include "large.labels" $ | nindent 4 }}
spec:
  replicas: {{ $.Values.replicas }}
  selector:
    matchLabels:
      {{- include "large.labels" $ | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "large.labels" $ | nindent 8 }}
    spec:
      containers:
        - name: main
          image: "{{ $.Values.image.repository }}:{{ $.Values.image.tag | default $.Chart.AppVersion }}"
          env:
            {{- range $key, $value := $.Values.env }}
            - name: {{ $key | upper }}
              value: {{ VALUE | quote }}
            {{- end }}
          {{- with $.Values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "large.name" $ }}-NUMBER-{{ $i }}
data:
  settings.conf: |
    TEXT
{{- end }}
"""
HELPERS = """{{- define "large.name" -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- define "large.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}
"""
VALUES = {
    "copies": 2,
    "replicas": 2,
    "image": {"repository": "images.example.com/large", "tag": ""},
    "env": {f"variable_{i}": f"{{{{ .Release.Name }}}}-{i}" for i in range(10)},
    "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "50m"}},
}
TEMPLATES = 100
# A large chart is mostly text, such as dashboards; a heavy one computes each value and line.
LARGE = {
    "VALUE": "$value",
    "TEXT": "\n    ".join(f"setting.number.{i} = value of the setting {i}" for i in range(190)),
}
HEAVY = {
    "VALUE": "tpl $value $",
    "TEXT": """{{- range $line := until 150 }}
    setting.number.{{ $line }} = {{ printf "value-%d-of-%s" $line $.Release.Name }}
    {{- end }}""",
}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def helm_package(folder, chart):
    """Makes a package around a chart."""
    write(folder / "akua.toml", MANIFEST + f'\n[dependencies]\nsubject = {{ path = "./{chart}" }}\n')
    write(folder / "package.k", HELM)


def inputs(tools, environment):
    """Makes the inputs below target/bench."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "web-app", WORK / "web-app")
    shutil.copytree(ROOT / "examples" / "kustomize-overlays", WORK / "overlay")
    write(WORK / "overlay" / "package.k", KUSTOMIZE)
    helm_package(WORK / "small", "small")
    command = [tools / "helm", "create", "small"]
    subprocess.run(command, cwd=WORK / "small", env=environment, check=True, capture_output=True)
    generate(WORK / "large", LARGE)
    generate(WORK / "heavy", HEAVY)


def generate(folder, parts):
    """Makes a package around a chart of many templates."""
    helm_package(folder, "large")
    chart = folder / "large"
    write(chart / "Chart.yaml", 'apiVersion: v2\nname: large\nversion: 1.0.0\nappVersion: "3.2.1"\n')
    write(chart / "values.yaml", json.dumps(VALUES))
    write(chart / "templates" / "_helpers.tpl", HELPERS)
    for number in range(TEMPLATES):
        text = TEMPLATE
        for name, part in {**parts, "NUMBER": str(number)}.items():
            text = text.replace(name, part)
        write(chart / "templates" / f"part-{number:03}.yaml", text)


def rows(akua, tools):
    """What is measured: its name, the folder, akua's command, the native command."""
    render = [akua, "render", "--package", ".", "--stdout"]

    def template(chart):
        options = ["--namespace", "bench", "--include-crds"]
        return [tools / "helm", "template", "bench", chart, *options]

    overlay = [tools / "kustomize", "build", "kustomize/overlays/production"]
    return [
        ("`akua version`", WORK, [akua, "version"], None),
        ("pure KCL: `examples/web-app`", WORK / "web-app", render, None),
        ("one chart: `helm create`", WORK / "small", render, template("small")),
        ("a large chart: SIZE", WORK / "large", render, template("large")),
        ("a heavy chart: 2,000 `tpl`, 30,000 `printf`", WORK / "heavy", render, template("large")),
        ("an overlay: `examples/kustomize-overlays`", WORK / "overlay", render, overlay),
    ]


def output(command, folder, environment):
    """Runs a command once; returns what it wrote."""
    run = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return run.stdout


def hyperfine(commands, folder, environment, options):
    """Measures commands in turn; returns for each its times in ms."""
    report = WORK / "report.json"
    shown = [" ".join(str(part) for part in command) for command in commands]
    flags = ["--shell=none", "--style=none", f"--export-json={report}", *options]
    command = [shutil.which("hyperfine"), *flags, *shown]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    results = json.loads(report.read_text())["results"]
    return [[1000 * seconds for seconds in result["times"]] for result in results]


def interleaved(commands, folder, environment, runs, prepare):
    """Measures commands in alternating rounds, so that a busy moment does not hit one alone."""
    rounds = 3 if prepare else 5
    each = max(2, runs // rounds)
    options = ["--warmup=0", f"--prepare={prepare}"] if prepare else ["--warmup=3"]
    times = [[] for _ in commands]
    for _ in range(rounds):
        measured = hyperfine(commands, folder, environment, [*options, f"--runs={each}"])
        for all_times, more in zip(times, measured):
            all_times.extend(more)
    return [sorted(all_times) for all_times in times]


def peak(command, folder, environment):
    """Runs a command in a process of its own; returns its peak resident memory in MB."""
    program = "import resource,subprocess,sys;subprocess.run(sys.argv[1:],check=True,"\
        "stdout=subprocess.DEVNULL);print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    measured = output([sys.executable, "-S", "-c", program, *command], folder, environment)
    return int(measured) / 1024


def dropper():
    """The command that empties the page cache, if that is allowed."""
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
    except OSError:
        return None
    return "sh -c 'sync; echo 3 > /proc/sys/vm/drop_caches'"


def median(times):
    middle = len(times) // 2
    return times[middle] if len(times) % 2 else (times[middle - 1] + times[middle]) / 2


def shown(times):
    return f"{median(times):.1f} ({times[0]:.1f})"


def table(arguments, environment):
    """Measures all rows; yields the lines of the table."""
    drop = dropper()
    yield "| work | akua ms: median (min) | native ms | native / akua | akua cold ms | native cold ms"\
        " | akua MB | native MB |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, folder, akua, native in rows(arguments.akua, arguments.tools):
        commands = [akua, native] if native else [akua]
        size = len(output(akua, folder, environment))
        name = name.replace("SIZE", f"{TEMPLATES} templates, {size / 1e6:.1f} MB of output")
        started = time.monotonic()
        output(akua, folder, environment)
        # What takes long is measured less often.
        runs = arguments.runs if time.monotonic() - started < 0.5 else arguments.runs // 5
        warm = interleaved(commands, folder, environment, runs, None)
        cold = [None] * len(commands)
        if drop:
            cold = interleaved(commands, folder, environment, arguments.cold_runs, drop)
        memory = [f"{peak(command, folder, environment):.0f}" for command in commands]
        ratio = f"{median(warm[1]) / median(warm[0]):.1f}" if native else "–"
        cells = [shown(warm[0]), shown(warm[1]) if native else "–", ratio]
        cells += [f"{median(times):.0f}" if times else "not root" for times in cold]
        cells += ["–"] if not native else []
        cells += [memory[0], memory[1] if native else "–"]
        yield f"| {name} | " + " | ".join(cells) + " |"


def machine():
    """Says on what it was measured."""
    model = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    model = model[0].split(":")[1].strip() if model else platform.machine()
    load = os.getloadavg()[0]
    day = time.strftime("%Y-%m-%d")
    return f"{day}; {os.cpu_count()} cores, {model}; Linux {platform.release()}; load {load:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100, help="runs of each command")
    parser.add_argument("--cold-runs", type=int, default=9, help="runs with an empty page cache")
    parser.add_argument("--akua", type=Path, default=ROOT / "target/release/akua")
    parser.add_argument("--tools", type=Path, default=ROOT / ".tools/bin")
    arguments = parser.parse_args()
    arguments.akua, arguments.tools = arguments.akua.resolve(), arguments.tools.resolve()
    needed = [arguments.akua, arguments.tools / "helm", arguments.tools / "kustomize"]
    missing = [str(path) for path in needed if not path.is_file()]
    if not shutil.which("hyperfine"):
        missing.append("hyperfine")
    if missing:
        sys.exit(f"missing: {', '.join(missing)}")
    # An own home directory: nothing of the machine's configuration is measured.
    environment = {"HOME": str(WORK), "PATH": "/usr/bin:/bin"}
    inputs(arguments.tools, environment)
    before = machine()
    for line in table(arguments, environment):
        print(line, flush=True)
    print(f"\nBinary: {arguments.akua.stat().st_size / 1e6:.1f} MB. Machine: {before}.")


if __name__ == "__main__":
    main()
