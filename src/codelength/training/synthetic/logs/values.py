"""Values that stand in log lines: each kind drawn at random, and again as often as programs repeat it."""

from __future__ import annotations

import random
import string
import tomllib
from collections.abc import Callable
from pathlib import Path

__all__ = ["KINDS", "Values"]

_LISTS: dict[str, str] = tomllib.loads(Path(__file__).with_name("words.toml").read_text("ascii"))
_WORDS: dict[str, list[str]] = {name: text.split() for name, text in _LISTS.items()}
_AGENTS = _LISTS["agents"].strip().splitlines()
_WINDOWS_FOLDERS = _LISTS["windows_folders"].strip().splitlines()
_MAC_FOLDERS = _LISTS["mac_folders"].strip().splitlines()
_WINDOWS_SERVICES = _LISTS["windows_services"].strip().splitlines()
_HEX = "0123456789abcdef"

Draw = Callable[[random.Random], str]


def _hex(n: int) -> Draw:
    return lambda r: "".join(r.choice(_HEX) for _ in range(n))


def _below(*tops: int) -> Draw:
    """A number below one of these, equally often."""
    return lambda r: str(r.randrange(r.choice(tops)))


def _one_of(*choices: str) -> Draw:
    return lambda r: r.choice(choices)


def _ip(r: random.Random) -> str:
    if r.random() < 0.45:
        return r.choice(("10.{}.{}.{}", "192.168.{1}.{2}", "172.16.{1}.{2}", "10.0.{1}.{2}")).format(
            *(r.randrange(256) for _ in range(3))
        )
    return ".".join(str(r.randrange(1, 255)) for _ in range(4))


def _host(r: random.Random) -> str:
    name = r.choice(_WORDS["hosts"])
    return r.choice(
        (name, f"{name}{r.randrange(1, 20)}", f"{name}-{r.randrange(1, 10):02}", r.choice(_WORDS["users"]))
    )


def _path(r: random.Random) -> str:
    parts = [r.choice(_WORDS["folders"])] + [
        r.choice(_WORDS["words"] + _WORDS["services"]) for _ in range(r.choice((0, 1, 1, 2)))
    ]
    return "/".join(parts) + "/" + _file(r)


def _file(r: random.Random) -> str:
    name = r.choice(_WORDS["words"] + _WORDS["services"])
    number = r.choice(("", "", "", f"-{r.randrange(100)}", f"_{r.randrange(10)}"))
    return f"{name}{number}.{r.choice(_WORDS['endings'])}"


def _url(r: random.Random) -> str:
    kind = r.random()
    if kind < 0.15:
        return "/"
    if kind < 0.45:
        version = r.choice(("", "/v1", "/v2"))
        tail = r.choice(
            (
                "",
                f"/{r.randrange(10000)}",
                f"/{r.randrange(100)}",
                f"?page={r.randrange(1, 20)}",
                "?q=" + r.choice(_WORDS["words"]),
            )
        )
        return f"/api{version}/{r.choice(_WORDS['words'])}s{tail}"
    if kind < 0.6:
        return r.choice(
            (
                "/favicon.ico",
                "/robots.txt",
                "/index.html",
                "/index.php",
                "/login",
                "/health",
                "/static/js/main.js",
                "/wp-login.php",
            )
        )
    return (
        "/"
        + "/".join(r.choice(_WORDS["words"]) for _ in range(r.randrange(1, 3)))
        + "/"
        + r.choice(("", _file(r), _file(r)))
    )


def _class(r: random.Random) -> str:
    return r.choice(_WORDS["adjectives"]) + r.choice(_WORDS["classes"])


def _logger(r: random.Random) -> str:
    return (
        r.choice(_WORDS["packages"]).format(".".join(r.sample(_WORDS["parts"], r.randrange(1, 3))))
        + "."
        + _class(r)
    )


def _thread(r: random.Random) -> str:
    n = r.randrange(1, 33)
    return r.choice(
        (
            "main",
            f"Thread-{n}",
            f"pool-{r.randrange(1, 5)}-thread-{n}",
            f"http-nio-8080-exec-{n}",
            f"worker-{n}",
            f"nioEventLoopGroup-2-{n}",
            f"qtp{r.randrange(10**9)}-{n}",
            f"Executor task launch worker-{n}",
        )
    )


def _agent(r: random.Random) -> str:
    return r.choice(_AGENTS).format(
        a=r.randrange(60, 125), b=r.randrange(3000, 6000), c=r.randrange(200), d=r.randrange(5, 90)
    )


