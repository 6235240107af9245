"""The table of scripts/bench. Each row: a piece of work, its floor, the ratio of their medians."""

import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS = sys.argv[1]
RECORDS = int(sys.argv[2]) if len(sys.argv) > 2 else 50_000
RUNS = 9
FIRST = 10_000
HOME = tempfile.mkdtemp(prefix="dossier-bench.")
DOSSIER = os.path.join(PROGRAMS, "dossier")
SERVER = os.path.join(PROGRAMS, "dossier-server")
rows = []


def run(*command, text=None, check=True):
    started = time.perf_counter()
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    elapsed = time.perf_counter() - started
    if check and done.returncode != 0:
        sys.exit(f"{' '.join(command[:6])}: {done.returncode}\n{done.stderr[:2000]}")
    return elapsed, done.stdout


def dossier(store, *words, **options):
    return run(DOSSIER, "--store", os.path.join(HOME, store), *words, **options)


def sqlite(database, sql):
    return run("sqlite3", os.path.join(HOME, database), text=sql)


def row(name, work, floor_name, floor, target, runs=RUNS):
    """Runs work and floor in turn and keeps the medians."""
    for thing in (work, floor):
        if thing:
            thing()
    mine, base = [], []
    for _ in range(runs):
        mine.append(work()[0])
        if floor:
            base.append(floor()[0])
    median = statistics.median(mine)
    if floor:
        bottom = statistics.median(base)
        rows.append((name, f"{median * 1000:.1f} ms", floor_name, f"{bottom * 1000:.1f} ms", f"{median / bottom:.2f}", target))
    else:
        rows.append((name, f"{median * 1000:.1f} ms", floor_name, "", "", target))


WORDS = ("data trust council memorandum online safety quantum semiconductors spectrum declaration ministry draft "
         "agenda standards cyber connectivity platform summit working group partner text review open third "
         "article proposal").split()


def sentence(dice):
    return " ".join(dice.choice(WORDS) for _ in range(12))


def lines(count, seed):
    """Partnerships, parties, notes and actions as an import has them, and the same as plain rows."""
    dice = random.Random(seed)
    out, plain = [], []
    for number in range(count):
        day = f"20{dice.randrange(10, 27)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
        if number % 100 == 0:
            out.append({"type": "partnership", "slug": f"p{seed}-{number}", "name": sentence(dice)[:40], "kind": "dialogue", "status": "ongoing", "start": day})
        elif number % 100 == 1:
            out.append({"type": "party", "slug": f"y{seed}-{number}", "name": sentence(dice)[:30], "kind": "government"})
        elif number % 3 == 0:
            out.append({"type": "action", "id": f"a{seed}-{number}", "text": sentence(dice), "due": day, "owners": [f"y{seed}-{number // 100 * 100 + 1}"], "partnership": f"p{seed}-{number // 100 * 100}", "modality": "commitment"})
        else:
            out.append({"type": "note", "id": f"n{seed}-{number}", "kind": "note", "text": sentence(dice), "when": day, "partnership": f"p{seed}-{number // 100 * 100}"})
        record = out[-1]
        plain.append((record["type"], record.get("slug") or record["id"], record.get("name") or record.get("text"), day, record.get("kind", ""), record.get("partnership", "")))
    return "\n".join(json.dumps(item) for item in out) + "\n", plain


def quoted(value):
    return "'" + value.replace("'", "''") + "'"


def inserts(plain, table="plain"):
    return "".join(f"INSERT INTO {table} VALUES ({', '.join(quoted(v) for v in item)});\n" for item in plain)


SCHEMA = "CREATE TABLE plain (type TEXT, slug TEXT, words TEXT, day TEXT, kind TEXT, place TEXT);\n"
INDEXED = SCHEMA + "CREATE INDEX plain_list ON plain (type, day);\nCREATE VIRTUAL TABLE search USING fts5 (words);\n"


