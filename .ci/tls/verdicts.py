"""Certificates with planted faults, judged by OpenSSL and by us.    verdicts.py BINARY FOLDER [--list]"""

import base64
import datetime
import json
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

BINARY, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
LIST = "--list" in sys.argv[3:]
LIMIT_SECONDS, LEAST_CASES = 60, 40
NAME = "hooks.example.com"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY, HOUR, MINUTE = datetime.timedelta(days=1), datetime.timedelta(hours=1), datetime.timedelta(minutes=1)

# OpenSSL's errors in our words. 20 is told apart by 21: the server's certificate alone.
KINDS = {
    7: "badSignature", 9: "notYetValid", 10: "expired", 18: "selfSigned", 19: "unknownAuthority", 20: "unknownAuthority",
    25: "pathTooLong", 26: "wrongPurpose", 32: "notAnAuthority", 34: "criticalExtension", 47: "nameConstraint", 48: "nameConstraint",
    62: "wrongName", 64: "wrongName", 66: "weakKey", 67: "weakKey", 68: "weakSignature", 79: "notAnAuthority",
}

# Every certificate may be used at any security level here, so that the handshake itself refuses none; the client judges at
# level 2 (112 bits), which is what Debian sets for everybody.
(FOLDER / "tls.cnf").write_text(
    "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = any\n[any]\n"
    "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n"
)
ANY_LEVEL = {"OPENSSL_CONF": str(FOLDER / "tls.cnf"), "PATH": "/usr/local/bin:/usr/bin:/bin"}
LEVEL = "2"


def openssl(*arguments, **options):
    done = subprocess.run(["openssl", *arguments], capture_output=True, timeout=30, **options)
    if done.returncode:
        sys.exit(f"openssl {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')}")
    return done.stdout


class Certificate:
    """A certificate with its key, issued by another one or by itself."""

    count = 0

    def __init__(self, subject, issuer=None, extensions="", start=-30 * DAY, end=300 * DAY, key="ec:P-256", digest="sha256",
                 version1=False):
        Certificate.count += 1
        self.subject, self.issuer = subject, issuer
        self.start, self.end = NOW + start, NOW + end
        self.folder = FOLDER / f"{Certificate.count:03}"
        self.folder.mkdir()
        self.key, self.pem = self.folder / "key.pem", self.folder / "certificate.pem"
        kind, _, size = key.partition(":")
        options = {
            "ec": ["-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{size}"],
            "rsa": ["-newkey", f"rsa:{size}"],
            "ed25519": ["-newkey", "ed25519"],
        }[kind]
        request = self.folder / "request.pem"
        openssl("req", "-new", "-nodes", *options, "-keyout", self.key, "-subj", f"/CN={subject}", "-out", request,
                "-config", "/dev/null", env=ANY_LEVEL, stdin=subprocess.DEVNULL)
        if version1:
            openssl("x509", "-req", "-in", request, "-CA", issuer.pem, "-CAkey", issuer.key, "-days", "300", "-out", self.pem,
                    "-set_serial", str(Certificate.count))
            return
        configuration = self.folder / "ca.cnf"
        (self.folder / "index.txt").write_text("")
        configuration.write_text(
            f"[ca]\ndefault_ca = own\n[own]\ndatabase = {self.folder}/index.txt\nnew_certs_dir = {self.folder}\n"
            f"unique_subject = no\nrand_serial = yes\npolicy = any\nx509_extensions = extensions\n"
            f"[any]\ncommonName = supplied\n[extensions]\n{extensions}"
        )
        signer = ["-selfsign", "-keyfile", self.key] if issuer is None else ["-cert", issuer.pem, "-keyfile", issuer.key]
        padding = []
        if digest == "pss":
            digest, padding = "sha256", ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1"]
        openssl("ca", "-batch", "-notext", "-config", configuration, *signer, "-in", request, "-out", self.pem, "-md", digest,
                *padding, "-startdate", self.start.strftime("%Y%m%d%H%M%SZ"), "-enddate", self.end.strftime("%Y%m%d%H%M%SZ"),
                env=ANY_LEVEL)

    def forged(self):
        """The same with a last byte that is another one."""
        lines = self.pem.read_text().strip().splitlines()
        der = bytearray(base64.b64decode("".join(lines[1:-1])))
        der[-1] ^= 1
        text = base64.b64encode(bytes(der)).decode()
        self.pem.write_text("\n".join([lines[0], *re.findall(".{1,64}", text), lines[-1]]) + "\n")
        return self

    def dates(self):
        """First and last second, as OpenSSL reads them."""
        text = openssl("x509", "-in", self.pem, "-noout", "-startdate", "-enddate").decode()
        return [
            datetime.datetime.strptime(line.partition("=")[2], "%b %d %H:%M:%S %Y GMT").replace(tzinfo=datetime.timezone.utc)
            for line in text.split("\n")[:2]
        ]


