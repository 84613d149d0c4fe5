"""Archives of a float language model: exact, but only on the stack that wrote them.

They are frames of their own (`container`), which name the model and all that its numbers depend on; a
document is cut in blocks (`blocks`), which are coded side by side (`rows`).
"""

from codelength.codec.language_model.archive import compress_with_model, decompress_with_model
from codelength.codec.language_model.container import MAGIC

__all__ = ["MAGIC", "compress_with_model", "decompress_with_model"]
