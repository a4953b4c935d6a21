import re
from pathlib import Path

import pytest

import chipsim.errors
from chipsim.errors import InputError, Place
from chipsim.inputs import citations

PACKAGE = Path(chipsim.errors.__file__).parent
NEEDED = {
    "article": {"author", "title", "journal", "year"},
    "inproceedings": {"author", "title", "booktitle", "year"},
    "misc": {"author", "title", "year"},
}


def test_every_entry_has_what_identifies_the_work():
    for key in sorted(citations.keys()):
        entry = citations.entry(key)
        assert NEEDED[entry["kind"]] <= entry.keys(), key
        assert entry.keys() & {"doi", "url"}, key
        assert re.fullmatch(r"(19|20)\d\d", entry["year"]), key
        assert re.fullmatch(r"10\.\d{4,}/\S+", entry.get("doi", "10.1000/x")), key


def test_keys_end_in_the_year_of_the_work():
    for key in sorted(citations.keys()):
        assert citations.entry(key)["year"] in key


def test_every_at_sign_of_the_file_is_an_entry():
    text = PACKAGE.joinpath("inputs", "references.bib").read_text("utf-8")
    assert len(re.findall(r"^@", text, re.MULTILINE)) == len(citations.keys())


def test_no_work_stands_twice():
    entries = [citations.entry(key) for key in sorted(citations.keys())]
    dois = [entry["doi"].lower() for entry in entries if "doi" in entry]
    assert len(dois) == len(set(dois))


def test_the_sources_that_the_device_presets_name_are_in_the_bibliography():
    cited = {
        key
        for path in PACKAGE.joinpath("devices", "presets").glob("*.yaml")
        for key in re.findall(r"source: ([A-Z]\w+[0-9]{4}\w*)", path.read_text("utf-8"))
    }
    assert cited <= citations.keys()


def test_the_sources_that_docstrings_name_are_in_the_bibliography():
    cited = {
        key
        for path in PACKAGE.rglob("*.py")
        for sources in re.findall(r"\*?Sources?\*?: ([^\n]*)", path.read_text("utf-8"))
        for key in re.findall(r"\b[A-Z][A-Za-z]+(?:19|20)[0-9]{2}[A-Za-z]*\b", sources)
    }
    assert cited <= citations.keys()


def test_a_work_reads_as_one_line():
    assert citations.text("Fusi2007") == (
        "Fusi and Abbott (2007). Limits on the memory storage capacity of bounded synapses. "
        "Nature Neuroscience. https://doi.org/10.1038/nn1859"
    )
    assert citations.text("Athena2024").startswith("Athena et al. (2024). Demonstration of transfer learning")
    assert all("{" not in citations.text(key) for key in sorted(citations.keys()))


def test_an_unknown_key_is_answered_with_the_nearest_one():
    with pytest.raises(InputError) as caught:
        citations.check(["Fusi2007", "Fusi2008", "Gong2022"], Place("a.yaml", 3, 4))
    assert [fault.headline() for fault in caught.value.faults] == [
        "a.yaml:3:4: error[E033]: unknown citation key 'Fusi2008'; did you mean 'Fusi2007'?"
    ]
    with pytest.raises(InputError):
        citations.entry("Nobody1900")


def test_bibtex_of_some_keys_is_read_back_the_same():
    keys = ["Gong2022", "Fusi2007"]
    again = citations.parse(citations.bibtex(keys))
    assert list(again) == sorted(keys)
    assert all(dict(again[key]) == citations.entry(key) for key in keys)


def test_a_key_that_stands_twice_is_an_error():
    with pytest.raises(ValueError, match="citation key 'A2000' stands twice"):
        citations.parse("@misc{A2000,\n  title = {x}\n}\n" * 2)


def test_an_entry_that_was_handed_out_can_be_changed_without_harm():
    citations.entry("Fusi2007")["title"] = "other"
    assert citations.entry("Fusi2007")["title"].startswith("Limits")