IDENTIFIERS = "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n"


def authority(subject, issuer=None, constraints="critical, CA:true", usage="critical, keyCertSign, cRLSign", more="",
              identifiers=IDENTIFIERS, **options):
    extensions = identifiers + more
    if constraints:
        extensions += f"basicConstraints = {constraints}\n"
    if usage:
        extensions += f"keyUsage = {usage}\n"
    options.setdefault("start", -400 * DAY)
    options.setdefault("end", 4000 * DAY)
    return Certificate(subject, issuer, extensions, **options)


def server(issuer, names=f"DNS:{NAME}", usage="digitalSignature", purpose="serverAuth", constraints="CA:false", more="",
           identifiers=IDENTIFIERS, subject=NAME, **options):
    extensions = identifiers + more
    for name, value in [("subjectAltName", names), ("keyUsage", usage), ("extendedKeyUsage", purpose), ("basicConstraints", constraints)]:
        if value:
            extensions += f"{name} = {value}\n"
    return Certificate(subject, issuer, extensions, **options)


class Case:
    def __init__(self, name, leaf, chain=(), roots=(), host=NAME, rule=None, ours=None, serve=()):
        self.name, self.leaf, self.chain, self.roots, self.host = name, leaf, list(chain), list(roots), host
        # A lawful difference: what we say instead, and by which rule.
        self.rule, self.lawful, self.serve = rule, ours, list(serve)


