from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from auditor.config import Settings, load_settings
from auditor.errors import ConfigError
from tests.config.sample import ENVIRON

Load = Callable[..., Settings]
Refusal = Callable[..., str]


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load settings from text, bytes or plain values."""
    path = tmp_path_factory.mktemp("settings") / "brand.yaml"

    def _load(
        content: str | bytes | dict[str, Any], environ: Mapping[str, str] = ENVIRON, **needs: bool
    ) -> Settings:
        text = yaml.safe_dump(content) if isinstance(content, dict) else content
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load_settings(path, environ, **needs)

    return _load


@pytest.fixture(scope="session")
def refusal(load: Load) -> Refusal:
    """Load settings that must be refused, and give the sentence after the file's name."""

    def _refusal(
        content: str | bytes | dict[str, Any], environ: Mapping[str, str] = ENVIRON
    ) -> str:
        with pytest.raises(ConfigError) as caught:
            load(content, environ)
        return str(caught.value).split("brand.yaml: ", 1)[1]

    return _refusal
