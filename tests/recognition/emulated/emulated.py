#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recogniser on CPUs that are not at hand, under qemu-user.

Builds it for AArch64 and runs its tests there, then compares what every stage gives, bit by bit, on AArch64, on
x86 CPUs with and without AVX2 and at every level of the CPU at hand. A CPU must also choose the level it should.
usage: emulated.py MESON SOURCE_ROOT BUILD_FOLDER RESULTS KERNELS_TEST
"""
import os
import shutil
import subprocess
import sys

meson, source, build, results, kernels_test = sys.argv[1:]
cross_file = os.path.join(source, "tests/recognition/emulated/aarch64.ini")
aarch64 = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
packages = {"aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu", "qemu-aarch64": "qemu-user", "qemu-x86_64": "qemu-user"}


def run(command, **environment):
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def level_and_lines(command, **environment):
    """The level of CPU that the recogniser chose, and the lines of what its stages gave."""
    lines = [line for line in run(command, **environment).splitlines() if not line.startswith("qemu-")]
    if len(lines) < 10 or not lines[0].startswith("level "):
        sys.exit(f"{' '.join(command)} printed no results:\n" + "\n".join(lines))
    return lines[0].split()[1], lines[1:]


def build_for_aarch64():
    if not os.path.exists(os.path.join(build, "build.ninja")):
        run([meson, "setup", build, source, "--cross-file", cross_file])
    run(["ninja", "-C", build])


for tool, package in packages.items():
    if shutil.which(tool) is None:
        sys.exit(f"{tool} is missing: install Debian's package {package}")
os.environ.pop("LINCE_CPU_LEVEL", None)
build_for_aarch64()
print(run([meson, "test", "-C", build, "--no-rebuild", "--print-errorlogs"]))

emulated = os.path.join(build, "tests/recognition/emulated/results")
_, expected = level_and_lines([results], LINCE_CPU_LEVEL="c")
wrong = []


def compare(what, level, command, **environment):
    chosen, lines = level_and_lines(command, **environment)
    print(f"{what}: level {chosen}")
    if level not in (None, chosen):
        wrong.append(f"{what}: level {chosen} was chosen, not {level}")
    wrong.extend(f"{what}: '{got}', here '{line}'" for line, got in zip(expected, lines) if got != line)
    if len(expected) != len(lines):
        wrong.append(f"{what}: {len(lines)} lines, here {len(expected)}")


compare("AArch64", "neon", aarch64 + [emulated])
compare("AArch64, plain C", "c", aarch64 + [emulated], LINCE_CPU_LEVEL="c")
for model, level in (("Nehalem", "c"), ("Haswell", "avx2")):
    run(["qemu-x86_64", "-cpu", model, kernels_test])
    compare(model, level, ["qemu-x86_64", "-cpu", model, results])
# what this CPU has is compared as it is: qemu knows no AVX-512
for level in ("avx2", "avx512", "avx512icl"):
    compare(f"here, at most {level}", None, [results], LINCE_CPU_LEVEL=level)
if wrong:
    sys.exit("\n".join(wrong[:20]))
