"""Families of logs: what common programs say, and what stands before it.

messages/NAME.txt: the name of a program with two colons after it, then its messages, one a line. `<kind>`
stands for a value (values.py) or for what the log knows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["FAMILIES", "Family"]


@dataclasses.dataclass(frozen=True)
class Family:
    """Lines that look alike: `headers` are patterns of strftime around <message>, one a document; `messages`
    are those of each program.
    """

    headers: Sequence[str]
    messages: Mapping[str, Sequence[str]]


def _family(name: str, *headers: str) -> Family:
    messages: dict[str, list[str]] = {}
    for line in (Path(__file__).with_name("messages") / f"{name}.txt").read_text("ascii").splitlines():
        if line.endswith("::"):
            program = messages.setdefault(line[:-2], [])
        else:
            program.append(line)
    return Family(headers, messages)


# A family that stands here several times is drawn as often.
FAMILIES: tuple[Family, ...] = (
    *[
        _family(
            "syslog",
            "%b <e> %H:%M:%S <host> <program>[<own_pid>]: <message>",
            "%b <e> %H:%M:%S <host> <program>[<own_pid>]: <message>",
            "%b <e> %H:%M:%S <host> <program>[<own_pid>]: <message>",
            "%Y-%m-%dT%H:%M:%S.<usec>+00:00 <host> <program>[<own_pid>]: <message>",
            "<14>1 %Y-%m-%dT%H:%M:%S.<msec>Z <host> <program> <own_pid> - - <message>",
        )
    ]
    * 3,
    _family(
        "kernel",
        "%b <e> %H:%M:%S <host> kernel: <message>",
        "%b <e> %H:%M:%S <host> kernel: [<uptime>] <message>",
        "[<uptime>] <message>",
    ),
    _family(
        "java",
        "%y%m%d %H%M%S <own_pid> <level> <own_logger>: <message>",
        "%y/%m/%d %H:%M:%S <level> <own_class>: <message>",
        "%Y-%m-%d %H:%M:%S,<msec> <level> <own_logger>: <message>",
        "%Y-%m-%d %H:%M:%S,<msec> <level> [<thread>] <own_logger>: <message>",
        "%Y-%m-%d %H:%M:%S.<msec>  <level> <own_pid> --- [<thread>] <own_logger> : <message>",
        "[%Y-%m-%d %H:%M:%S,<msec>] <level> <message> (<own_logger>)",
        "[%Y-%m-%dT%H:%M:%S,<msec>][<level>][<own_class>] [<host>] <message>",
    ),
    _family(
        "java",
        "%Y-%m-%d %H:%M:%S,<msec> <level> [<thread>] <own_logger>: <message>",
        "%y/%m/%d %H:%M:%S <level> <own_logger>: <message>",
    ),
    _family(
        "python",
        "%Y-%m-%d %H:%M:%S,<msec> - <module> - <level> - <message>",
        "%Y-%m-%d %H:%M:%S.<msec> <own_pid> <level> <module> <message>",
        "<level>:<module>:<message>",
        "[%Y-%m-%d %H:%M:%S +0000] [<own_pid>] [<level>] <message>",
        "%Y-%m-%d %H:%M:%S <level> <message>",
        "<message>",
    ),
    _family(
        "access",
        "<ip> - - [%d/%b/%Y:%H:%M:%S +0000] <message>",
        "<ip> - - [%d/%b/%Y:%H:%M:%S -0400] <message>",
        "<ip> - <user> [%d/%b/%Y:%H:%M:%S +0200] <message>",
        "<domain> - - [%d/%b/%Y:%H:%M:%S -0400] <message>",
    ),
    _family(
        "apache",
        "[%a %b %d %H:%M:%S %Y] [error] <message>",
        "[%a %b %d %H:%M:%S %Y] [notice] <message>",
        "[%a %b %d %H:%M:%S.<usec> %Y] [core:error] [pid <own_pid>] <message>",
    ),
    _family(
        "nginx",
        "%Y/%m/%d %H:%M:%S [error] <own_pid>#0: <message>",
    ),
    _family(
        "databases",
        "%Y-%m-%d %H:%M:%S.<msec> UTC [<own_pid>] <message>",
        "%Y-%m-%d %H:%M:%S UTC [<own_pid>]: [<n>-1] <message>",
        "%Y-%m-%dT%H:%M:%S.<usec>Z <message>",
        "<own_pid>:M %d %b %Y %H:%M:%S.<msec> <message>",
    ),
    _family(
        "android",
        "%m-%d %H:%M:%S.<msec>  <own_pid>  <pid> <message>",
    ),
    _family(
        "dpkg",
        "%Y-%m-%d %H:%M:%S <message>",
    ),
    _family(
        "json",
        '{"time":"%Y-%m-%dT%H:%M:%S.<msec>Z","level":"<level>",<message>}',
        '{"level":"info","ts":<epoch>.<msec>,"caller":"<module>.go:<line>",<message>}',
        '{"timestamp": "%Y-%m-%dT%H:%M:%S.<usec>", "logger": "<module>", <message>}',
        '{"level":30,"time":<epoch><msec>,"pid":<own_pid>,"hostname":"<host>",<message>}',
        "{<message>}",
    ),
    _family(
        "logfmt",
        "time=%Y-%m-%dT%H:%M:%SZ level=info <message>",
        "ts=%Y-%m-%dT%H:%M:%S.<msec>Z caller=<module>.go:<line> level=<level> <message>",
    ),
    _family(
        "builds",
        "<message>",
        "%H:%M:%S <message>",
    ),
)
