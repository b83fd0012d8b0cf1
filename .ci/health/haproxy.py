"""The health rules against HAProxy.

One HAProxy has a server for each script. All of them are the same HTTP server here, which answers the n-th check of a script with
the script's n-th result. HAProxy logs each check that changes a server's health and each change of state; our program is fed
with the same results. Both sequences have to be the same, line by line: progress ("2/3"), state, and their order. HAProxy's own
count of a server's failures (`show stat`) and the time between checks are compared, too.

Then our program runs with wrong settings, which has to be noticed.
"""

import asyncio
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time

INTER, FAST, DOWN = 400, 200, 800  # ms, far enough apart to be told from each other on a busy machine
LIMIT = 150  # s
# The ways of failing and passing. None: the connection is closed without an answer.
FAILED = [503, 500, 302, 429, None]
PASSED = [200, 204]
STATES = {"UP": "up", "DOWN": "down", "stopping": "degraded"}
LOG = re.compile(
    r"Health check for server (\d+)/s .*, status: (\d+/\d+) (?:UP|DOWN|DRAIN)\.$|Server (\d+)/s is (UP|DOWN|stopping)\b"
)


def scripts(draw):
    """(rise, fall, results): what stands on the border of each pair of settings, and random ones."""
    made = []
    for rise in range(1, 5):
        for fall in range(1, 5):
            edges = [
                "F" * fall + "P" * rise,
                "P" + "F" * (fall - 1) + "P" + "F" * fall,
                "F" * fall + "P" * (rise - 1) + "F" + "P" * rise,
                "PD" + "F" * (fall - 1) + "D" + "F" * fall + "D" * (rise + 1) + "P" * rise + "D",
                "D" * 2 + "P" + "F" * fall + "PD" * rise,
            ]
            for number in range(10):
                letters = "PF" if number < 5 else "PFD"
                sticks = draw.choice([0.2, 0.5, 0.8])
                results = draw.choice(letters)
                while len(results) < 24:
                    results += results[-1] if draw.random() < sticks else draw.choice(letters)
                edges.append(results)
            # With the last result again and again nothing changes any more: it does not matter which check was the last.
            made += [(rise, fall, results + results[-1] * (rise + fall + 1)) for results in edges]
    return made


class Server:
    """Answers checks by script, and notes when."""

    def __init__(self, results, draw):
        self.results = results
        self.served = [0] * len(results)
        self.gaps = [[] for _ in results]
        self.answered = [None] * len(results)
        self.draw = draw
        self.done = asyncio.Event()
        self.open = len(results)

    async def handle(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            arrived = time.monotonic()
            index = int(head.split()[1][1:])
            number, script = self.served[index], self.results[index]
            self.served[index] += 1
            if self.answered[index] is not None and number < len(script):
                self.gaps[index].append((arrived - self.answered[index]) * 1000)
            result = script[min(number, len(script) - 1)]
            status = {"P": self.draw.choice(PASSED), "D": 404, "F": self.draw.choice(FAILED)}[result]
            if status is not None:
                writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            self.answered[index] = time.monotonic()
            # One check more than the script has: the last one was judged then.
            if number == len(script):
                self.open -= 1
                if self.open == 0:
                    self.done.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def configuration(cases, port, folder):
    lines = [
        "global",
        "    log stdout format raw local0",
        f"    stats socket {folder}/stats mode 600",
        "    nbthread 1",
        "defaults",
        "    mode http",
        "    log global",
        "    option log-health-checks",
        "    timeout connect 30s",
        "    timeout client 30s",
        "    timeout server 30s",
        "    timeout check 30s",
    ]
    for index, (rise, fall, _) in enumerate(cases):
        lines += [
            f"backend {index}",
            f"    option httpchk GET /{index}",
            "    http-check expect status 200-299",
            "    http-check disable-on-404",
            f"    server s 127.0.0.1:{port} check rise {rise} fall {fall} inter {INTER}ms fastinter {FAST}ms downinter {DOWN}ms",
        ]
    return "\n".join(lines) + "\n"


def ask(path, command):
    with socket.socket(socket.AF_UNIX) as stats:
        stats.settimeout(10)
        stats.connect(path)
        stats.sendall(command.encode() + b"\n")
        answer = b""
        while part := stats.recv(65536):
            answer += part
    return answer.decode()


async def drive(haproxy, cases, draw, folder):
    """Runs all scripts through HAProxy: the log's lines, the statistics and the gaps between checks."""
    server = Server([results for _, _, results in cases], draw)
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0, backlog=1024)
    port = listener.sockets[0].getsockname()[1]
    config, log = f"{folder}/haproxy.cfg", f"{folder}/log"
    with open(config, "w", encoding="utf-8") as file:
        file.write(configuration(cases, port, folder))
    # A log in a file loses nothing.
    with open(log, "wb") as output, open(f"{folder}/errors", "wb") as errors:
        process = subprocess.Popen([haproxy, "-db", "-f", config], stdout=output, stderr=errors)
    try:
        waiting = asyncio.create_task(server.done.wait())
        begun = time.monotonic()
        while not waiting.done():
            await asyncio.wait([waiting], timeout=0.5)
            if process.poll() is not None:
                with open(f"{folder}/errors", encoding="utf-8") as file:
                    sys.exit(f"error: haproxy ended with {process.returncode}\n{file.read()}")
            if time.monotonic() - begun > LIMIT:
                left = sum(1 for index, results in enumerate(server.results) if server.served[index] <= len(results))
                sys.exit(f"error: {left} scripts were not over after {LIMIT} s")
        stats = ask(f"{folder}/stats", "show stat -1 4 -1")
    finally:
        process.terminate()
        process.wait()
        listener.close()
    with open(log, encoding="utf-8") as file:
        return file.read().splitlines(), stats, server.gaps


