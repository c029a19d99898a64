"""A process that says it is ready has its language models."""

from tocsin.pipeline.hear import HearFactory
from tocsin.settings import Settings


def test_all_models_are_loaded_before_the_first_post():
    hear = HearFactory(Settings())()
    assert set(hear._extractor._places._recogniser._models) == {"fr", "en"}
    assert hear._extractor._sense._encoder._model is not None
