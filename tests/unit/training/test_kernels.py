"""Each fused operation against its PyTorch reference, forward and backward."""

import pytest

torch = pytest.importorskip("torch")

from codelength.training import kernels, pointwise, scan  # noqa: E402

pytestmark = pytest.mark.skipif(kernels.library() is None, reason="no C++ compiler")

B, T, D = 3, 37, 20
"""Streams, bytes of a window, width: none a multiple of a vector or of the kernel's stretch of 16."""


@pytest.fixture
def age():
    """Documents that start at a window's first byte, inside it, twice in a row, and not at all."""
    counts = torch.arange(T, dtype=torch.int32).repeat(B, 1)
    counts[0] += 5
    counts[1, 11:] -= 11
    counts[1, 12:] -= 1
    return counts.clamp(max=8)


def random(*shape):
    return torch.randn(*shape).requires_grad_()


def check(fused, reference, inputs, others):
    """Same outputs and same gradients of a random linear function of the outputs."""
    results = []
    for operation in (fused, reference):
        outputs = operation(*inputs, *others)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        torch.manual_seed(1)
        total = sum((torch.randn_like(output) * output).sum() for output in outputs)
        results.append((*outputs, *torch.autograd.grad(total, inputs)))
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_gated_scan(age):
    inputs = (random(B, T, 3 * D), random(B, D))
    check(
        lambda raw, first: scan.gated_scan(raw, age, first),
        lambda raw, first: scan.gated_scan_reference(raw, age, first),
        inputs,
        (),
    )


def test_gated_scan_is_the_recurrence_step_by_step(age):
    raw, state = torch.randn(B, T, 3 * D), torch.randn(B, D)
    out, last = scan.gated_scan(raw, age, state)
    for t in range(T):
        forget, candidate, gate = raw[:, t].chunk(3, -1)
        state = state * (age[:, t] > 0).unsqueeze(-1)
        state = forget.sigmoid() * state + (1 - forget.sigmoid()) * candidate.tanh()
        torch.testing.assert_close(out[:, t], gate.sigmoid() * state, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(last, state, rtol=1e-4, atol=1e-5)


def test_gated_scan_survives_extreme_inputs(age):
    raw = torch.full((B, T, 3 * D), 1e4)
    raw[:, ::2] = -1e4
    raw.requires_grad_()
    out, _ = scan.gated_scan(raw, age, torch.zeros(B, D))
    (gradient,) = torch.autograd.grad(out.sum(), raw)
    assert out.isfinite().all()
    assert gradient.isfinite().all()
    assert out.abs().max() <= 1


def test_linear_recurrence_and_its_gradient():
    torch.manual_seed(0)
    decay, inputs = torch.rand(2, 11, 3, dtype=torch.float64), torch.randn(2, 11, 3, dtype=torch.float64)
    decay[0, 4] = 0
    first = torch.randn(2, 3, dtype=torch.float64)
    state, steps = first, []
    for t in range(11):
        state = decay[:, t] * state + inputs[:, t]
        steps.append(state)
    torch.testing.assert_close(scan.linear_recurrence(decay, inputs, first), torch.stack(steps, 1))
    arguments = tuple(each.requires_grad_() for each in (decay, inputs, first))
    assert torch.autograd.gradcheck(scan.linear_recurrence, arguments)


def test_matrix_scan(age):
    n_heads, n_keys, n_values = 2, 5, 9
    forget = torch.rand(B, T, n_heads, n_keys).requires_grad_()
    inputs = (
        forget,
        random(B, T, n_heads, n_keys),
        random(B, T, n_heads, n_values),
        random(B, n_heads, n_keys, n_values),
    )
    check(
        lambda f, q, v, first: scan.matrix_scan(f, q, v, age, first),
        lambda f, q, v, first: scan.matrix_scan_reference(f, q, v, age, first),
        inputs,
        (),
    )


@pytest.mark.parametrize("n_taps", [1, 2, 4])
def test_short_convolution(age, n_taps):
    inputs = (random(B, T, D), random(n_taps, D))
    tail = torch.randn(B, n_taps - 1, D)
    check(
        lambda x, weight: scan.short_convolution(x, weight, age, tail)[0],
        lambda x, weight: scan.short_convolution_reference(x, weight, age, tail),
        inputs,
        (),
    )


def test_short_convolution_of_two_windows_is_that_of_one(age):
    x, weight, tail = torch.randn(B, T, D), torch.randn(4, D), torch.randn(B, 3, D)
    whole, whole_tail = scan.short_convolution(x, weight, age, tail)
    first, tail = scan.short_convolution(x[:, :2], weight, age[:, :2].contiguous(), tail)
    second, tail = scan.short_convolution(x[:, 2:], weight, age[:, 2:].contiguous(), tail)
    torch.testing.assert_close(torch.cat((first, second), 1), whole)
    torch.testing.assert_close(tail, whole_tail)


def test_rms_norm():
    check(
        pointwise.rms_norm, lambda x: torch.nn.functional.rms_norm(x, (D,), eps=1e-6), (random(B, T, D),), ()
    )


def test_swiglu():
    def reference(pair):
        gate, value = pair.chunk(2, -1)
        return torch.nn.functional.silu(gate) * value

    check(pointwise.swiglu, reference, (random(B, T, 2 * D),), ())


def test_a_wrong_type_never_reaches_the_kernel():
    with pytest.raises(TypeError):
        kernels.call("rms_norm_forward", 1, 4, 1e-6, torch.zeros(4, dtype=torch.float64))


def test_without_a_compiler_the_references_work(monkeypatch):
    monkeypatch.setattr(kernels, "library", lambda: None)
    raw, age = random(2, 4, 6), torch.arange(4, dtype=torch.int32).repeat(2, 1)
    out, last = scan.gated_scan(raw, age, torch.zeros(2, 2))
    reference, _ = scan.gated_scan_reference(raw, age, torch.zeros(2, 2))
    assert torch.equal(out, reference)
    assert last.shape == (2, 2)


def test_a_failing_compiler_is_said_and_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("CXX", "false")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernels.library.cache_clear()
    try:
        with pytest.warns(UserWarning, match="training runs slowly"):
            assert kernels.library() is None
    finally:
        kernels.library.cache_clear()
