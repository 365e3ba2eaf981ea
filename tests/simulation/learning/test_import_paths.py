import pytest

from modelcollapse.errors import LearnerError
from modelcollapse.simulation.learning.import_paths import (
    check_texts,
    class_and_version,
    imported,
    library_version,
    refusing,
)


def test_what_is_there_is_imported():
    assert imported("tests.naive:__name__", "thing") == "tests.naive"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("no_such_package:X", "Found no thing at 'no_such_package:X': ModuleNotFoundError"),
        ("tests.naive:not_there", "Found no thing at 'tests.naive:not_there': AttributeError"),
        ("tests/naive:X", "expected package.module:Class"),
        ("tests.naive:", "expected package.module:Class"),
    ],
)
def test_what_is_not_there_is_one_line(path, words):
    with pytest.raises(LearnerError) as refused:
        imported(path, "thing")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_versions_are_those_of_libraries():
    assert library_version("modelcollapse.forest:X") is None
    assert library_version("tests.naive:X") is None
    assert library_version("sklearn.svm:SVC").count(".") == 1
    assert class_and_version(LearnerError) == "modelcollapse.errors:LearnerError"


def test_texts_that_change_are_refused():
    check_texts("It", {"good": "0.5", "word": "'at 0x'"})
    with pytest.raises(LearnerError, match="It: found odd=<object object at 0x"):
        check_texts("It", {"odd": repr(object())})


def test_whatever_is_raised_is_one_line():
    with pytest.raises(LearnerError, match=r"^It: KeyError: 'x'\.$"), refusing("It"):
        raise KeyError("x")
    with pytest.raises(LearnerError, match=r"^It: no\.$"), refusing("It"):
        raise ValueError("no.")