def _ipv6(r: random.Random) -> str:
    groups = [f"{r.randrange(65536):x}" for _ in range(4)]
    shape = r.choice(("fe80::{}:{}ff:fe{}:{}", "2001:db8:{}::{}", "2001:db8:{}:{}::1", "fd00::{}:{}"))
    return shape.format(*groups)


def _size(r: random.Random) -> str:
    number = r.expovariate(1 / r.choice((3, 40, 400)))
    shapes = ("{:.1f} MB", "{:.2f} MB", "{:.1f} kB", "{:.0f} KB", "{:.1f} GB", "{:.1f} MiB", "{:.1f}M")
    return r.choice(shapes).format(number)


def _duration(r: random.Random) -> str:
    number = r.expovariate(1 / r.choice((2, 20, 200)))
    shapes = ("{:.3f}s", "{:.1f}s", "{:.0f}ms", "{:.2f}ms", "{:.6f}ms", "{:.3f}us", "{:.0f}m30s")
    return r.choice(shapes).format(number)


def _windows_path(r: random.Random) -> str:
    folders = [r.choice((r.choice(_WORDS["words"]), _class(r))) for _ in range(r.randrange(1, 3))]
    return "\\".join((r.choice(_WINDOWS_FOLDERS), *folders)) + "." + r.choice(_WORDS["windows_endings"])


def _mac_path(r: random.Random) -> str:
    return r.choice(_MAC_FOLDERS).format(r.choice(_WORDS["users"])) + "/" + _file(r)


def _name(r: random.Random) -> str:
    return r.choice(_WORDS["verbs"]) + r.choice(("", "_")) + r.choice(_WORDS["words"])


def _camel(r: random.Random) -> str:
    words = [r.choice(_WORDS["words"]).title() for _ in range(r.randrange(1, 3))]
    return r.choice(_WORDS["verbs"]) + "".join(words)


def _frame(r: random.Random) -> str:
    """A line of a Java stack trace."""
    name = _logger(r)
    return f"at {name}.{_camel(r)}({name.rpartition('.')[2]}.java:{r.randrange(20, 900)})"


def _sql(r: random.Random) -> str:
    table, column, other = r.choice(_WORDS["words"]), *r.sample(_WORDS["columns"], 2)
    n = r.randrange(10 ** r.randrange(1, 6))
    return r.choice(
        (
            f"SELECT {column}, {other} FROM {table}s WHERE id = {n}",
            f"SELECT COUNT(*) FROM {table}s WHERE {column} = '{other}'",
            f"SELECT * FROM {table}s ORDER BY {column} DESC LIMIT {n}",
            f'SELECT "{table}s".* FROM "{table}s" WHERE "{table}s"."{column}" = $1 LIMIT $2',
            f"INSERT INTO {table}s ({column}, {other}) VALUES (?, ?)",
            f"UPDATE {table}s SET {column} = {n} WHERE {other} IS NULL",
            f"DELETE FROM {table}s WHERE {column} < NOW() - INTERVAL {n % 90} DAY",
        )
    )


def _pod(r: random.Random) -> str:
    name = r.choice(_WORDS["services"] + _WORDS["words"]).lower()
    letters = "bcdfghjklmnpqrstvwxz2456789"
    tail = "".join(r.choice(letters) for _ in range(5))
    middle = "".join(r.choice(letters) for _ in range(r.choice((9, 10))))
    return r.choice((f"{name}-{middle}-{tail}", f"{name}-{tail}", f"{name}-{r.randrange(5)}"))


def _image(r: random.Random) -> str:
    name = r.choice(_WORDS["images"])
    tag = r.choice(("latest", _version(r), f"v{_version(r)}"))
    return f"{r.choice(_WORDS['registries'])}{name}:{tag}"


def _version(r: random.Random) -> str:
    return ".".join(str(r.randrange(r.choice((3, 10, 30)))) for _ in range(r.choice((2, 3, 3))))


def _uuid(r: random.Random) -> str:
    return "-".join("".join(r.choice(_HEX) for _ in range(n)) for n in (8, 4, 4, 4, 12))


def _arn(r: random.Random) -> str:
    return f"arn:aws:iam::{r.randrange(10**12):012}:{r.choice(('role', 'user'))}/{r.choice(_WORDS['users'])}"


def _email(r: random.Random) -> str:
    return f"{r.choice(_WORDS['users'])}@{r.choice(_WORDS['hosts'])}.{r.choice(_WORDS['domains'])}"