def reading(store, database, count):
    """A list and a search, of a store and of the plain rows."""
    listing = "SELECT rowid, day, words FROM plain WHERE type = 'note' ORDER BY day LIMIT 50;"
    row(f"list of 50, {count:,} records", lambda: dossier(store, "notes", "--limit", "50"), "sqlite3: the same query", lambda: sqlite(database, listing), "≤ 2")
    finding = "SELECT rowid, snippet(search, -1, '«', '»', '…', 12) FROM search WHERE search MATCH '\"quantum\"* AND \"agenda\"*' ORDER BY rank LIMIT 50;"
    row(f"full text, {count:,} records", lambda: dossier(store, "find", "quantum", "agenda"), "sqlite3: the same query", lambda: sqlite(database, finding), "≤ 2")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    print(f"{RECORDS:,} records; {RUNS} runs each, in turn; medians", file=sys.stderr)
    text, plain = lines(RECORDS, 1)
    big = os.path.join(HOME, "big.jsonl")
    with open(big, "w") as file:
        file.write(text)
    dossier("big", "init", "--name", "ann")
    elapsed, _ = dossier("big", "import", big)
    sqlite("plain.db", INDEXED + "BEGIN;\n" + inserts(plain) + "INSERT INTO search (rowid, words) SELECT rowid, words FROM plain;\nCOMMIT;")

    row("start: dossier --version", lambda: run(DOSSIER, "--version"), "sqlite3 --version", lambda: run("sqlite3", "--version"), "")
    one = "PRAGMA synchronous = EXTRA; INSERT INTO plain VALUES ('note', 'n', 'some words of a note', '2026-01-01', 'note', 'p');"
    row(f"one note, cold, {RECORDS:,} records", lambda: dossier("big", "note", "some words of a note", "-p", "p1-0"), "sqlite3: insert one row", lambda: sqlite("plain.db", one), "≤ 2.0")
    dossier("small", "init", "--name", "ann")
    dossier("small", "new", "partnership", "P", "--slug", "p1-0")
    row("one note, cold, empty store", lambda: dossier("small", "note", "some words of a note", "-p", "p1-0"), "the same in the large store", lambda: dossier("big", "note", "some words of a note", "-p", "p1-0"), "flat")

    part, part_plain = lines(10_000, 2)
    with open(os.path.join(HOME, "part.jsonl"), "w") as file:
        file.write(part)

    def imported():
        shutil.rmtree(os.path.join(HOME, "import"), ignore_errors=True)
        dossier("import", "init", "--name", "ann")
        return dossier("import", "import", os.path.join(HOME, "part.jsonl"))

    def loaded():
        if os.path.exists(os.path.join(HOME, "load.db")):
            os.remove(os.path.join(HOME, "load.db"))
        return sqlite("load.db", SCHEMA + "BEGIN;\n" + inserts(part_plain) + "COMMIT;")

    row("import of 10,000 records", imported, "sqlite3: load the plain rows", loaded, "≤ 4", runs=5)

    sqlite("plain10.db", INDEXED + "BEGIN;\n" + inserts(part_plain) + "INSERT INTO search (rowid, words) SELECT rowid, words FROM plain;\nCOMMIT;")
    reading("import", "plain10.db", 10_000)
    reading("big", "plain.db", RECORDS)
    for name, store in ((f"{RECORDS:,}", "big"), ("10,000", "import")):
        row(f"overdue, {name} records", lambda: dossier(store, "overdue"), "", None, "", runs=3)
        row(f"dossier alone, {name} records", lambda: dossier(store), "", None, "", runs=3)
        row(f"completion of a name, {name} records", lambda: dossier(store, "complete", "--", "show", "a"), "", None, "≤ 50 ms", runs=5)

    size = os.path.getsize(os.path.join(HOME, "big", "dossier.db"))
    sqlite("rows.db", SCHEMA + "BEGIN;\n" + inserts(plain) + "COMMIT;")
    bare = os.path.getsize(os.path.join(HOME, "rows.db"))
    rows.append(("log and state on disk", f"{size / 1e6:.1f} MB", "the plain rows", f"{bare / 1e6:.1f} MB", f"{size / bare:.2f}", "≤ 2.5"))

    synced()
    print(f"import of {RECORDS:,} records: {elapsed:.2f} s", file=sys.stderr)
    widths = [max(len(str(item[column])) for item in rows + [HEAD]) for column in range(6)]
    for item in [HEAD] + rows:
        print("| " + " | ".join(str(value).ljust(width) for value, width in zip(item, widths)) + " |")
        if item is HEAD:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


HEAD = ("work", "median", "floor", "median", "ratio", "target")


