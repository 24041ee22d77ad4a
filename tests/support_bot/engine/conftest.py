from __future__ import annotations

import pytest

from support_bot.engine.brain import Brain
from support_bot.engine.identify import LanguageIdentifier
from support_bot.engine.training import train
from tests.support_bot.builders import LetterEmbedder, sample_examples, split


@pytest.fixture(scope="session")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier()


@pytest.fixture(scope="session")
def plain_brain(identifier: LanguageIdentifier) -> Brain:
    """Taught four fifths of the sample, by wording alone."""
    taught, _ = split(sample_examples())
    return train(taught, None, identifier)


@pytest.fixture(scope="session")
def embedding_brain(identifier: LanguageIdentifier) -> Brain:
    taught, _ = split(sample_examples())
    return train(taught, LetterEmbedder(), identifier)
