"""exporter.py FOLDER SEED: random messages in folders of DiscordChatExporter's files, and
what pandas counts in them, as JSON lines."""

import datetime
import json
import pathlib
import sys

import numpy
import pandas

folder, rng = pathlib.Path(sys.argv[1]), numpy.random.default_rng(int(sys.argv[2]))

EPOCH, WINDOW, HOUR = 1_420_070_400_000, 600_000, 3_600_000
GUILD = {"id": "81384788765712384", "name": "Gäste & \u0001Freunde"}
# Kinds of messages: those that count, and others, of which some have only numbers.
COUNTED, OTHERS = ["Default", "Default", "Reply", "0", "19"], ["GuildMemberJoin", "ChannelPinnedMessage", "20", "24"]
HOSTILE = ['"messages": [', "}]}", "\\", '"', "{\n", "\u2028", "🙂", 'x", "id": "1']


def snowflake(time):
    return int(time - EPOCH) << 22 | int(rng.integers(1 << 22))


def moment(time):
    """A time in a zone of the exporting machine's, with seven digits as .NET writes."""
    if time is None:
        return None
    zone = datetime.timezone(datetime.timedelta(minutes=int(rng.choice([0, 120, -210, 345]))))
    shown = datetime.datetime.fromtimestamp(time // 1000, zone)
    return shown.strftime("%Y-%m-%dT%H:%M:%S") + f".{time % 1000:03}0000" + shown.isoformat()[-6:]


def message(time, people):
    author = people[rng.integers(len(people))]
    kind = rng.choice(COUNTED if rng.random() < 0.9 else OTHERS)
    hostile = [str(text) for text in rng.choice(HOSTILE, rng.integers(4))]
    mentioned = people[rng.integers(len(people))]
    return {
        "id": str(snowflake(time)), "type": str(kind), "timestamp": moment(time), "timestampEdited": None,
        "callEndedTimestamp": None, "isPinned": False, "content": "".join(hostile) * int(rng.integers(3)), "author": author,
        "attachments": [{"id": "1", "url": "".join(hostile), "author": {"id": "2"}}] * int(rng.integers(2)),
        "embeds": [{"title": "messageCount", "fields": [{"name": text} for text in hostile]}], "stickers": [],
        "reactions": [{"emoji": {"id": "", "name": "👍"}, "count": 1, "users": [mentioned]}],
        "mentions": [mentioned], "inlineEmojis": [],
    }


def person(number):
    bot = number % 7 == 6
    name = f"name {number}" if number % 5 else " \u200b"
    return {
        "id": str(snowflake(EPOCH + number * HOUR)), "name": f"user{number}", "discriminator": "0000", "nickname": name,
        "color": None, "isBot": bot, "roles": [{"id": "1", "name": "id", "color": None, "position": 1}], "avatarUrl": "https://…",
    }


def write(path, channel, messages, after=None, before=None, exported=None, count=True, cut=False):
    head = {
        "guild": GUILD,
        "channel": {"id": str(channel), "type": "GuildTextChat", "category": "messages", "name": path.stem, "topic": '"messages":'},
        "dateRange": {"after": moment(after), "before": moment(before)},
    }
    if exported is not None:
        head["exportedAt"] = moment(exported)
    head["messages"] = messages
    if count:
        head["messageCount"] = len(messages)
    text = json.dumps(head, ensure_ascii=False, indent=2 if rng.random() < 0.7 else None)
    if cut:
        # Within the last message, as a disk that is full does.
        text = text[: text.rindex('"id": "%s"' % messages[-1]["id"]) + int(rng.integers(2, 300))]
    path.write_text(text, encoding="utf-8", newline="\n")


def is_covered(covers, made, begin, end):
    """Whether all of a window is covered: before it was made, a channel is silent."""
    merged = [[-(2**62), made]]
    for one in sorted(covers):
        if one[0] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], one[1])
        else:
            merged.append(list(one))
    return any(one[0] <= begin and end <= one[1] for one in merged)


