"""One module a table, each listed in `bench/__main__.py`.

A table's module has two things:

- `table(runs, *, SIZES...) -> Table`, where the sizes have those of the targets as defaults;
- `QUICK`, a dict of the same sizes, small enough that the table takes a second or two. Tests run
  every table so; `python -m bench --quick` does too.

What is measured by a process of its own is a `main` in the same module, or in `bench/peers/` where
it runs on the peers' Python: one line of JSON on standard output (`bench.measuring.in_process`).
"""
