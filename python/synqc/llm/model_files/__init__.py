"""Files of language models: which are known, where they lie, and how they are got; each is accepted by its hash alone.

>>> from synqc.llm.model_files import model_named
>>> model_named("qwen2.5-coder-1.5b").licence
'Apache-2.0'
"""

from synqc.llm.model_files.components import (
    Component,
    component_folder,
    component_named,
    get_component,
    known_components,
    model_or_component_named,
    remove_component,
)
from synqc.llm.model_files.directory import Installed, ModelDirectory
from synqc.llm.model_files.download import download
from synqc.llm.model_files.errors import ModelFileDamaged, ModelSourceFailed, NoRoomForModel, NoSuchModel
from synqc.llm.model_files.lock import HubSource, IndexSource, ModelFile, known_models, model_named

__all__ = [
    "Component",
    "HubSource",
    "IndexSource",
    "Installed",
    "ModelDirectory",
    "ModelFile",
    "ModelFileDamaged",
    "ModelSourceFailed",
    "NoRoomForModel",
    "NoSuchModel",
    "component_folder",
    "component_named",
    "download",
    "get_component",
    "known_components",
    "known_models",
    "model_named",
    "model_or_component_named",
    "remove_component",
]
