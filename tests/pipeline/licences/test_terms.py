"""Licences by name, and what several of them make together."""

import pytest

from pipeline.licences.terms import allows_commercial, combined, needs_attribution, terms_of


@pytest.mark.parametrize(
    ("written", "name", "commercial", "attribution"),
    [
        ("CC0 1.0", "cc0-1.0", "yes", False),
        ("CC0", "cc0-1.0", "yes", False),
        ("Public Domain", "cc0-1.0", "yes", False),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0", "yes", False),
        ("CC BY 4.0", "cc-by-4.0", "yes", True),
        ("CC BY 3.0 US", "cc-by-3.0", "yes", True),
        ("Creative Commons Attribution 4.0 International", "cc-by-4.0", "yes", True),
        ("cc-by-sa-4.0", "cc-by-sa-4.0", "yes", True),
        ("CC BY-NC 4.0", "cc-by-nc-4.0", "no", True),
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/", "cc-by-nc-sa-3.0", "no", True),
        ("Creative Commons Attribution-NonCommercial 3.0 Unported", "cc-by-nc-3.0", "no", True),
        ("cc-by-nd-4.0", "cc-by-nd-4.0", "no", True),  # a mixed clip is a derivative
        ("Apache License 2.0", "apache-2.0", "yes", True),
        ("MIT License", "mit", "yes", True),
        ("research only", "research only", "no", True),
        ("free for non-commercial use", "free for non-commercial use", "no", True),
        ("unknown", "unknown", "unknown", True),
        ("", "unknown", "unknown", True),
        ("my own", "my own", "unknown", True),
    ],
)
def test_names(written: str, name: str, commercial: str, attribution: bool) -> None:
    assert [terms.name for terms in terms_of(written)] == [name]
    assert allows_commercial(written) == commercial
    assert needs_attribution(written) is attribution


@pytest.mark.parametrize(
    ("joined", "commercial"),
    [
        ("CC0 1.0+CC BY-NC 4.0", "no"),
        ("cc-by-4.0 AND unknown", "unknown"),
        ("unknown AND cc-by-nc-4.0", "no"),
        ("CC0 1.0+CC BY 4.0", "yes"),
    ],
)
def test_of_several_the_strictest_counts(joined: str, commercial: str) -> None:
    assert allows_commercial(joined) == commercial


@pytest.mark.parametrize(
    ("own", "parts", "expected"),
    [
        ("cc-by-4.0", [], "cc-by-4.0"),
        ("cc-by-4.0", ["CC0 1.0", "Public Domain", "CC BY 3.0", "Apache-2.0"], "cc-by-4.0"),
        ("cc0-1.0", ["Apache-2.0", "MIT"], "cc0-1.0"),
        ("cc0-1.0", ["CC BY 4.0"], "cc-by-4.0"),
        ("mit", ["CC BY 4.0"], "mit"),
        ("cc-by-4.0", ["CC BY-SA 4.0"], "cc-by-sa-4.0"),
        ("cc-by-4.0", ["CC BY-NC 4.0"], "cc-by-nc-4.0"),
        ("cc-by-4.0", ["CC BY-NC 4.0", "CC BY-NC-SA 4.0"], "cc-by-nc-sa-4.0"),
        ("cc-by-4.0", ["CC BY-SA 4.0", "CC BY-NC 4.0"], "cc-by-nc-4.0 AND cc-by-sa-4.0"),
        ("cc-by-nc-4.0", ["CC BY-SA 4.0"], "cc-by-nc-4.0 AND cc-by-sa-4.0"),
        ("mit", ["CC BY-SA 4.0"], "mit AND cc-by-sa-4.0"),
        ("cc-by-4.0", ["unknown"], "cc-by-4.0 AND unknown"),
        ("cc-by-4.0", ["CC0 1.0+unknown"], "cc-by-4.0 AND unknown"),
        ("cc-by-4.0", ["my own"], "cc-by-4.0 AND my own"),
        ("cc-by-sa-4.0", ["odbl-1.0"], "cc-by-sa-4.0 AND odbl-1.0"),
        ("odbl-1.0", ["CC BY-SA 4.0"], "odbl-1.0 AND cc-by-sa-4.0"),
        ("cc-by-sa-4.0", ["CC BY-SA 3.0", "CC BY 4.0"], "cc-by-sa-4.0"),
        (
            "cc-by-4.0",
            ["http://creativecommons.org/licenses/sampling+/1.0/"],
            "cc-by-4.0 AND http://creativecommons.org/licenses/sampling+/1.0/",
        ),
    ],
)
def test_what_is_mixed_into_a_work_counts(own: str, parts: list[str], expected: str) -> None:
    assert combined(own, parts) == expected
    assert combined(own, parts[::-1]) == expected
    assert combined(expected, parts) == expected
