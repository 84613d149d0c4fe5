"""Causal language models of the Hugging Face hub as predictors: `CausalLM`, by name or path.

The modules, in the order in which a document passes them: `settings` reads what was asked for, `loading`
gets model and `tokenizer`, `identity` says which they are, `spans` cuts a document in tokens and raw bytes,
`windows` says which tokens see which, `scoring` runs the model over windows, `predictor` puts lengths
together.
`stepping` is the same model token by token, for archives. What needs torch loads it only when it is called.
"""

from codelength.predictors.causal_lm.predictor import CausalLM
from codelength.predictors.causal_lm.settings import Settings

__all__ = ["CausalLM", "Settings"]
