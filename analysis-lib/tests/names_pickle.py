"""names_pickle.py FOLDER: pickles as Python writes them, for tests/names_pickle.rs.

FOLDER/good/*.pickle are dicts of names; FOLDER/bad/*.pickle are not, or do more.
"""
import collections
import os
import pathlib
import pickle
import sys

folder = pathlib.Path(sys.argv[1])
STRANGE = "<b>\"'É🎉\\ \\u0041\n\r\t\0\x1a\x7f\u2028"

names = {
    1: "one",
    255: "a byte",
    65535: "two bytes",
    2**31 - 1: "four bytes",
    2**31: "Ann",
    123456789012345678: "Ann",
    2**63 - 1: STRANGE,
    7: "é" * 10_000,
    8: "",
    9: None,
}
good = {
    "integers": names,
    "strings": {str(id): name for id, name in names.items()},
    "both": {123456789012345678: "Ann", "223456789012345678": "Ben"},
    "empty": {},
    # More than Python writes in one go, most names shared.
    "many": {10**17 + i: f"user{i % 7}" for i in range(3000)},
}


class Evil:
    def __reduce__(self):
        return os.system, (f"touch {folder}/executed",)


class Thing:
    pass


thing = Thing()
thing.name = "Ann"
itself = {}
itself[1] = itself
deep = {}
for _ in range(300):
    deep = {1: deep}
bad = {
    "system": Evil(),
    "system-as-name": {1: Evil()},
    "system-as-id": {Evil(): "Ann"},
    "object": thing,
    "object-as-name": {1: Thing()},
    "class": Thing,
    "ordered": collections.OrderedDict({1: "Ann"}),
    "default": collections.defaultdict(str, {1: "Ann"}),
    "list": ["Ann"],
    "set": {1},
    "text": "Ann",
    "number": 1,
    "none": None,
    "list-as-name": {1: ["Ann"]},
    "number-as-name": {1: 2},
    "true-as-name": {1: True},
    "bytes-as-name": {1: b"Ann"},
    "tuple-as-id": {(1,): "Ann"},
    "none-as-id": {None: "Ann"},
    "fraction-as-id": {1.5: "Ann"},
    "negative-id": {-1: "Ann"},
    "large-id": {2**64: "Ann"},
    "text-as-id": {"Ann": "1"},
    "half-a-character": {1: "\ud83c"},
    "itself": itself,
    "deep": deep,
}
for kind, pickles in ("good", good), ("bad", bad):
    (folder / kind).mkdir()
    for name, value in pickles.items():
        for protocol in range(6):
            path = folder / kind / f"{name}-{protocol}.pickle"
            path.write_bytes(pickle.dumps(value, protocol))
