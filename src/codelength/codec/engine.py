"""Runs segments on threads: results in order, a bounded number at work, stopped at once when asked.

The calling thread only waits, so that Ctrl-C reaches it while segments run, and it can report progress
meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

from codelength._native import Monitor

INLINE_BYTES = 1 << 16
"""While no more content than this is waiting, it is done in the calling thread and no thread is started."""

THREAD_NAME = "codelength"

TICK_SECONDS = 0.1
"""How often a wait is interrupted to report progress."""


def thread_count(threads: int | None) -> int:
    """`threads`, or for None the number of CPUs that this process may use. Raises ValueError below 1."""
    if threads is None:
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:  # not on macOS and Windows
            return os.cpu_count() or 1
    if threads < 1:
        raise ValueError(f"the number of threads must be at least 1, not {threads}")
    return threads


class Task:
    """One segment to encode or to decode, and in the end its result."""

    def __init__(self, work: Callable[[Monitor], bytes], n_content: int, n_archive: int = 0) -> None:
        self.monitor = Monitor()
        self.n_content = n_content
        self.n_archive = n_archive
        self.done = threading.Event()
        self._work: Callable[[Monitor], bytes] | None = work
        self._result: bytes | None = None
        self._error: BaseException | None = None

    @property
    def n_content_done(self) -> int:
        """Bytes of content done so far."""
        return self.n_content if self.done.is_set() else min(self.monitor.n_bytes, self.n_content)

    @property
    def n_archive_done(self) -> int:
        """Bytes of the archive that this accounts for, in proportion."""
        return self.n_archive * self.n_content_done // self.n_content if self.n_content else 0

    def run(self) -> None:
        """Does the work; never raises."""
        work, self._work = self._work, None  # frees the input as soon as the work is done
        try:
            if work is not None:
                self._result = work(self.monitor)
        except BaseException as error:
            self._error = error
        finally:
            del work
            self.done.set()

    def result(self) -> bytes:
        """The result of a task that is done, or raises its error."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error
        if self._result is None:
            raise RuntimeError("the task was cancelled")
        return self._result


class _Crew:
    """The threads of an engine; apart from it, so that one that nobody holds any more can be collected."""

    def __init__(self) -> None:
        self.tasks: deque[Task] = deque()
        self.queue: SimpleQueue[Task | None] = SimpleQueue()
        self.threads: list[threading.Thread] = []

    @property
    def is_alive(self) -> bool:
        """False if there are no threads, in a forked process for one, which has only the one that forked."""
        return any(thread.is_alive() for thread in self.threads)

    def dismiss(self) -> None:
        """Cancels what runs, forgets what waits, and returns when no thread is left."""
        for task in self.tasks:
            task.monitor.cancel()
        self.tasks.clear()
        with contextlib.suppress(Empty):
            while True:
                self.queue.get_nowait()
        for _ in self.threads:
            self.queue.put(None)
        for thread in self.threads:
            if thread is not threading.current_thread():  # the garbage collector runs in any thread
                thread.join()
        self.threads.clear()


def _work_off(queue: SimpleQueue[Task | None]) -> None:
    while (task := queue.get()) is not None:
        task.run()
        del task


class Engine:
    """Runs tasks on up to `threads` threads and gives their results in the order of submission.

    `on_tick` is called in the calling thread, about ten times a second while it waits for a result. An engine
    is used from one thread at a time; `close` (or `with`) cancels what still runs. One that is dropped or
    still open when the
    interpreter exits closes itself: the threads are daemons and never keep a process alive.
    """

    def __init__(self, threads: int | None = 1, on_tick: Callable[[], None] | None = None) -> None:
        self.n_threads = thread_count(threads)
        # One more than the threads, so that they have work while the oldest result is taken away.
        self._window = self.n_threads + 1 if self.n_threads > 1 else 1
        self._on_tick = on_tick
        self._crew = _Crew()
        self._held: deque[Task] = deque()  # submitted, not yet given to the threads
        self._n_held_bytes = 0
        self._finalizer = weakref.finalize(self, self._crew.dismiss)

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancels everything and waits for the threads, which stop within milliseconds. Idempotent."""
        self._held.clear()
        self._finalizer()

    @property
    def is_full(self) -> bool:
        """True if a result must be taken before another task is submitted."""
        return len(self._crew.tasks) >= self._window

    @property
    def running(self) -> Iterator[Task]:
        """The tasks whose results have not been taken."""
        return iter(self._crew.tasks)

    def submit(self, task: Task) -> None:
        """Queues a task. Raises ValueError on a closed engine."""
        self._check_open()
        self._crew.tasks.append(task)
        self._held.append(task)
        self._n_held_bytes += task.n_content
        if self._crew.threads or self._n_held_bytes > INLINE_BYTES:
            self._hand_over()

    def result(self) -> bytes:
        """The result of the oldest task, waiting for it, or raises its error.

        Raises ValueError on a closed engine.
        """
        self._check_open()
        task = self._crew.tasks[0]
        if self._held and self._held[0] is task:
            self._held.popleft()
            self._n_held_bytes -= task.n_content
            task.run()
        while not task.done.wait(TICK_SECONDS):
            if not self._crew.is_alive:
                raise RuntimeError("the threads are gone: this cannot be gone on with after a fork")
            if self._on_tick is not None:
                self._on_tick()
        self._crew.tasks.popleft()
        return task.result()

    def drain(self) -> Iterator[bytes]:
        """The results of all tasks, in order."""
        while self._crew.tasks:
            yield self.result()

    def _check_open(self) -> None:
        if not self._finalizer.alive:
            raise ValueError("closed, or interrupted by an earlier error")

    def _hand_over(self) -> None:
        if not self._crew.is_alive:
            self._crew.threads.clear()
        while self._held:
            if len(self._crew.threads) < min(self.n_threads, len(self._crew.tasks)):
                args = (self._crew.queue,)
                thread = threading.Thread(target=_work_off, args=args, name=THREAD_NAME, daemon=True)
                thread.start()
                self._crew.threads.append(thread)
            self._crew.queue.put(self._held.popleft())
        self._n_held_bytes = 0