for number in range(18):
    root = folder / str(number)
    root.mkdir()
    origin = 1_700_000_000_000 + int(rng.integers(HOUR * 1000))
    people = [person(int(n)) for n in rng.choice(40, 12, replace=False)]
    channels, written, cut_off = {}, [], []
    is_old = number % 6 == 5
    for place in range(rng.integers(1, 5)):
        made = origin + int(rng.integers(20 * HOUR)) * (place > 0)
        channel = snowflake(made)
        until = origin + 40 * HOUR + int(rng.integers(3 * HOUR))
        times = numpy.sort(rng.integers(made, until, rng.integers(1, 400)))
        messages = sorted((message(int(time), people) for time in times), key=lambda one: int(one["id"]))
        of = lambda begin, end: [one for one in messages if begin <= (int(one["id"]) >> 22) + EPOCH < end]
        name = f"Server - chat {place} [{channel}]"
        exported = None if is_old else until
        own = {"count": not (is_old and rng.random() < 0.5)}
        covers = channels.setdefault((channel, made), [])
        kind = rng.choice(["whole", "range", "twice", "parts", "cut", "reverse", "hole"])
        if kind == "range":
            after, before = made + int(rng.integers(-HOUR, 9 * HOUR)), until - int(rng.integers(9 * HOUR))
            files = [(name, of(after, before), {"after": after, "before": before})]
            covers.append((after, before))
        elif kind == "twice":
            seam, back = made + int(rng.integers((until - made) // 2, until - made)), int(rng.integers(-HOUR, 5 * HOUR))
            files = [(name, of(0, seam), {"before": seam}), (f"{name} (after)", of(seam - back, until), {"after": seam - back})]
            covers += [(made, seam), (seam - back, None)]
        elif kind in ("parts", "hole"):
            size = max(1, len(messages) // int(rng.integers(2, 13)))
            parts = [messages[at : at + size] for at in range(0, len(messages), size)]
            lost = int(rng.integers(len(parts) - 1)) + 1 if kind == "hole" and len(parts) > 2 else None
            lost = None if lost == len(parts) - 1 else lost
            at, files = made, []
            for index, part in enumerate(parts):
                low, high = ((int(part[side]["id"]) >> 22) + EPOCH for side in (0, -1))
                if index != lost:
                    # A part says when it was begun itself: what came after its first isn't there.
                    late = {} if is_old else {"exported": until + index * HOUR}
                    files.append((name + f" [part {index + 1}]" * (index > 0), part, late))
                    covers.append((low if index - 1 == lost else at, None if index == len(parts) - 1 else high))
                at = high
        elif kind == "cut" and len(messages) > 1:
            files = [(name, messages, {"cut": True})]
            covers.append((made, (int(messages[-2]["id"]) >> 22) + EPOCH))
            cut_off.append(name + ".json")
            messages = messages[:-1]
        else:
            files = [(name, messages[::-1] if kind == "reverse" else messages, {})]
            covers.append((made, None))
        for stem, part, more in files:
            write(root / f"{stem}.json", channel, part, **({"exported": exported} | own | more))
            part = part[:-1] if more.get("cut") else part
            written += [(channel, one) for one in part]
        covers[:] = [(begin, exported if end is None else end) for begin, end in covers]
    last = max((int(one["id"]) >> 22) + EPOCH for _, one in written)
    for covers in channels.values():
        covers[:] = [(begin, last if end is None else end) for begin, end in covers]
    (root / "notes.txt").write_text("These are exports.")
    (root / "windows.json").write_text('{"time": {"$date": "2024-01-01T00:00:00Z"}, "messages": []}')
    (root / "chat_Files").mkdir()

    frame = pandas.DataFrame({
        "id": [one["id"] for _, one in written],
        "channel": [str(channel) for channel, _ in written],
        "author": [one["author"]["id"] for _, one in written],
        "counts": [one["type"] in COUNTED and not one["author"]["isBot"] for _, one in written],
    }).drop_duplicates("id")
    frame = frame[frame["counts"]]
    frame["window"] = (frame["id"].astype("int64") // (1 << 22) + EPOCH) // WINDOW
    first = min(made for _, made in channels) // WINDOW
    record = [
        window for window in range(first, last // WINDOW + 30)
        if all(is_covered(covers, made, window * WINDOW, (window + 1) * WINDOW) for (_, made), covers in channels.items())
        and window * WINDOW < max(end for covers in channels.values() for _, end in covers)
    ]
    inside = frame[frame["window"].isin(record)]
    by = lambda column: [
        inside[inside["window"] == window].groupby(column).size().sort_index().to_dict() for window in record
    ]
    print(json.dumps({
        "path": str(root),
        "ends": [(window + 1) * WINDOW for window in record],
        "messages": inside.groupby("window").size().reindex(record, fill_value=0).tolist(),
        "members": by("author"),
        "channels": by("channel"),
        "left out": len(frame) - len(inside),
        "files": len(list(root.glob("Server*.json"))),
        "cut off": sorted(cut_off),
        "names": {one["id"]: one["nickname"] if one["nickname"].strip(" \u200b") else one["name"] for one in people},
    }))
