"""mongo.py URI COMMAND …: what tests do to a database, with PyMongo."""

import datetime
import json
import sys
import time

import pymongo
from bson import Decimal128, Int64, ObjectId, encode
from bson.raw_bson import RawBSONDocument

UTC = datetime.timezone.utc
uri, command, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
client = pymongo.MongoClient(uri, serverSelectionTimeoutMS=20000)


class Random:
    """SplitMix64, so that every machine makes the same documents."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    def below(self, limit):
        return self.next() % limit


def window(random, number, begin, minutes):
    quantities = {
        str(10**17 + random.below(30)): random.below(5) for _ in range(random.below(6))
    }
    online = 40 + random.below(30)
    return {
        "time": begin + datetime.timedelta(minutes=minutes * number, seconds=random.below(3)),
        "online-members": [online, Int64(online), float(online)][random.below(3)],
        "messages-sent": sum(quantities.values()),
        "quantities": quantities,
    }


def fill(database, count, begin="2026-01-01T00:00:00", minutes="10"):
    # The bot is one process, whose ObjectIds grow. Ours are several: the ids of
    # two within one second would come in any order, so each begins a new one.
    time.sleep(1 - time.time() % 1)
    random = Random(int(count))
    begin = datetime.datetime.fromisoformat(begin).replace(tzinfo=UTC)
    collection = client[database]["activitydata"]
    numbers = range(int(count))
    for first in numbers[::5000]:
        collection.insert_many(
            [window(random, n, begin, float(minutes)) for n in numbers[first : first + 5000]]
        )


def insert(database, collection, text):
    """Inserts documents written as a Python expression."""
    names = {"datetime": datetime, "UTC": UTC, "ObjectId": ObjectId, "Int64": Int64, "Decimal128": Decimal128}
    client[database][collection].insert_many(eval(text, names))


def update(database, text, changes):
    """Changes documents; which and how are Python expressions."""
    names = {"datetime": datetime, "UTC": UTC}
    client[database]["activitydata"].update_many(eval(text, names), eval(changes, names))


def apart(database):
    """Of documents with the same time, leaves one."""
    collection = client[database]["activitydata"]
    groups = [
        {"$match": {"time": {"$type": "date"}}},
        {"$group": {"_id": "$time", "ids": {"$push": "$_id"}}},
        {"$match": {"ids.1": {"$exists": True}}},
        # Some dates are none of Python's.
        {"$project": {"_id": 0, "ids": 1}},
    ]
    for group in collection.aggregate(groups):
        collection.delete_many({"_id": {"$in": group["ids"][1:]}})


def drop(database):
    client[database].drop_collection("activitydata")


def view(database, name, pipeline):
    client[database].create_collection(name, viewOn="activitydata", pipeline=json.loads(pipeline))


def hold(command, milliseconds):
    """Lets the server take so long for the next such command."""
    data = {"failCommands": [command], "blockConnection": True, "blockTimeMS": int(milliseconds)}
    client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=data)


def refuse(command, times):
    """Lets the server answer the next such commands that it reaches no other."""
    data = {"failCommands": [command], "errorCode": 6}
    client.admin.command("configureFailPoint", "failCommand", mode={"times": int(times)}, data=data)


def delete(database, text):
    print(client[database]["activitydata"].delete_many(json.loads(text)).deleted_count)


def columns(database):
    """The windows as PyMongo reads them, by time and then as they were stored."""
    rows, members = [], {}
    for document in client[database]["activitydata"].find({}):
        time = document["time"].replace(tzinfo=UTC)
        milliseconds = round((time - datetime.datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
        rows.append((milliseconds, int(document["online-members"]), int(document["messages-sent"])))
        for member, sent in document["quantities"].items():
            members[member] = members.get(member, 0) + int(sent)
    rows.sort(key=lambda row: row[0])
    print(json.dumps({
        "times": [row[0] for row in rows],
        "online": [row[1] for row in rows],
        "volume": [row[2] for row in rows],
        "members": {member: sent for member, sent in members.items() if sent > 0},
    }))


def mangled(database, count):
    """Documents with anything wrong that BSON can hold, and some with nothing."""
    from bson import Binary, Code, MaxKey, MinKey, Regex, Timestamp

    random = Random(99)
    deep = {}
    for _ in range(90):
        deep = {"deep": deep}
    values = [
        None, True, "text", "", b"bytes", -1, 0, 7, 2**31, Int64(2**32 - 1), Int64(2**32),
        Int64(2**63 - 1), Int64(-(2**63)), 0.5, -0.0, 7.0, 1e300, float("nan"),
        float("inf"), float("-inf"), [], [1, 2], {}, {"1": 2}, deep, ObjectId(b"x" * 12),
        Regex("a", "i"), Code("x"), Code("x", {"a": 1}), Timestamp(1, 2), Decimal128("7"),
        Decimal128("7.5"), Decimal128("7.00"), Decimal128("NaN"), MinKey(), MaxKey(), Binary(b"x" * 1000, 5), "x" * 10000, {"12": -1}, {"12": float("nan")},
        {"name": 1}, {"": 1}, {"12.5": 1}, {"$12": 1}, {"12": {"12": 1}}, {"9" * 30: 1},
        {"18446744073709551615": 1}, {"18446744073709551616": 1}, {"007": 1, "7": 2}, {"12\n": 1},
        datetime.datetime(2026, 1, 1), datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59),
    ]
    ends = [-(2**63), 2**63 - 1, -1, 0, 253402300799999, 253402300800000, 1]
    documents = []
    for number in range(int(count)):
        document = window(random, number, datetime.datetime(2026, 1, 1, tzinfo=UTC), 10)
        document = {"_id": number, **document}
        for _ in range(random.below(3)):
            fields = ["time", "since", "online-members", "messages-sent", "quantities", "other"]
            field = fields[random.below(6)]
            if random.below(6) == 0:
                document.pop(field, None)
            else:
                document[field] = values[random.below(len(values))]
        raw = bytearray(encode(document))
        kind = random.below(12)
        if kind == 0 and b"\x09time\x00" in raw:
            at = raw.index(b"\x09time\x00") + 6
            raw[at : at + 8] = ends[random.below(len(ends))].to_bytes(8, "little", signed=True)
        elif kind == 1:
            # Broken UTF-8 in a key or a text.
            for digit in (b"1000000", b"text"):
                if digit in raw:
                    raw[raw.index(digit)] = 0xFF
        documents.append(RawBSONDocument(bytes(raw)))
    collection = client[database]["activitydata"]
    for first in range(0, len(documents), 1000):
        batch = documents[first : first + 1000]
        try:
            collection.insert_many(batch, ordered=False)
        except pymongo.errors.BulkWriteError:
            pass
    print(collection.count_documents({}))


def disorder(database, count):
    """Windows stored in falling order of their _id, below all that are there."""
    random = Random(5)
    begin = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    documents = [window(random, n, begin, 10) for n in range(int(count))]
    for number, document in enumerate(documents):
        document["_id"] = ObjectId((int(count) - number).to_bytes(12, "big"))
    client[database]["activitydata"].insert_many(documents)


def empty(database, collection):
    client[database][collection].delete_many({})


def replica_set(*ports):
    members = [{"_id": n, "host": f"127.0.0.1:{port}"} for n, port in enumerate(ports)]
    client.admin.command("replSetInitiate", {"_id": "rs", "members": members})
    names = pymongo.MongoClient([f"127.0.0.1:{port}" for port in ports], replicaSet="rs")
    for _ in range(200):
        states = [m["stateStr"] for m in client.admin.command("replSetGetStatus")["members"]]
        if sorted(states) == ["PRIMARY", "SECONDARY", "SECONDARY"]:
            break
        time.sleep(0.1)
    host, port = names.primary or (None, None)
    while port is None:
        names.admin.command("ping")
        host, port = names.primary or (None, None)
    print(port)


def user(name, password):
    client.admin.command("createUser", name, pwd=password, roles=["readAnyDatabase"])


def traffic():
    """Which compression the server has used."""
    print(json.dumps(client.admin.command("serverStatus")["network"]["compression"]["zstd"]))


{name: value for name, value in globals().items() if callable(value)}[command](*arguments)
