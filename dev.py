#!/usr/bin/env python3
"""Sets up this checkout and runs it: `python3 dev.py demo`, `python3 dev.py check`.

Needs Python 3.11+ and nothing else: everything is installed into `.venv` beside this file, from
the locked versions in `requirements/`. Standard library only, and syntax that old Pythons can
read, so that a wrong version gets a sentence instead of a traceback.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
NEWER = ("python3.13", "python3.12", "python3.11")

USAGE = """usage: python3 dev.py COMMAND

  demo          watch the product work, without an account (callflow demo)
  check         everything that CI checks: format, lint, types, tests
  prepare       install what check needs, and no more
  test [ARGS]   the tests alone, all of them or with pytest's arguments
  callflow ...  any callflow command
  bench [NAME]  measure everything, beside its peers, and write bench/RESULTS.md; with names,
                print those tables alone (bench/README.md says which there are)
  lock [KIND]   write the locked versions in requirements/ anew, all or of these kinds
  reference     write docs/reference.md anew, from the schemas and the tables
"""

# Half as many processes again as cores: some tests wait for real time to pass, in real processes.
# Which test runs where changes from run to run: tests share nothing.
PROCESSES = str((os.cpu_count() or 1) * 3 // 2 or 1)
ON_ALL_CORES = ["-n", PROCESSES, "--dist", "worksteal"]
CHECKS = (
    ("format", ["ruff", "format", "--check", "."]),
    ("lint", ["ruff", "check", "."]),
    ("types", ["mypy"]),
    ("tests", ["pytest", *ON_ALL_CORES]),
)
#: Measurements that take time instead of work: each watches a runner for a while.
SCRIPTS = ("accounts", "push", "timeline")
# Tests that are skipped where the machine lacks a tool.
PARTS = (
    ("editors", ("node", "npm")),
    ("the console's page", ("chromium",)),
    ("alerts and metrics", ("promtool",)),
)


def main(arguments):
    """Runs one command; returns its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the very check that tells people so
        return use_newer_python(arguments)
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command == "demo":
        prepare("runtime")
        return run(["runner", "demo", *rest])
    if command == "callflow":
        prepare("runtime")
        return run(["runner", *rest])
    if command == "test":
        prepare("dev")
        return run(["pytest", *(rest or ON_ALL_CORES)])
    if command == "prepare":
        return prepare("dev")
    if command == "check":
        prepare("dev")
        return check()
    if command == "bench":
        prepare("runtime")
        return bench(rest)
    if command == "lock":
        prepare("dev")
        return lock(rest)
    if command == "reference":
        prepare("runtime")
        return reference()
    sys.stderr.write(USAGE)
    return 2


def use_newer_python(arguments):
    """Starts over with a newer Python of this machine, or says what is missing."""
    for name in NEWER:
        found = shutil.which(name)
        if found and subprocess.call([found, "-c", ""]) == 0:
            return subprocess.call([found, os.path.abspath(__file__), *arguments])
    version = ".".join(str(part) for part in sys.version_info[:2])
    sys.stderr.write("callflow needs Python 3.11 or newer; this is " + version + "\n")
    return 2


def prepare(kind):
    """Makes `.venv` hold the locked packages of `requirements/KIND.txt`, and this checkout."""
    stamp = stamp_of(kind)
    if os.path.exists(stamp) and usable():
        with open(stamp, encoding="utf-8") as file:
            if file.read() == wanted(kind):
                return 0
    print(f"setting up .venv ({kind}), this takes a moment ...", flush=True)
    pip = make_environment()
    install(pip, ["-r", requirements_of(kind)])
    install(pip, ["--no-deps", "-e", ROOT])
    write_stamp(kind)
    return 0


def bench(arguments):
    """Runs tables of measurements, or one of the scripts that measure over a span of time."""
    if arguments and arguments[0] in SCRIPTS:
        return run(["bench." + arguments[0], *arguments[1:]])
    from bench import environment

    environment.prepare(make_environment, said_of_install, of=wanted("bench"))
    return run(["bench", *arguments])


def requirements_of(kind):
    return os.path.join(ROOT, "requirements", kind + ".txt")


def stamp_of(kind):
    return os.path.join(VENV, ".prepared-" + kind)


def write_stamp(kind):
    """Notes that `.venv` holds what is wanted now."""
    with open(stamp_of(kind), "w", encoding="utf-8") as file:
        file.write(wanted(kind))