def _repo(r: random.Random) -> str:
    return f"{r.choice(_WORDS['users'])}/{r.choice(_WORDS['words'])}-{r.choice(_WORDS['hosts'])}"


def _nic(r: random.Random) -> str:
    """An interface of a switch."""
    return f"{r.choice(_WORDS['nics'])}{r.choice(('0/', '1/0/', '0/0/'))}{r.randrange(1, 49)}"


def _node(r: random.Random) -> str:
    """A node of a large machine."""
    shape = r.choice(("nid{:05}", "r{1}i{2}n{3}", "c{1}-0c{2}s{3}n0", "cn{:03}", "node{:03}"))
    return shape.format(r.randrange(600), r.randrange(8), r.randrange(3), r.randrange(16))


def _sid(r: random.Random) -> str:
    user = f"S-1-5-21-{r.randrange(10**10)}-{r.randrange(10**10)}-{r.randrange(10**9)}-1001"
    return r.choice(("S-1-5-18", "S-1-5-19", user))


def _words_of(name: str) -> Draw:
    return lambda r: r.choice(_WORDS[name])


def _between(low: int, high: int) -> Draw:
    return lambda r: str(r.randrange(low, high))


def _decimal(low: float, high: float, digits: int) -> Draw:
    return lambda r: f"{r.uniform(low, high):.{digits}f}"


def _base64(n: int) -> Draw:
    return lambda r: "".join(r.choice(string.ascii_letters + string.digits + "+/") for _ in range(n))


def _float(r: random.Random) -> str:
    return f"{r.expovariate(1 / r.choice((0.1, 1, 10, 100))):.{r.choice((1, 2, 2, 3, 6))}f}"


