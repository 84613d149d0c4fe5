"""Compiles `kernels.cpp` on first use and calls it on CPU tensors through ctypes.

The library is kept in the user's cache under a name made of everything that decides its content: the source,
the flags, the compiler's name and the processor's features. Where there is no compiler, `library()` is None
and the callers use their PyTorch references.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

__all__ = ["apply", "call", "library", "usable"]

_SOURCE = Path(__file__).with_name("kernels.cpp")
# No -ffast-math: it would also switch denormals off for the whole process.
_FLAGS = (
    "-O3",
    "-march=native",
    "-fopenmp-simd",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
)
_WIDE = "-mprefer-vector-width=512"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled kernels, or None (with one warning) where no C++ compiler is found or it fails."""
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        warnings.warn("no C++ compiler: training runs on PyTorch operations alone, slowly", stacklevel=2)
        return None
    flags = (*_FLAGS, _WIDE) if platform.machine() in ("x86_64", "AMD64") else _FLAGS
    key = hashlib.blake2b(digest_size=12)
    for part in (_SOURCE.read_bytes(), " ".join((compiler, *flags)).encode(), _processor().encode()):
        key.update(part)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "codelength"
    target = cache / f"training-kernels-{key.hexdigest()}.so"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # Built beside its final name and renamed: two processes that start together both find a whole file.
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            built = Path(scratch) / "kernels.so"
            command = [compiler, "-std=c++17", *flags, "-o", str(built), str(_SOURCE)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode != 0:
                warnings.warn(f"{compiler} failed, training runs slowly: {result.stderr[:400]}", stacklevel=2)
                return None
            built.replace(target)
    return ctypes.CDLL(str(target))


def call(name: str, *arguments: int | float | torch.Tensor) -> None:
    """Calls one kernel: int as int64_t, float as float, tensor as pointer to its first element."""
    loaded = library()
    if loaded is None:
        raise RuntimeError("the kernels are not available")
    converted: list[object] = []
    for argument in arguments:
        if isinstance(argument, torch.Tensor):
            if not argument.is_contiguous() or argument.dtype not in (torch.float32, torch.int32):
                raise TypeError(f"{name}: wants contiguous float32 or int32, got {argument.dtype}")
            converted.append(ctypes.c_void_p(argument.data_ptr()))
        elif isinstance(argument, int):
            converted.append(ctypes.c_int64(argument))
        else:
            converted.append(ctypes.c_float(argument))
    getattr(loaded, name)(*converted)


def usable(tensor: torch.Tensor) -> bool:
    """Whether the kernels can work on this tensor, as float32; else its PyTorch reference does."""
    return (
        tensor.device.type == "cpu"
        and tensor.dtype in (torch.float32, torch.bfloat16)
        and library() is not None
    )


def apply(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    """`function.apply`, which PyTorch leaves without types."""
    return function.apply(*arguments)  # type: ignore[no-untyped-call]