def synced():
    """What goes over HTTP, against bare exchanges by curl with the same server."""
    port = free_port()
    data = os.path.join(HOME, "server")
    address = f"http://127.0.0.1:{port}"
    _, code = run(SERVER, "init", data, "--workspace", "w", "--user", "ann", "--address", address)
    codes = [code.strip().splitlines()[-1]]
    for _ in range(52):
        _, code = run(SERVER, "user", "invite", "ann", "--data", data)
        codes.append(code.strip().splitlines()[-1])
    server = subprocess.Popen([SERVER, "serve", "--data", data, "--listen", f"127.0.0.1:{port}", "--port-file", os.path.join(HOME, "port")], stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(os.path.join(HOME, "port")):
            time.sleep(0.05)
        dossier("a", "join", codes[0])
        dossier("b", "join", codes[1])
        dossier("a", "sync")
        ping = ("curl", "-s", "-o", os.devnull, address + "/health")
        row("sync with nothing new", lambda: dossier("a", "sync"), "curl: one exchange", lambda: run(*ping), "≤ 1.5")
        rows.append(("  its CPU", f"{children_cpu(lambda: [dossier('a', 'sync') for _ in range(20)]) / 20 * 1000:.1f} ms", "", "", "", "≤ 10 ms"))

        def there():
            dossier("a", "note", "a word for b")
            first, _ = dossier("a", "sync")
            second, _ = dossier("b", "sync")
            return first + second, ""

        def twice():
            return run(*ping)[0] + run(*ping)[0], ""

        row("one change, a to b, both syncs", there, "curl: two exchanges", twice, "≤ 2")
        one_field(data)
        fifty(codes[2:52], server.pid)
        first_sync(codes[52])
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def one_field(data):
    """The bytes of a changeset that changes one field, beyond the field's own."""
    dossier("a", "new", "partnership", "Q", "--slug", "q")
    dossier("a", "sync")
    before = json.loads(run(SERVER, "stats", "--data", data, "--json")[1])
    dossier("a", "set", "q", "status=" + "x" * 100)
    dossier("a", "sync")
    after = json.loads(run(SERVER, "stats", "--data", data, "--json")[1])
    more = total(after) - total(before) - 100
    rows.append(("one changed field on the wire", f"{more} bytes more", "its own bytes", "100 bytes", "", "≤ 450"))


def total(stats):
    return sum(space["bytes"] for space in (stats if isinstance(stats, list) else stats["workspaces"]))


def fifty(codes, server):
    """50 devices with 10 changes each, all at once."""
    stores = [f"d{number}" for number in range(50)]
    for store, code in zip(stores, codes):
        dossier(store, "join", code)
    for store in stores:
        for number in range(10):
            dossier(store, "note", f"word {number}")
    before = cpu(server)
    started = time.perf_counter()
    waiting = [subprocess.Popen([DOSSIER, "--store", os.path.join(HOME, store), "sync"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for store in stores]
    failed = sum(process.wait() != 0 for process in waiting)
    elapsed = time.perf_counter() - started
    rows.append(("50 devices × 10 changes at once", f"{elapsed:.2f} s", f"failed: {failed}; server CPU {cpu(server) - before:.2f} s", "", "", "≤ 2 s; 0.3 s"))


def first_sync(code):
    """All the records of the large store, to a device that has nothing."""
    text, plain = lines(FIRST, 3)
    with open(os.path.join(HOME, "first.jsonl"), "w") as file:
        file.write(text)
    dossier("a", "import", os.path.join(HOME, "first.jsonl"))
    dossier("a", "sync")

    def loaded():
        if os.path.exists(os.path.join(HOME, "load.db")):
            os.remove(os.path.join(HOME, "load.db"))
        return sqlite("load.db", INDEXED + "BEGIN;\n" + inserts(plain) + "INSERT INTO search (rowid, words) SELECT rowid, words FROM plain;\nCOMMIT;")

    elapsed, _ = dossier("new", "join", code)
    bottom = statistics.median(loaded()[0] for _ in range(3))
    rows.append((f"first sync of {FIRST:,} records", f"{elapsed * 1000:.0f} ms", "sqlite3: load them, with FTS5", f"{bottom * 1000:.0f} ms", f"{elapsed / bottom:.2f}", "≤ 1"))


def children_cpu(work):
    """Seconds of processor time of the processes that work starts."""
    before = os.times()
    work()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def cpu(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


try:
    main()
finally:
    shutil.rmtree(HOME, ignore_errors=True)
