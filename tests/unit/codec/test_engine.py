"""Segments on threads: order, bounds, errors, and stopping."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

import pytest

from codelength import _native
from codelength._native import Monitor
from codelength.codec import engine
from codelength.codec.engine import INLINE_BYTES, Engine, Task, thread_count
from codelength.codec.networks import default_network

LARGE = INLINE_BYTES + 1


def number(n: int, seconds: float = 0.0) -> Task:
    def work(_: Monitor) -> bytes:
        time.sleep(seconds)
        return bytes((n,))

    return Task(work, LARGE)


def n_threads() -> int:
    return sum(thread.name == engine.THREAD_NAME for thread in threading.enumerate())


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_results_come_in_order(threads: int) -> None:
    results = []
    with Engine(threads) as pool:
        for n in range(30):
            pool.submit(number(n, 0.002 if n % 3 == 0 else 0))
            while pool.is_full:
                results.append(pool.result())
        results += pool.drain()
    assert results == [bytes((n,)) for n in range(30)]


def test_the_number_at_work_is_bounded() -> None:
    running = most = 0
    lock = threading.Lock()

    def work(_: Monitor) -> bytes:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.002)
        with lock:
            running -= 1
        return b""

    with Engine(3) as pool:
        for _ in range(20):
            pool.submit(Task(work, LARGE))
            assert len(list(pool.running)) <= 4
            while pool.is_full:
                pool.result()
    assert most <= 3


def test_small_tasks_start_no_thread() -> None:
    with Engine(8) as pool:
        for _ in range(20):
            pool.submit(Task(lambda _: threading.current_thread().name.encode(), 10))
            while pool.is_full:
                assert pool.result() == threading.current_thread().name.encode()
        assert n_threads() == 0


def test_no_more_threads_than_tasks() -> None:
    with Engine(50) as pool:
        pool.submit(number(0))
        pool.submit(number(1))
        assert n_threads() <= 2
        assert list(pool.drain()) == [b"\0", b"\1"]


def test_an_error_is_raised_at_its_place() -> None:
    def fail(_: Monitor) -> bytes:
        raise ZeroDivisionError

    with Engine(2) as pool:
        pool.submit(number(0))
        pool.submit(Task(fail, LARGE))
        pool.submit(number(2))
        assert pool.result() == b"\0"
        with pytest.raises(ZeroDivisionError):
            pool.result()
        assert pool.result() == b"\2"


def encode_for_ever(monitor: Monitor) -> bytes:
    _native.encode_segment(bytes(30_000_000), 1, monitor=monitor)
    raise AssertionError("it was to be cancelled")


def encode_with_a_network_for_ever(monitor: Monitor) -> bytes:
    _native.encode_segment(b"so it goes on, " * 2_000_000, 6, default_network().native, 1, monitor)
    raise AssertionError("it was to be cancelled")


def decode_with_a_network_for_ever(monitor: Monitor) -> bytes:
    _native.decode_segment(bytes(1 << 24), 1 << 25, 6, 1, default_network().native, 2, monitor)
    raise AssertionError("it was to be cancelled")


@pytest.mark.parametrize(
    "work", [encode_for_ever, encode_with_a_network_for_ever, decode_with_a_network_for_ever]
)
def test_closing_cancels(work: Callable[[Monitor], bytes]) -> None:
    assert default_network().native is not None  # it is made before the clock starts
    cancelled = []

    def until_cancelled(monitor: Monitor) -> bytes:
        try:
            return work(monitor)
        except _native.Cancelled:
            cancelled.append(work)
            raise

    pool = Engine(2)
    for _ in range(3):
        pool.submit(Task(until_cancelled, LARGE))
    time.sleep(0.3)
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < 5
    assert n_threads() == 0
    assert len(cancelled) >= 2
    pool.close()
    with pytest.raises(ValueError, match="closed"):
        pool.submit(number(0))


def test_an_engine_that_is_dropped_ends_its_threads() -> None:
    pool = Engine(2)
    pool.submit(number(0))
    pool.result()
    assert n_threads() == 1
    del pool
    assert n_threads() == 0


def test_ticks_while_waiting() -> None:
    ticks = []
    with Engine(1, lambda: ticks.append(1)) as pool:
        pool.submit(number(0, 0.35))
        pool.result()
    assert 1 <= len(ticks) <= 10


def test_thread_count() -> None:
    assert thread_count(None) >= 1
    assert thread_count(5) == 5
    with pytest.raises(ValueError, match="at least 1"):
        thread_count(0)


def run(script: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_interpreter_exits_while_a_segment_runs() -> None:
    done = run(
        """
        import time
        from codelength._native import encode_segment
        from codelength.codec.engine import Engine, Task
        engine = Engine(2)
        def work(monitor):
            return encode_segment(bytes(200_000_000), 1, monitor=monitor)[2]
        for _ in range(3):
            engine.submit(Task(work, 1 << 20))
        time.sleep(0.3)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("content", ["bytes(200_000_000)", "b'so it goes on, ' * 10_000_000"])
def test_ctrl_c_is_prompt(content: str) -> None:
    script = """
        import io, signal, threading, time
        import codelength
        def interrupt():
            time.sleep(0.5)
            global start
            start = time.monotonic()
            signal.raise_signal(signal.SIGINT)
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            codelength.compress(CONTENT, threads=2)
        except KeyboardInterrupt:
            print(time.monotonic() - start < 5, threading.active_count() <= 2)
        """
    done = run(script.replace("CONTENT", content))
    assert (done.stdout, done.stderr) == ("True True\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_does_not_hang() -> None:
    done = run(
        """
        import os, time, warnings
        from codelength.codec.engine import Engine, Task
        warnings.simplefilter("ignore")
        engine = Engine(2)
        engine.submit(Task(lambda _: b"1", 1 << 20))
        assert engine.result() == b"1"
        if os.fork() == 0:
            engine.submit(Task(lambda _: b"2", 1 << 20))
            assert engine.result() == b"2"
            engine.close()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 7
        engine.submit(Task(lambda _: time.sleep(1) or b"3", 1 << 20))
        if os.fork() == 0:
            try:
                engine.result()
            except RuntimeError:
                os._exit(8)
        assert os.waitstatus_to_exitcode(os.wait()[1]) == 8
        assert engine.result() == b"3"
        """
    )
    assert (done.returncode, done.stderr) == (0, "")
