"""Codes of what is found before a file says anything: paths, bytes, YAML."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "alias-expansion": (
        "YAML aliases of this file repeat more values than a person can have meant.",
        "Write the values out, or name them once under `lists`.",
    ),
    "binary": (
        "The file holds bytes that no text file has.",
        "Save it as text, in UTF-8, or keep it out of the folder of flows.",
    ),
    "control-character": (
        "An invisible character stands where YAML allows none.",
        "Delete it, or write it as an escape inside double quotes.",
    ),
    "duplicate-key": (
        "A mapping has the same key twice, so that one of the two values would be lost.",
        "Keep one, or join the two, under `any` or `all` where they are conditions.",
    ),
    "empty-file": ("There is nothing in the file.", "Write a flow, or delete the file."),
    "key-not-text": (
        "A key is a number, a list or a mapping, and every key of the language is a word.",
        "Write it as text, in quotes where YAML would read a number.",
    ),
    "no-flows": (
        "The folder holds no flow file.",
        "Put one there, or name another folder; flow files end in `.yaml` or `.yml`.",
    ),
    "no-such-path": (
        "There is no file or folder of this name.",
        "Look at the path, and at the folder that you are in.",
    ),
    "not-a-file": ("A folder has the name of a flow file.", "Rename it."),
    "not-utf8": ("The file is not UTF-8.", "Save it in that encoding."),
    "number-as-text": (
        "Text is wanted, and what stands here is read as a number by YAML tools.",
        "Put it in quotes. A phone number without them loses its `+`.",
    ),
    "several-documents": (
        "The file holds several YAML documents.",
        "Remove the `---` between them, or make it several files.",
    ),
    "tab": ("A tab stands where YAML counts spaces.", "Indent with spaces."),
    "tag": (
        "A YAML tag asks for a type, and flow files have none but text, numbers, lists and so on.",
        "Remove it; text that begins with `!` needs quotes.",
    ),
    "too-deep": (
        "Lists and mappings are nested deeper than anybody could follow.",
        "Flatten them, or split the rule.",
    ),
    "too-large": (
        "The file is larger than the language allows.",
        "Split it; long lists go into a file of their own.",
    ),
    "unknown-alias": (
        "A YAML alias names an anchor that does not stand before it.",
        "Define it with `&name` first; text that begins with `*` needs quotes.",
    ),
    "unreadable": ("The file or folder can't be read.", "See to it that callflow may read it."),
    "yaml-syntax": (
        "The file is not YAML.",
        "Look at the marked place and the line above it: a colon, a quote, a bracket, the indent.",
    ),
}
