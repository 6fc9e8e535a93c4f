"""A model in this process: llama.cpp by `xllamacpp`, through the doors of every provider. Needs the extra `local`.

>>> from synqc.llm.providers.local import LocalModel
>>> LocalModel("/models/mine.gguf").name
'local:mine'
"""

from synqc.llm.providers.local.bounds import bounded
from synqc.llm.providers.local.engine import NotEnoughMemory
from synqc.llm.providers.local.memory import MemoryEstimate, memory_of, resident_mb
from synqc.llm.providers.local.model import LocalModel
from synqc.llm.providers.local.settings import LocalModelSettings

__all__ = [
    "LocalModel",
    "LocalModelSettings",
    "MemoryEstimate",
    "NotEnoughMemory",
    "bounded",
    "memory_of",
    "resident_mb",
]
