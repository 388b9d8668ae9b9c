"""Files against a JSON Schema: `python -m bench.peers.schemas JUDGE SCHEMA FOLDER`.

Reads with PyYAML's loader in C, and says only whether every file fits: no place, no words. Ends
with 1 where one doesn't.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measuring import LACKING


def jsonschema(schema: Any) -> Callable[[Any], bool]:
    """The `jsonschema` package, written in Python."""
    from jsonschema import Draft7Validator

    return Draft7Validator(schema).is_valid


def jsonschema_rs(schema: Any) -> Callable[[Any], bool]:
    """`jsonschema-rs`, written in Rust."""
    from jsonschema_rs import Draft7Validator

    return Draft7Validator(schema).is_valid


JUDGES = {"jsonschema": jsonschema, "jsonschema-rs": jsonschema_rs}


def main(judge: str, schema: str, folder: str) -> int:
    """Judges every file of a folder."""
    import yaml

    fits = JUDGES[judge](json.loads(Path(schema).read_bytes()))
    files = sorted(Path(folder).glob("*.yaml"))
    misfits = sum(not fits(yaml.load(path.read_bytes(), yaml.CSafeLoader)) for path in files)
    return int(misfits > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(LACKING)