def cases():
    root = authority("Root")
    middle = authority("Middle", root)
    lower = authority("Lower", middle)
    stranger = authority("Stranger")
    strange_middle = authority("Strange middle", stranger)
    # No identifiers of keys: issuers are found by name alone.
    bare = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none\n"

    def below(issuer, name, chain=(), host=NAME, rule=None, ours=None, roots=(root,), serve=(), **options):
        return Case(name, server(issuer, **options), chain, roots, host, rule, ours, serve)

    yield below(root, "valid, from the root")
    yield below(middle, "valid, two levels", [middle])
    yield below(lower, "valid, three levels", [lower, middle])
    yield below(middle, "valid, TLS 1.2", [middle], serve=["-tls1_2"])
    yield below(lower, "valid, the chain in the wrong order", [middle, lower])
    yield below(middle, "valid, the root sent along", [middle, root])
    yield below(middle, "valid, a stranger sent along", [stranger, middle])
    yield below(root, "valid, expires tomorrow", end=DAY)
    yield below(root, "valid, since a minute", start=-MINUTE)
    for key in ["ec:P-384", "ec:P-521", "rsa:2048", "rsa:3072", "ed25519"]:
        yield below(root, f"valid, {key}", key=key)
    rsa_root = authority("RSA root", key="rsa:2048")
    for digest in ["sha256", "sha384", "sha512", "pss"]:
        yield below(rsa_root, f"valid, signed with RSA and {digest}", roots=[rsa_root], digest=digest)

    # Names.
    yield below(root, "several names", names=f"DNS:a.example.com, DNS:{NAME}, IP:192.0.2.1")
    yield below(root, "another spelling", names="DNS:HOOKS.Example.COM")
    yield below(root, "an internationalized name", names="DNS:xn--bcher-kva.example.com", host="xn--bcher-kva.example.com")
    yield below(root, "a wildcard", names="DNS:*.example.com")
    yield below(root, "a wildcard does not reach two labels", names="DNS:*.example.com", host="a.hooks.example.com")
    yield below(root, "a wildcard does not reach none", names="DNS:*.example.com", host="example.com")
    yield below(root, "a wildcard in the second label", names="DNS:hooks.*.com")
    yield below(root, "a wildcard as part of a label", names="DNS:h*.example.com", ours={"wrongName"}, rule="RFC 9525, 6.3")
    yield below(root, "a wrong name", names="DNS:other.example.com")
    yield below(root, "a wrong name, the common name is right", names="DNS:other.example.com", subject=NAME)
    yield below(root, "the common name alone", names=None, ours={"wrongName"}, rule="RFC 9525, 2 and 6.3")
    yield below(root, "an address", names="IP:127.0.0.1", host="127.0.0.1")
    yield below(root, "another address", names="IP:127.0.0.2", host="127.0.0.1")
    yield below(root, "an address as a name", names="DNS:127.0.0.1", host="127.0.0.1")
    yield below(root, "a name that is no address", host="127.0.0.1")

    # Dates.
    yield below(root, "expired", start=-90 * DAY, end=-DAY)
    yield below(root, "expired a minute ago", end=-MINUTE)
    yield below(root, "not yet valid", start=DAY)
    yield below(root, "not yet valid for an hour", start=HOUR)
    old = authority("Old middle", root, end=-DAY)
    yield below(old, "an expired intermediate", [old])
    young = authority("Young middle", root, start=DAY)
    yield below(young, "an intermediate that is not yet valid", [young])
    yield below(old, "both expired", [old], end=-HOUR)
    yield below(old, "expired above, not yet valid below", [old], start=HOUR)
    old_root = authority("Old root", end=-DAY)
    yield below(old_root, "an expired root", roots=[old_root], ours=set(), rule="RFC 5280, 6.1.1 (d)")
    yield below(root, "expired, and a wrong name", end=-DAY, names="DNS:other.example.com")

    # Authorities.
    alone = server(None)
    yield Case("self-signed", server(None), roots=[root])
    yield Case("self-signed, and trusted", alone, roots=[alone])
    yield Case("self-signed, and expired", server(None, end=-DAY), roots=[root])
    yield Case("self-signed, and a wrong name", server(None, names="DNS:other.example.com"), roots=[root])
    yield below(strange_middle, "an unknown authority", [strange_middle])
    yield below(strange_middle, "an unknown authority, its root sent along", [strange_middle, stranger])
    yield below(stranger, "an unknown root, sent along", [stranger])
    yield below(middle, "a missing intermediate")
    yield below(stranger, "an unknown root, not sent")
    yield below(middle, "another intermediate in its place", [strange_middle])
    yield below(lower, "the second intermediate is missing", [lower])
    yield below(strange_middle, "an unknown authority, expired, and a wrong name", [strange_middle], end=-DAY, names="DNS:a.example.com")
    impostor = authority("Root")
    yield below(impostor, "the root's name and another key")
    nameless, impostor = authority("Nameless", identifiers=bare), authority("Nameless", identifiers=bare)
    yield below(impostor, "the root's name and another key, which no identifier tells", roots=[nameless], identifiers=bare)

    # Rights.
    yield below(root, "for clients only", purpose="clientAuth")
    yield below(root, "for any purpose", purpose="anyExtendedKeyUsage")
    yield below(root, "for servers and clients", purpose="serverAuth, clientAuth")
    yield below(root, "no purpose told", purpose=None)
    yield below(root, "the key may sign lists of revocation only", usage="cRLSign")
    yield below(root, "no key usage told", usage=None)
    for_clients = authority("Client middle", root, more="extendedKeyUsage = clientAuth\n")
    yield below(for_clients, "an intermediate for clients only", [for_clients])
    no_authority = authority("No authority", root, constraints="CA:false", usage="digitalSignature")
    yield below(no_authority, "an issuer that is no authority", [no_authority])
    untold = authority("Untold", root, constraints=None, usage=None)
    yield below(untold, "an issuer without basic constraints", [untold])
    narrow = authority("Narrow", root, constraints="critical, CA:true, pathlen:0")
    beyond = authority("Beyond", narrow)
    yield below(beyond, "one authority too many", [beyond, narrow])
    yield below(narrow, "as many authorities as allowed", [narrow])
    narrow_root = authority("Narrow root", constraints="critical, CA:true, pathlen:0")
    beyond_root = authority("Beyond root", narrow_root)
    yield below(beyond_root, "a root that limits the path", [beyond_root], roots=[narrow_root], ours=set(), rule="RFC 5280, 6.1.1 (d)")
    elsewhere = authority("Elsewhere", root, more="nameConstraints = critical, permitted;DNS:example.org\n")
    yield below(elsewhere, "a name that is not permitted", [elsewhere])
    here = authority("Here", root, more="nameConstraints = critical, permitted;DNS:example.com\n")
    yield below(here, "a name that is permitted", [here])
    without = authority("Without", root, more="nameConstraints = critical, excluded;DNS:hooks.example.com\n")
    yield below(without, "a name that is excluded", [without])
    yield below(root, "a critical extension that nobody knows", more="1.2.3.4 = critical, ASN1:NULL\n")
    yield below(root, "an extension that nobody knows", more="1.2.3.4 = ASN1:NULL\n")
    yield below(root, "an authority's certificate as the server's", constraints="CA:true", ours={"authorityAsLeaf"},
                rule="webpki; CA/Browser Forum, 7.1.2.7")
    yield Case("version 1", Certificate(NAME, root, version1=True), roots=[root], ours={"malformed"}, rule="RFC 5280, 4.1.2.1")

    # Strength.
    yield below(root, "a short key", key="rsa:1024")
    short = authority("Short", root, key="rsa:1024")
    yield below(short, "an intermediate's short key", [short])
    yield below(root, "signed with SHA-1", digest="sha1")
    yield below(rsa_root, "signed with RSA and SHA-1", roots=[rsa_root], digest="sha1")
    yield below(rsa_root, "signed with MD5", roots=[rsa_root], digest="md5")
    weak = authority("Weak middle", root, digest="sha1")
    yield below(weak, "an intermediate signed with SHA-1", [weak])
    old_hash = authority("SHA-1 root", digest="sha1")
    yield below(old_hash, "a root signed with SHA-1", roots=[old_hash])
    yield Case("a wrong signature", server(root).forged(), roots=[root])
    forged = authority("Forged middle", root)
    leaf = server(forged)
    yield Case("an intermediate's wrong signature", leaf, [forged.forged()], [root])


