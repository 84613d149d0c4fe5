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
    "uuid": (0.5, lambda r: "-".join("".join(r.choice(_HEX) for _ in range(n)) for n in (8, 4, 4, 4, 12))),
    "version": (
        0.8,
        lambda r: ".".join(str(r.randrange(r.choice((3, 10, 30)))) for _ in range(r.choice((2, 3, 3)))),
    ),
    "word": (0.4, lambda r: r.choice(_WORDS["words"])),
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
