"""names_pickle.py FOLDER: pickles as Python writes them, for tests/names_pickle.rs.

FOLDER/good/*.pickle are dicts of names; in FOLDER/kept/*.pickle 1 is Ann, and
another entry is no member's name; FOLDER/bad/*.pickle are no dicts of names.
"""
import collections
import os
import pathlib
import pickle
import sys

import numpy

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
    "half": {1: "Ann \ud83d", 2: "\ude00", 3: "Ben"},
    # More than Python writes in one go, most names shared.
    "many": {10**17 + i: f"user{i % 7}" for i in range(3000)},
}


class Evil:
    def __reduce__(self):
        return os.system, (f"touch {folder}/executed",)


class Thing:
    pass


class Members(dict):
    pass


thing = Thing()
thing.name = "Ann"
itself = {1: "Ann"}
itself[2] = itself
deep = {}
for _ in range(300):
    deep = {1: deep}
kept = {
    "system-as-name": {1: "Ann", 2: Evil()},
    "system-as-id": {1: "Ann", Evil(): "Ben"},
    "object-as-name": {1: "Ann", 2: thing},
    "class-as-name": {1: "Ann", 2: Thing},
    "list-as-name": {1: "Ann", 2: ["Ben"]},
    "set-as-name": {1: "Ann", 2: {"Ben"}},
    "number-as-name": {1: "Ann", 2: 2},
    "true-as-name": {1: "Ann", 2: True},
    "fraction-as-name": {1: "Ann", 2: 2.5},
    "tuple-as-id": {1: "Ann", (2,): "Ben"},
    "none-as-id": {1: "Ann", None: "Ben"},
    "fraction-as-id": {1: "Ann", 2.5: "Ben"},
    "numpy-as-id": {1: "Ann", numpy.int64(2): "Ben"},
    "negative-id": {1: "Ann", -2: "Ben"},
    "large-id": {1: "Ann", 2**64: "Ben"},
    "long-id": {1: "Ann", 2**2000: "Ben"},
    "text-as-id": {1: "Ann", "Ben": "2"},
    "no-name-in-a-dict": {1: "Ann", 2: {"id": 2}},
    "itself": itself,
    "deep": {1: "Ann", 2: deep},
    "ordered": collections.OrderedDict({1: "Ann", 2: ["Ben"]}),
    "default": collections.defaultdict(str, {1: "Ann", 2: ["Ben"]}),
    "of-a-class": Members({1: "Ann", 2: ["Ben"]}),
    "users": {1: {"username": "ann", "global_name": "Ann", "roles": [7]}, 2: {"username": 7}},
}
bad = {
    "system": Evil(),
    "object": thing,
    "class": Thing,
    "list": ["Ann"],
    "set": {1},
    "text": "Ann",
    "number": 1,
    "none": None,
    "numpy": {numpy.int64(1): "Ann", numpy.uint64(2): "Ben"},
    "numbers": {1: 1, 2: 2},
    "names-to-ids": {"Ann": 1, "Ben": 2},
}
for kind, pickles in ("good", good), ("kept", kept), ("bad", bad):
    (folder / kind).mkdir()
    for name, value in pickles.items():
        # Protocols 0 and 1 hand the items of a class's dict to a call.
        for protocol in range(2 if name == "of-a-class" else 0, 6):
            path = folder / kind / f"{name}-{protocol}.pickle"
            path.write_bytes(pickle.dumps(value, protocol))
