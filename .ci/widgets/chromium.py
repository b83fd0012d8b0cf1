"""Frames one widget under many header sets in headless Chromium and compares what the browser did with our verdict.

    python3 chromium.py CHROMIUM CONFORMANCE_BINARY

The embedding page and the widget are served from one loopback port under two host names. A frame that is shown fetches an image;
one that runs scripts fetches a second one that tells its origin. Both delay the frame's load event, so when that event fires the
server knows the outcome; nothing here waits for a time to pass.
"""

import http.server
import itertools
import json
import subprocess
import sys
import tempfile
import threading
import urllib.parse

APPS, WIDGET = "apps.example.test", "cdn.widget.test"
LIMIT_SECONDS = 240
IMAGE = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'


def make_cases(port):
    apps = f"http://{APPS}:{port}"
    ancestors = [
        None, "'none'", "'self'", "*", "http:", "https:", apps, APPS, f"{APPS}:{port}", f"{APPS}:*", f"http://*.example.test:{port}", f"*.{APPS}:*",
        f"'self' {apps}", apps.upper().replace("HTTP", "http"), f"{apps}/some/path", f"https://{APPS}:{port}", f"http://other.test:{port}", f"{apps} https://x.test", "",
        [apps, "*"], [apps, "'self'"],
    ]
    options = [
        [], ["DENY"], ["SAMEORIGIN"], [f"ALLOW-FROM {apps}"], ["SAMEORIGIN", "DENY"], ["deny, DENY"], ["ALLOWALL"], ["nonsense"], ["SAMEORIGIN", "nonsense"],
    ]
    attributes = [None, "", "allow-scripts", "allow-scripts allow-same-origin", "allow-same-origin allow-forms", "ALLOW-SCRIPTS"]
    directives = [None, "sandbox", "sandbox allow-scripts", "sandbox allow-scripts allow-same-origin"]
    restrictions = list(itertools.product(attributes, directives))
    combinations = [(ancestor, option, *restrictions[index % len(restrictions)]) for index, (ancestor, option) in enumerate(itertools.product(ancestors, options))]
    # Every pair of restrictions on a frame that is shown, whatever the rotation above left out.
    combinations += [(apps, [], *pair) for pair in restrictions]
    cases = []
    for ancestor, option, attribute, directive in combinations:
        sources = ancestor if isinstance(ancestor, list) else [ancestor]
        policies = [f"frame-ancestors {source}".strip() for source in sources if source is not None] + ([directive] if directive else [])
        # Two ways to send several policies: one header with commas, or several headers.
        joined = [", ".join(policies)] if policies and len(cases) % 2 else policies
        headers = [["Content-Security-Policy", policy] for policy in joined] + [["X-Frame-Options", value] for value in option]
        cases.append({"headers": headers, "sandbox": attribute, "widget": f"http://{WIDGET}:{port}", "ancestors": [apps]})
    return cases


class Handler(http.server.BaseHTTPRequestHandler):
    cases, seen, done = [], {}, threading.Event()

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path).path.strip("/").split("/")
        match parts:
            case ["run"]:
                self.answer(self.page(), "text/html")
            case ["widget", index]:
                # `document.write` keeps the second image in the way of the load event.
                body = f"<!doctype html><img src='/shown/{index}'><script>document.write('<img src=\"/script/{index}/' + encodeURIComponent(self.origin) + '\">')</script>"
                self.answer(body.encode(), "text/html", self.cases[int(index)]["headers"])
            case ["shown", index]:
                self.seen.setdefault(int(index), {})["shown"] = True
                self.answer(IMAGE, "image/svg+xml")
            case ["script", index, origin]:
                self.seen.setdefault(int(index), {})["origin"] = urllib.parse.unquote(origin)
                self.answer(IMAGE, "image/svg+xml")
            case ["done"]:
                self.answer(b"", "text/plain")
                self.done.set()
            case _:
                self.send_error(404)

    def page(self):
        port = self.server.server_address[1]
        sandboxes = json.dumps([case["sandbox"] for case in self.cases])
        return f"""<!doctype html><body><script>
          const sandboxes = {sandboxes};
          (async () => {{
            for (const [index, sandbox] of sandboxes.entries()) {{
              const frame = document.createElement('iframe');
              if (sandbox !== null) frame.setAttribute('sandbox', sandbox);
              frame.src = 'http://{WIDGET}:{port}/widget/' + index;
              const loaded = new Promise(resolve => frame.addEventListener('load', resolve));
              document.body.append(frame);
              await loaded;
              frame.remove();
            }}
            await fetch('/done');
          }})();
        </script>""".encode()

    def answer(self, body, kind, headers=()):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def observe(chromium, port):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server", f"--user-data-dir={profile}",
            "--host-resolver-rules=MAP * 127.0.0.1", "--remote-debugging-port=0", f"http://{APPS}:{port}/run",
        ]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return Handler.done.wait(LIMIT_SECONDS)
        finally:
            browser.terminate()
            try:
                browser.wait(20)
            except subprocess.TimeoutExpired:
                browser.kill()
                browser.wait()


def main():
    chromium, conformance = sys.argv[1:]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    Handler.cases = make_cases(port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    version = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    finished = observe(chromium, port)
    server.shutdown()
    if not finished:
        sys.exit(f"error: the browser had loaded {len(Handler.seen)} of {len(Handler.cases)} frames after {LIMIT_SECONDS} s")

    lines = "".join(json.dumps(case) + "\n" for case in Handler.cases)
    ours = subprocess.run([conformance, "framing"], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    disagreements, shown, scripted = 0, 0, 0
    for index, (case, line) in enumerate(zip(Handler.cases, ours, strict=True)):
        seen = Handler.seen.get(index, {})
        if seen.get("shown"):
            origin = seen.get("origin")
            browser = {"shown": True, "scripts": origin is not None, "own_origin": None if origin is None else origin == case["widget"]}
            shown, scripted = shown + 1, scripted + (origin is not None)
        else:
            browser = {"shown": False}
        if json.loads(line) != browser:
            disagreements += 1
            print(f"disagreement: {json.dumps(case)}\n    browser {json.dumps(browser)}\n    ours    {line}")
    total = len(Handler.cases)
    print(f"chromium: {version}: {total} combinations, {shown} shown ({scripted} with scripts), {total - shown} blocked, {disagreements} disagreements")
    # A browser that shows everything, or nothing, would prove nothing.
    sys.exit(0 if disagreements == 0 and total >= 60 and 20 <= shown <= total - 20 and 20 <= scripted < shown else 1)


main()