KINDS: dict[str, tuple[float, Draw]] = {
    "agent": (0.85, _agent),
    "big": (0.1, _below(10**6, 10**9, 10**12)),
    "blk": (0.5, lambda r: f"blk_{r.choice(('', '-'))}{r.randrange(10**18, 9 * 10**18)}"),
    "bytes": (0.2, _below(500, 5000, 50000, 10**6, 67108865)),
    "class": (0.8, _class),
    "cpu": (0.3, _below(4, 16, 64)),
    "disk": (0.8, _one_of("sda", "sda1", "sdb", "sdb1", "sdc", "nvme0n1", "vda", "hda", "dm-0", "md0")),
    "domain": (0.8, lambda r: f"{r.choice(_WORDS['hosts'])}.{r.choice(_WORDS['domains'])}"),
    "error": (
        0.6,
        lambda r: "java." + r.choice(("io.", "lang.", "net.", "util.")) + r.choice(_WORDS["errors"]),
    ),
    "file": (0.5, _file),
    "float": (0.02, _float),
    "hex2": (0.3, _hex(2)),
    "hex4": (0.3, _hex(4)),
    "hex8": (0.3, _hex(8)),
    "hex16": (0.3, _hex(16)),
    "hex32": (0.4, _hex(32)),
    "hex40": (0.4, _hex(40)),
    "host": (0.85, _host),
    "iface": (
        0.9,
        _one_of("eth0", "eth1", "lo", "wlan0", "ens3", "enp0s3", "docker0", "br0", "tun0", "wlp2s0"),
    ),
    "ip": (0.75, _ip),
    "lib": (0.3, lambda r: r.choice(_WORDS["libraries"])),
    "line": (0.5, _below(100, 1000, 3000)),
    "logger": (0.8, _logger),
    "mac": (0.8, lambda r: ":".join("".join(r.choice(_HEX) for _ in range(2)) for _ in range(6))),
    "method": (0.3, lambda r: r.choice(_WORDS["methods"])),
    "module": (0.8, lambda r: ".".join(r.sample(_WORDS["parts"] + _WORDS["words"], r.randrange(1, 4)))),
    "ms": (0.05, _below(10, 100, 1000, 10000)),
    "n": (0.15, _below(3, 10, 10, 100, 1000)),
    "path": (0.5, _path),
    "percent": (0.1, _below(101)),
    "pid": (0.5, _below(1000, 10000, 32768)),
    "port": (
        0.25,
        lambda r: str(
            r.choice((22, 80, 443, 8080, 3306, 5432, 6379, 9092, 50010))
            if r.random() < 0.25
            else r.randrange(1024, 65536)
        ),
    ),
    "pyerror": (0.6, lambda r: r.choice(_WORDS["python_errors"])),
    "sec": (0.1, _below(10, 60, 600, 100000)),
    "service": (0.6, lambda r: r.choice(_WORDS["services"])),
    "small": (0.4, _below(2, 4, 8)),
    "status": (0.5, lambda r: r.choice(_WORDS["statuses"])),
    "thread": (0.6, _thread),
    "uid": (0.9, _one_of("0", "0", "1000", "1001", "33", "500", "501", "65534")),
    "upper": (0.7, lambda r: "".join(r.choice(string.ascii_uppercase) for _ in range(r.randrange(2, 6)))),
    "url": (0.5, _url),
    "user": (0.8, lambda r: r.choice(_WORDS["users"])),
    "uuid": (0.5, _uuid),
    "version": (0.8, _version),
    "word": (0.4, lambda r: r.choice(_WORDS["words"])),
    "account": (0.9, lambda r: f"{r.randrange(10**12):012}"),
    "altitude": (0.3, _decimal(0, 900, 1)),
    "app": (0.6, _words_of("apps")),
    "arn": (0.7, _arn),
    "base64": (0.3, _base64(43)),
    "bpm": (0.3, _between(52, 175)),
    "branch": (0.7, _words_of("branches")),
    "bundle": (0.6, _words_of("bundles")),
    "camel": (0.4, _camel),
    "cipher": (0.8, _words_of("ciphers")),
    "column": (0.4, _words_of("columns")),
    "country": (0.6, _words_of("countries")),
    "d2": (0.1, lambda r: f"{r.randrange(60):02}"),
    "d3": (0.0, lambda r: f"{r.randrange(1000):03}"),
    "d6": (0.1, lambda r: f"{r.randrange(10**6):06}"),
    "dport": (0.6, _one_of("443", "443", "80", "53", "22", "25", "123", "3389", "8443", "445", "5060")),
    "duration": (0.05, _duration),
    "email": (0.6, _email),
    "frame": (0.2, _frame),
    "func": (0.4, _name),
    "game": (0.7, _words_of("players")),
    "gofile": (0.5, _words_of("gofiles")),
    "guid": (0.5, lambda r: "{" + _uuid(r).upper() + "}"),
    "hex6": (0.3, _hex(6)),
    "hex7": (0.5, _hex(7)),
    "hex12": (0.5, _hex(12)),
    "hex64": (0.5, _hex(64)),
    "image": (0.6, _image),
    "ipv6": (0.7, _ipv6),
    "lat": (0.1, lambda r: f"{48 + r.gauss(0, 0.02):.6f}"),
    "lon": (0.1, lambda r: f"{11 + r.gauss(0, 0.02):.6f}"),
    "macpath": (0.5, _mac_path),
    "namespace": (0.7, _words_of("namespaces")),
    "newline": (1.0, _one_of("\n")),
    "nic": (0.8, _nic),
    "nodeid": (0.5, _node),
    "nodeport": (0.5, _between(30000, 32768)),
    "package": (0.2, _words_of("registry_packages")),
    "pod": (0.6, _pod),
    "pri": (0.7, _one_of("13", "14", "30", "34", "46", "78", "86", "134", "165", "189", "190")),
    "ratio": (0.05, _decimal(0, 1, 4)),
    "region": (0.9, _words_of("regions")),
    "repo": (0.8, _repo),
    "room": (0.4, _words_of("rooms")),
    "sid": (0.7, _sid),
    "size": (0.05, _size),
    "sql": (0.3, _sql),
    "tab": (1.0, _one_of("\t")),
    "temp": (0.2, _decimal(17, 72, 1)),
    "tls": (0.8, _one_of("TLSv1.2", "TLSv1.3", "TLSv1.3")),
    "unit": (0.4, _words_of("units")),
    "vlan": (0.7, _between(2, 400)),
    "winpath": (0.5, _windows_path),
    "winservice": (0.4, lambda r: r.choice(_WINDOWS_SERVICES)),
}
"""Kind -> how often one that has been seen comes again, and how a new one is drawn."""


class Values:
    """The values of one document."""

    def __init__(self, r: random.Random) -> None:
        self._r = r
        self._seen: dict[str, list[str]] = {}

    def __getitem__(self, kind: str) -> str:
        again, draw = KINDS[kind]
        seen = self._seen.setdefault(kind, [])
        if seen and self._r.random() < again:
            # Mostly one of the newest.
            return seen[-1 - min(int(self._r.expovariate(0.5)), len(seen) - 1)]
        seen.append(draw(self._r))
        return seen[-1]
