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
            "%b <e> %H:%M:%S <host> <program>: <message>",
            "<<pri>>%b <e> %H:%M:%S <host> <program>[<own_pid>]: <message>",
            "%Y-%m-%d %H:%M:%S <program>[<own_pid>] <level_lower>: <message>",
            "<14>1 %Y-%m-%dT%H:%M:%S.<msec>Z <host> <program> <own_pid> - - <message>",
        )
    ]
    * 3,
    _family(
        "kernel",
        "%b <e> %H:%M:%S <host> kernel: <message>",
        "%b <e> %H:%M:%S <host> kernel: [<uptime>] <message>",
        "[<uptime>] <message>",
        "[%a %b <e> %H:%M:%S %Y] <message>",
        "<<small>>[<uptime>] <message>",
        "%Y-%m-%dT%H:%M:%S.<usec>+00:00 <host> kernel: <message>",
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
        "%d-%b-%Y %H:%M:%S.<msec> <level> [<thread>] <own_logger> <message>",
        "%H:%M:%S.<msec> [<thread>] <level5> <own_logger> - <message>",
        "<level5> [<thread>] %Y-%m-%d %H:%M:%S,<msec> <own_class>.java:<line> - <message>",
        "%Y-%m-%dT%H:%M:%S.<msec>Z  <level> <own_pid> --- [<word>] [<thread>] <own_logger> : <message>",
        "%b %d, %Y %I:%M:%S %p <own_logger> <camel><newline><level>: <message>",
        "%Y-%m-%d %H:%M:%S.<msec>+0000 [id=<n>]<tab><level><tab><own_class>#<camel>: <message>",
    ),
    _family(
        "python",
        "%Y-%m-%d %H:%M:%S,<msec> - <module> - <level> - <message>",
        "%Y-%m-%d %H:%M:%S.<msec> <own_pid> <level> <module> <message>",
        "<level>:<module>:<message>",
        "[%Y-%m-%d %H:%M:%S +0000] [<own_pid>] [<level>] <message>",
        "%Y-%m-%d %H:%M:%S <level> <message>",
        "[%Y-%m-%d %H:%M:%S,<msec>: <level_long>/MainProcess] <message>",
        "%Y-%m-%d %H:%M:%S.<msec> | <level5>    | <module>:<func>:<line> - <message>",
        "[%Y-%m-%d, %H:%M:%S UTC] {<word>.py:<line>} <level_long> - <message>",
        "%Y-%m-%d %H:%M:%S [<module>] <level_long>: <message>",
        "<level_long>:     <message>",
        "<message>",
    ),
    _family(
        "access",
        "<ip> - - [%d/%b/%Y:%H:%M:%S +0000] <message>",
        "<ip> - - [%d/%b/%Y:%H:%M:%S -0400] <message>",
        "<ip> - <user> [%d/%b/%Y:%H:%M:%S +0200] <message>",
        "<domain> - - [%d/%b/%Y:%H:%M:%S -0400] <message>",
        "<domain>:80 <ip> - - [%d/%b/%Y:%H:%M:%S +0000] <message>",
        "<ipv6> - - [%d/%b/%Y:%H:%M:%S +0100] <message>",
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
        "%Y/%m/%d %H:%M:%S [<level_lower>] <own_pid>#<own_pid>: <message>",
    ),
    _family(
        "databases",
        "%Y-%m-%d %H:%M:%S.<msec> UTC [<own_pid>] <message>",
        "%Y-%m-%d %H:%M:%S UTC [<own_pid>]: [<n>-1] <message>",
        "%Y-%m-%dT%H:%M:%S.<usec>Z <message>",
        "%Y-%m-%d %H:%M:%S.<msec> CET [<own_pid>] <user>@<word> <message>",
        "%Y-%m-%dT%H:%M:%S.<msec>+0000 <message>",
        "%Y.%m.%d %H:%M:%S.<usec> [ <own_pid> ] {<uuid>} <message>",
        "<own_pid>:M %d %b %Y %H:%M:%S.<msec> <message>",
    ),
    _family(
        "android",
        "%m-%d %H:%M:%S.<msec>  <own_pid>  <pid> <message>",
        "%m-%d %H:%M:%S.<msec> <own_pid> <pid> <message>",
        "%Y-%m-%d %H:%M:%S.<msec>  <own_pid>-<pid>  <message>",
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
        '{"level":<level_number>,"time":"%Y-%m-%dT%H:%M:%S.<msec>Z","name":"<module>",<message>}',
        '{"ts":"%Y-%m-%d %H:%M:%S","lvl":"<level_lower>","host":"<host>",<message>}',
        "{<message>}",
        "{<message>}",
    ),
    _family(
        "logfmt",
        "time=%Y-%m-%dT%H:%M:%SZ level=info <message>",
        "ts=%Y-%m-%dT%H:%M:%S.<msec>Z caller=<gofile>:<line> level=<level_lower> <message>",
        "level=<level_lower> ts=%Y-%m-%dT%H:%M:%S.<usec><d3>Z caller=<gofile>:<line> <message>",
        'time="%Y-%m-%dT%H:%M:%S+02:00" level=<level_lower> <message>',
        "%Y-%m-%dT%H:%M:%S.<usec>+00:00 app[web.<small>]: <message>",
    ),
    _family(
        "builds",
        "<message>",
        "%H:%M:%S <message>",
    ),
    _family(
        "audit",
        "type=<message>",
        "type=<message>",
        "%b <e> %H:%M:%S <host> audispd: node=<host> type=<message>",
    ),
    _family(
        "kubernetes",
        "<level_klog>%m%d %H:%M:%S.<usec>       1 <gofile>:<line>] <message>",
        "<level_klog>%m%d %H:%M:%S.<usec>   <own_pid> <gofile>:<line>] <message>",
        "%Y-%m-%dT%H:%M:%SZ stderr F <level_klog>%m%d %H:%M:%S.<usec>       1 <gofile>:<line>] <message>",
    ),
    _family(
        "events",
        "<message>",
        "<namespace>   <n>s         <message>",
        "%Y-%m-%dT%H:%M:%SZ   <message>",
    ),
    _family(
        "go",
        "%Y/%m/%d %H:%M:%S <message>",
        "%Y/%m/%d %H:%M:%S <gofile>:<line>: <message>",
        "%Y-%m-%dT%H:%M:%S.<msec>Z [<level>]  <message>",
        "%Y-%m-%dT%H:%M:%S.<msec>+0200<tab><level><tab><word>/<gofile>:<line><tab><message>",
        "%Y-%m-%d %H:%M:%S.<usec> <level_letter> | <message>",
        "%I:%M%p <level_short> <message>",
        "<level4>[%Y-%m-%dT%H:%M:%SZ] <message>",
    ),
    _family(
        "node",
        "<message>",
        "[%Y-%m-%dT%H:%M:%S.<msec>Z] <level_lower>: <message>",
        "%Y-%m-%dT%H:%M:%S.<msec>Z <message>",
        "[<own_class>] <own_pid>  - %m/%d/%Y, %I:%M:%S %p     LOG <message>",
        "%H:%M:%S [<level_lower>] <message>",
    ),
    _family(
        "rails",
        "<message>",
        "<level_letter>, [%Y-%m-%dT%H:%M:%S.<usec> #<own_pid>] <level5> -- : <message>",
        "<level_letter>, [%Y-%m-%dT%H:%M:%S.<usec> #<own_pid>] <level5> -- : [<uuid>] <message>",
        "[<uuid>] <message>",
    ),
    _family(
        "balancers",
        "<message>",
    ),
    _family(
        "proxies",
        "<epoch>.<msec>   <message>",
        "%d/%b/%Y:%H:%M:%S.<msec> <message>",
        "%Y-%m-%dT%H:%M:%S.<msec>Z <message>",
    ),
    _family(
        "iis",
        "%Y-%m-%d %H:%M:%S <message>",
        "%Y-%m-%d %H:%M:%S W3SVC<small> <message>",
    ),
    _family(
        "windows",
        "<month>/<day>/%Y <hour>:%M:%S %p,<message>",
        "%d.%m.%Y %H:%M:%S,<message>",
        "<level_title>,%Y-%m-%d %H:%M:%S,<host>,<message>",
    ),
    _family(
        "servicing",
        "%Y-%m-%d %H:%M:%S, <level_title>                  <message>",
        "%Y/%m/%d %H:%M:%S.<usec>1 <own_pid>  <pid>  <message>",
        "[%H:%M:%S:<msec>] <message>",
    ),
    _family(
        "apple",
        "%b <e> %H:%M:%S <host> <message>",
        "%b <e> %H:%M:%S <user>s-MacBook-Pro <message>",
        "%Y-%m-%d %H:%M:%S.<usec>+0200 <message>",
        "%b <e> %H:%M:%S iPhone <message>",
    ),
    _family(
        "network",
        "%b <e> %H:%M:%S <host> <message>",
        "%b <e> %H:%M:%S.<msec>: <message>",
        "<<pri>>%b <e> %H:%M:%S <ip> <n>: *%b <e> %H:%M:%S.<msec>: <message>",
        "%b <e> %Y %H:%M:%S <host> : <message>",
        "%m/%d/%Y-%H:%M:%S.<usec>  <message>",
        "<message>",
    ),
    _family(
        "vpn",
        "%a %b %d %H:%M:%S %Y <message>",
        "%a %b %d %H:%M:%S %Y us=<usec> <message>",
        "%Y-%m-%d %H:%M:%S <message>",
        "%b %d %H:%M:%S.<msec> <message>",
    ),
    _family(
        "devices",
        "<epoch>: <message>",
        "%Y-%m-%d %H:%M:%S.<msec> <message>",
        "%d.%m.%Y %H:%M:%S <message>",
        "[%H:%M:%S] <message>",
        "%Y%m%dT%H%M%S <level_letter> <own_class>: <message>",
        "<uptime>: <message>",
        "<message>",
    ),
    _family(
        "tables",
        "%Y-%m-%d %H:%M:%S,<message>",
        "%Y-%m-%dT%H:%M:%SZ,<message>",
        "<epoch>,<message>",
        "<epoch><msec>,<message>",
        "%d/%m/%Y %H:%M,<message>",
        "%d.%m.%Y,%H:%M:%S,<message>",
    ),
    _family(
        "games",
        "[%H:%M:%S] [Server thread/<level>]: <message>",
        "[%H:%M:%S <level>]: <message>",
        "[%d%b%Y %H:%M:%S.<msec>] [Server thread/<level>] [<own_logger>/]: <message>",
        "L %m/%d/%Y - %H:%M:%S: <message>",
        "[%Y.%m.%d-%H.%M.%S:<msec>][<n>]<message>",
    ),
    _family(
        "clusters",
        "[%Y-%m-%dT%H:%M:%S.<msec>] <message>",
        "%Y-%m-%d %H:%M:%S.<usec> <level> <message>",
        "%b %d %H:%M:%S <host> <message>",
        "%Y-%m-%d-%H.%M.%S.<usec>+060 <message>",
        "[%a %b %d %H:%M:%S %Y] <message>",
        "%m/%d/%Y | %H:%M:%S | <message>",
    ),
    _family(
        "pbs",
        "%m/%d/%Y %H:%M:%S;0008;PBS_Server.<own_pid>;<message>",
        "%m/%d/%Y %H:%M:%S;0100;PBS_Server;<message>",
        "%m/%d/%Y %H:%M:%S.<usec>;0008;pbs_mom;<message>",
    ),
    _family(
        "ceph",
        "%Y-%m-%dT%H:%M:%S.<msec>+0000 7f<hex8>  <message>",
        "%Y-%m-%d %H:%M:%S.<usec> 7f<hex8>  <message>",
        "debug %Y-%m-%dT%H:%M:%S.<msec>+0000 7f<hex8>  <message>",
    ),
    _family(
        "ci",
        "%Y-%m-%dT%H:%M:%S.<usec>0Z <message>",
        "[%Y-%m-%dT%H:%M:%S.<msec>Z] <message>",
        "<message>",
        "[%H:%M:%S] <message>",
    ),
)