def judge(case):
    """What OpenSSL says and what we say, both over the same server."""
    folder = case.leaf.folder
    chain, roots = folder / f"chain-{id(case)}.pem", folder / f"roots-{id(case)}.pem"
    chain.write_text("".join(one.pem.read_text() for one in case.chain))
    roots.write_text("".join(one.pem.read_text() for one in case.roots))
    arguments = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", case.leaf.pem, "-key", case.leaf.key,
                 "-no-CAfile", "-no-CApath", "-no-CAstore", *case.serve]
    if case.chain:
        arguments += ["-cert_chain", chain]
    process = subprocess.Popen(arguments, env=ANY_LEVEL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = b""
        while not (found := re.search(rb"ACCEPT \S+:(\d+)\s", said)):
            line = process.stdout.readline()
            said += line
            if not line:
                sys.exit(f"{case.name}: the server does not start: {said.decode(errors='replace')}")
        address = f"127.0.0.1:{found[1].decode()}"
        is_address = case.host.replace(".", "").isdigit()
        check = ["-verify_ip", case.host] if is_address else ["-verify_hostname", case.host, "-servername", case.host]
        client = subprocess.run(
            ["openssl", "s_client", "-connect", address, *check, "-CAfile", roots, "-no-CApath", "-no-CAstore", "-auth_level", LEVEL],
            env=ANY_LEVEL, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        question = json.dumps({"address": address, "host": case.host, "roots": str(roots)})
        ours = subprocess.run([BINARY], input=question.encode(), capture_output=True, timeout=20)
    finally:
        process.kill()
        process.wait()
    text = (client.stdout + client.stderr).decode(errors="replace")
    if "BEGIN CERTIFICATE" not in text:
        sys.exit(f"{case.name}: no handshake: {text}")
    if ours.returncode:
        sys.exit(f"{case.name}: {ours.stderr.decode(errors='replace')}")
    codes, depth = [], 0
    for place, code in re.findall(r"^depth=(\d+) |^verify error:num=(\d+)", text, re.MULTILINE):
        if place:
            depth = int(place)
        else:
            codes.append((depth, int(code)))
    version = re.search(r"New, (TLSv[\d.]+)", text)
    return codes, version and version[1], json.loads(ours.stdout)


def kinds(codes):
    """OpenSSL's errors as a list of our kinds, in its order."""
    alone = any(code == 21 for _, code in codes)
    found = []
    for depth, code in codes:
        kind = "incompleteChain" if code == 20 and alone else KINDS.get(code, f"openssl:{code}")
        # It says twice of the same certificate that it is no authority: in general (79), and for this purpose (26).
        twice = code == 26 and (depth, 79) in codes
        if code != 21 and not twice and kind not in found:
            found.append(kind)
    return found


def rank(kind):
    """OpenSSL walks down from the root when it comes to dates: which of the two is first says where, not what."""
    return "dates" if kind in ("expired", "notYetValid") else kind


def differences(case, theirs, version, report):
    """Everything in which the two differ without a rule."""
    ours = [finding["verdict"] for finding in report["findings"]]
    ours = sorted(set(ours), key=ours.index)
    first = ours[0] if ours else "valid"
    if report["verdict"] != first:
        yield f"the verdict {report['verdict']} is not the first finding, {first}"
    if case.rule is None:
        if set(ours) != set(theirs):
            yield f"ours {ours or ['valid']}, OpenSSL's {theirs or ['valid']}"
        elif theirs and rank(report["verdict"]) != rank(theirs[0]):
            yield f"ours begins with {report['verdict']}, OpenSSL's with {theirs[0]}"
    elif set(ours) != set(case.lawful):
        yield f"ours {ours or ['valid']}, by {case.rule} {sorted(case.lawful) or ['valid']}"
    elif set(ours) == set(theirs):
        yield f"a rule explains a difference that is not there: both say {ours or ['valid']}"
    if report["version"] != version:
        yield f"version {report['version']}, OpenSSL's {version}"
    sent = [case.leaf, *case.chain]
    # What cannot be read has no dates.
    if report["verdict"] != "malformed" and len(report["certificates"]) != len(sent):
        yield f"{len(report['certificates'])} certificates told of {len(sent)}"
    for place, (told, certificate) in enumerate(zip(report["certificates"], sent)):
        for member, expected in zip(["notBefore", "notAfter"], certificate.dates()):
            got = datetime.datetime.fromisoformat(told[member].replace("Z", "+00:00"))
            if abs(got - expected).total_seconds() > 1:
                yield f"certificate {place}: {member} {got}, OpenSSL's {expected}"
    path = [told["notAfter"] for told in report["certificates"] if told["inPath"]]
    if path and report["earliestNotAfter"] != min(path):
        yield f"the first end is {report['earliestNotAfter']}, and not {min(path)}"


def too_old():
    """A server of TLS 1.1 alone: nobody here speaks to it, and we say why."""
    leaf = server(authority("Root of old"), key="rsa:2048", usage="digitalSignature, keyEncipherment")
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", leaf.pem, "-key", leaf.key, "-tls1_1"],
        env=ANY_LEVEL, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = b""
        while not (found := re.search(rb"ACCEPT \S+:(\d+)\s", said)):
            said += process.stdout.readline()
        question = json.dumps({"address": f"127.0.0.1:{found[1].decode()}", "host": NAME, "roots": str(leaf.issuer.pem)})
        report = json.loads(subprocess.run([BINARY], input=question.encode(), capture_output=True, timeout=20, check=True).stdout)
    finally:
        process.kill()
        process.wait()
    return report["verdict"]


def main():
    started = time.monotonic()
    every = list(cases())
    with ThreadPoolExecutor(4) as pool:
        judged = list(pool.map(judge, every))
    failures, seen, lawful = [], {}, 0
    for case, (codes, version, report) in zip(every, judged):
        theirs = kinds(codes)
        failures += [f"{case.name}: {difference}" for difference in differences(case, theirs, version, report)]
        seen[report["verdict"]] = seen.get(report["verdict"], 0) + 1
        lawful += case.rule is not None
        if LIST or case.rule:
            print(f"{report['verdict']:18} OpenSSL {', '.join(theirs) or 'valid':24} {case.name}" + (f" [{case.rule}]" if case.rule else ""))
    if (verdict := too_old()) != "protocolTooOld":
        failures.append(f"TLS 1.1 is {verdict}")

    # The comparison itself: what OpenSSL says of one server is not what we say of another one.
    of = {case.name: (case, *one) for case, one in zip(every, judged)}
    case, codes, version, _ = of["expired"]
    wrong = of["valid, from the root"][3]
    if len(list(differences(case, kinds(codes), version, wrong))) < 2:
        failures.append("the comparison finds no difference between an expired certificate and a valid one")
    if len(every) < LEAST_CASES:
        failures.append(f"{len(every)} cases; at least {LEAST_CASES} are needed")
    if len(seen) < 12:
        failures.append(f"verdicts of {len(seen)} kinds only: {seen}")
    seconds = time.monotonic() - started
    if seconds > LIMIT_SECONDS:
        failures.append(f"{seconds:.0f} s; at most {LIMIT_SECONDS}")
    for failure in failures:
        print(f"error: {failure}")
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(seen.items()))
    print(f"tls verdicts: {len(every)} certificates, {lawful} lawful differences, {len(failures)} others, {seconds:.0f} s ({counts})")
    sys.exit(bool(failures))


main()