def wanted(kind):
    """What `.venv` should hold, and for which Python, as text to compare."""
    project = os.path.join(ROOT, "pyproject.toml")
    with open(requirements_of(kind), "rb") as file, open(project, "rb") as more:
        return hashlib.sha256(file.read() + more.read()).hexdigest() + sys.version


def usable(folder=VENV):
    """Whether it has a Python that runs here and is new enough; a moved one may not."""
    test = "import sys; sys.exit(sys.version_info < (3, 11))"
    return quietly([python_of(folder), "-c", test]) == 0


def make_environment(folder=VENV):
    """Makes it a virtual environment; returns the command that is its pip."""
    if not usable(folder):
        shutil.rmtree(folder, ignore_errors=True)
        # Some distributions ship Python without ensurepip; then the system's pip serves.
        made = quietly([sys.executable, "-m", "venv", folder])
        if made != 0:
            shutil.rmtree(folder, ignore_errors=True)
            if quietly([sys.executable, "-m", "venv", "--without-pip", folder]) != 0:
                sys.exit("can't make a virtual environment in " + folder)
    python = python_of(folder)
    if quietly([python, "-m", "pip", "--version"]) == 0:
        return [python, "-m", "pip"]
    if quietly([sys.executable, "-m", "pip", "--version"]) == 0:
        return [sys.executable, "-m", "pip", "--python", python]
    return sys.exit("this Python has no pip; install python3-venv, or python3-pip")


def install(pip, arguments):
    """Installs, with pip's whole output shown only where it fails."""
    said = said_of_install(pip, arguments)
    if said:
        sys.stderr.write(said)
        sys.exit("installing failed; is a package index reachable?")


def said_of_install(pip, arguments):
    """Installs; returns what pip said where that failed, else nothing."""
    command = [*pip, "install", "--disable-pip-version-check", "--no-input", *arguments]
    # A machine whose pip installs for the user by default could not install here.
    # To compile thousands of modules, of which few are ever loaded, takes longer than all the rest.
    settings = dict(os.environ, PIP_USER="0", PIP_COMPILE="0")
    done = subprocess.run(
        command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode == 0:
        return ""
    return done.stdout.decode(errors="replace") or "pip failed without a word\n"


def check():
    """Every check, all of them even where one fails."""
    failed = []
    for name, command in CHECKS:
        print(f"--- {name}", flush=True)
        if run(command) != 0:
            failed.append(name)
    for what, tools in PARTS:
        if missing := [tool for tool in tools if not shutil.which(tool)]:
            lacking = " and no ".join(missing)
            print(f"--- left out: the tests of {what}; this machine has no {lacking}")
    print("--- failed: " + ", ".join(failed) if failed else "--- all checks passed", flush=True)
    return 1 if failed else 0


def lock(names):
    """Resolves the newest versions for every supported Python, of these kinds or of all."""
    base = ["uv", "pip", "compile", "--universal", "--python-version", "3.11", "--upgrade"]
    base += ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "--quiet"]
    # With hashes pip refuses a file that is not the one that was locked.
    base += ["--generate-hashes"]
    kinds = (
        ("runtime", ["pyproject.toml"]),
        ("dev", ["pyproject.toml", "--all-extras", "--group", "dev"]),
        ("build", ["--group", "build"]),
        ("bench", [os.path.join("requirements", "bench.in")]),
    )
    for kind, wanted in kinds:
        if names and kind not in names:
            continue
        target = os.path.join("requirements", kind + ".txt")
        if run([*base, *wanted, "-o", target]) != 0:
            return 1
    return 0


def reference():
    """Writes the language reference as `callflow explain --markdown` prints it."""
    command = [python_of(VENV), "-m", "runner", "explain", "--markdown"]
    page = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    with open(os.path.join(ROOT, "docs", "reference.md"), "wb") as file:
        file.write(page)
    return 0


def run(command):
    """Runs a module of the environment in this checkout; returns its exit code."""
    return subprocess.call([python_of(VENV), "-m", *command], cwd=ROOT)


def python_of(folder):
    """The Python of a virtual environment."""
    return os.path.join(folder, "Scripts" if os.name == "nt" else "bin", "python")


def quietly(command):
    """Runs a command for its exit code alone; one that can't be started has failed too."""
    try:
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return 127


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
