"""Messages about a wrong secret do not contain the secret."""

import pytest
from pydantic import ValidationError

from chalicelib.bootstrap.container import Secrets

URI = "mongodb+srv://somebody:S3cret@host"


def test_a_secret_that_lacks_something_does_not_show_what_it_has() -> None:
    with pytest.raises(ValidationError) as caught:
        Secrets.model_validate({"mongodbUri": URI})
    assert "pseudonymKey" in str(caught.value)
    assert "S3cret" not in str(caught.value)


def test_a_secret_does_not_show_itself() -> None:
    secrets = Secrets.model_validate({"mongodbUri": URI, "pseudonymKey": "abc"})
    assert "S3cret" not in repr(secrets)
    assert secrets.mongodb_uri.get_secret_value() == URI
