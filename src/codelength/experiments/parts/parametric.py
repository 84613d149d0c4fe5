"""Hoffmann's form of the loss, L(N, D) = E + A / N^alpha + B / D^beta, and its fit.

As in the paper: the Huber loss (delta = 0.001) of log L against the log-sum-exp of a - alpha log N, b - beta
log D and e, with A = exp a, B = exp b, E = exp e, minimised by L-BFGS from a grid of starts. The gradient is
exact, and the losses are summed, not averaged: with averages the optimiser stops too early, which is how the
paper came to its figures (Besiroglu et al. 2024).

Beside it Kaplan's form, in which parameters help little where text is scarce:

    L(N, D) = ((Nc / N)^(alpha_n / alpha_d) + Dc / D)^alpha_d

Sources: J. Kaplan et al., 2020, equation 1.5; J. Hoffmann et al., 2022, section 3.3 and appendix
D.3; T. Besiroglu et al., 2024.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codelength.measure.extras import need

__all__ = ["Coupled", "Law", "fit_coupled", "fit_law", "huber_of"]

HUBER_DELTA = 1e-3
_MOST = 700.0
"""A logarithm whose number is still finite."""
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """The five numbers; losses in the unit of the points."""

    e: float
    a: float
    b: float
    alpha: float
    beta: float

    @property
    def exponent_of_parameters(self) -> float:
        """Of compute in the best number of parameters: N* ∝ C^(beta / (alpha + beta))."""
        return self.beta / (self.alpha + self.beta)

    def __call__(self, parameters: Array, tokens: Array) -> Array:
        """The loss, float64 (n,)."""
        return np.asarray(self.e + self.a / parameters**self.alpha + self.b / tokens**self.beta, np.float64)

    def theta(self) -> Array:
        """What is optimised: log A, log B, log E, alpha, beta."""
        return np.array([math.log(self.a), math.log(self.b), math.log(self.e), self.alpha, self.beta])

    @classmethod
    def of_theta(cls, theta: Array) -> Law:
        """The inverse."""
        a, b, e, alpha, beta = (float(value) for value in theta)
        e, a, b = (math.exp(min(log, _MOST)) for log in (e, a, b))
        return cls(e, a, b, alpha, beta)


def huber_of(theta: Array, log_n: Array, log_d: Array, log_loss: Array) -> tuple[float, Array]:
    """The sum of Huber losses, and its gradient, float64 (5,)."""
    a, b, e, alpha, beta = theta
    terms = np.stack([a - alpha * log_n, b - beta * log_d, np.full_like(log_n, e)])
    top = terms.max(axis=0)
    weights = np.exp(terms - top)
    total = weights.sum(axis=0)
    errors = top + np.log(total) - log_loss
    small = np.abs(errors) <= HUBER_DELTA
    losses = np.where(small, 0.5 * errors**2, HUBER_DELTA * (np.abs(errors) - 0.5 * HUBER_DELTA))
    slopes = np.clip(errors, -HUBER_DELTA, HUBER_DELTA) * weights / total
    gradient = np.array(
        [
            slopes[0].sum(),
            slopes[1].sum(),
            slopes[2].sum(),
            -(slopes[0] * log_n).sum(),
            -(slopes[1] * log_d).sum(),
        ]
    )
    return float(losses.sum()), gradient


def fit_law(parameters: Array, tokens: Array, losses: Array, start: Law | None = None) -> Law:
    """The law with the least Huber loss, from a grid of starts, or from one."""
    optimise: Any = need("scipy.optimize", "lab", "fitting a scaling law")
    data = (np.log(parameters), np.log(tokens), np.log(losses))
    starts = [start.theta()] if start else _grid()
    best: Any = None
    for theta in starts:
        found = _minimise(optimise, theta, data)
        if best is None or found.fun < best.fun:
            best = found
    return Law.of_theta(_minimise(optimise, best.x, data).x)


def _minimise(optimise: Any, theta: Array, data: tuple[Array, Array, Array]) -> Any:
    options = {"maxiter": 3000, "ftol": 1e-15, "gtol": 1e-9}
    return optimise.minimize(huber_of, theta, args=data, jac=True, method="L-BFGS-B", options=options)


def _grid() -> list[Array]:
    """Starts as in the paper, fewer of them."""
    axes = ((0.0, 10.0, 20.0), (0.0, 10.0, 20.0), (0.5,), (0.2, 0.6), (0.2, 0.6))
    return [np.array(point) for point in itertools.product(*axes)]


@dataclass(frozen=True, slots=True)
class Coupled:
    """The four numbers of Kaplan's form."""

    log_n: float
    """Of Nc."""
    log_d: float
    """Of Dc."""
    alpha_n: float
    alpha_d: float

    def __call__(self, parameters: Array, tokens: Array) -> Array:
        """The loss, float64 (n,)."""
        of_n = self.alpha_n / self.alpha_d * (self.log_n - np.log(parameters))
        return np.asarray(np.exp(self.alpha_d * np.logaddexp(of_n, self.log_d - np.log(tokens))))


def fit_coupled(parameters: Array, tokens: Array, losses: Array, start: Coupled | None = None) -> Coupled:
    """Kaplan's form by least squares of log L, from a few starts, or from one."""
    optimise: Any = need("scipy.optimize", "lab", "fitting a scaling law")

    def errors(theta: Array) -> Array:
        return np.asarray(np.log(Coupled(*theta.tolist())(parameters, tokens)) - np.log(losses))

    starts = [astuple(start)] if start else []
    for alphas in () if start else itertools.product((0.05, 0.3), repeat=2):
        logs = (
            float(np.log(x).mean() + np.log(losses).mean() / alpha)
            for x, alpha in zip((parameters, tokens), alphas, strict=True)
        )
        starts.append((*logs, *alphas))
    bounds = ((-np.inf, -np.inf, 1e-3, 1e-3), (np.inf, np.inf, 5.0, 5.0))
    found = [optimise.least_squares(errors, theta, bounds=bounds, x_scale="jac") for theta in starts]
    return Coupled(*min(found, key=lambda each: float(each.cost)).x.tolist())