def theirs(lines, count):
    """The events of each script, from the log."""
    events = [[] for _ in range(count)]
    for line in lines:
        if match := LOG.match(line):
            if match[1]:
                events[int(match[1])].append(match[2])
            else:
                events[int(match[3])].append(STATES[match[4]])
    return [without_repeats(found) for found in events]


def without_repeats(events):
    """A check that leaves the progress as it is may be logged for another reason, such as a new status code."""
    kept, progress = [], None
    for event in events:
        if "/" in event:
            if event == progress:
                continue
            progress = event
        kept.append(event)
    return kept


def ours(program, cases, rise=0, fall=0, results=str):
    """The events and the waits of each script, from our program."""
    text = "".join(
        f"{index} {case[0] + rise} {case[1] + fall} {results(case[2])}\n" for index, case in enumerate(cases)
    )
    answer = subprocess.run(
        [program, "--intervals", str(INTER), str(FAST), str(DOWN)], input=text, capture_output=True, text=True, check=True
    )
    events, waits = [[] for _ in cases], [[] for _ in cases]
    before = ["up"] * len(cases)
    for line in answer.stdout.splitlines():
        index, progress, state, wait = line.split()
        index = int(index)
        events[index].append(progress)
        if state != before[index]:
            events[index].append(state)
        before[index] = state
        waits[index].append(int(wait))
    return [without_repeats(found) for found in events], waits


def start_of(case, events):
    """HAProxy logs what changes, we print every check: the progress before the first one is that of the start."""
    start = f"1/{case[1]}"
    return events[1:] if events and events[0] == start else events


def compare(cases, left, right):
    return [
        index
        for index, case in enumerate(cases)
        if start_of(case, left[index]) != start_of(case, right[index])
    ]


def main():
    haproxy, program = sys.argv[1:]
    seed = int(os.environ.get("HEALTH_SEED") or random.randrange(1 << 62))
    print(f"HEALTH_SEED={seed}")
    draw = random.Random(seed)
    cases = scripts(draw)
    version = subprocess.run([haproxy, "-v"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="haproxy-health") as folder:
        lines, stats, gaps = asyncio.run(drive(haproxy, cases, draw, folder))
    problems = []

    expected = theirs(lines, len(cases))
    mine, waits = ours(program, cases)
    for index in compare(cases, expected, mine):
        rise, fall, results = cases[index]
        problems.append(f"rise {rise} fall {fall} {results}\n  haproxy {expected[index]}\n  ours    {mine[index]}")

    # Its statistics, as a second witness: how often a server failed, and what it is now.
    header, *rows = [row.split(",") for row in stats.lstrip("# ").splitlines() if row]
    told = {row[header.index("pxname")]: row for row in rows}
    for index in range(len(cases)):
        row = told[str(index)]
        downs = mine[index].count("down")
        last = next((event for event in reversed(mine[index]) if "/" not in event), "up")
        status = {"UP": "up", "DOWN": "down", "NOLB": "degraded"}[row[header.index("status")].split()[0]]
        if (int(row[header.index("chkdown")]), status) != (downs, last):
            problems.append(f"statistics of {cases[index]}: {row[header.index('chkdown')]} {status}, ours {downs} {last}")

    # The gap after a check is the wait that we ask for, within what a busy machine adds.
    by_wait = {INTER: [], FAST: [], DOWN: []}
    for found, asked in zip(gaps, waits):
        for gap, wait in zip(found, asked):
            by_wait[wait].append(gap)
    for wait, found in by_wait.items():
        median = statistics.median(found) if found else 0
        print(f"wait {wait} ms: {len(found)} gaps, median {median:.0f} ms")
        if len(found) < 100 or not wait * 0.9 <= median <= wait * 1.4:
            problems.append(f"the gaps for {wait} ms are not that long")

    # A comparison that lets these pass would prove nothing.
    mutants = {
        "rise + 1": dict(rise=1),
        "fall + 1": dict(fall=1),
        "degraded is passed": dict(results=lambda results: results.replace("D", "P")),
        "degraded is failed": dict(results=lambda results: results.replace("D", "F")),
    }
    for name, wrong in mutants.items():
        found = len(compare(cases, expected, ours(program, cases, **wrong)[0]))
        print(f"with {name}: {found} scripts differ")
        if found < 20:
            problems.append(f"{name} is not noticed")

    changes = sum(1 for events in mine for event in events if "/" not in event)
    checks = sum(len(results) for _, _, results in cases)
    for problem in problems:
        print(f"error: {problem}")
    print(
        f"{version}: {len(cases)} scripts, {checks} checks, {changes} transitions in {time.monotonic() - begun:.0f} s, "
        f"{len(problems)} difference(s)"
    )
    if len(cases) < 200 or changes < 200:
        sys.exit("error: too few to prove anything")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
