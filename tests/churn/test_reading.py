"""Files as strangers write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from churn.columns import Kind, read_schema, typed
from churn.label import read_label
from churn.problems import NoSuchColumn, UnclearLabel, UnreadableTable
from churn.reading import column_named, read_table


def _file(folder: Path, raw: bytes) -> Path:
    file = folder / "table.csv"
    file.write_bytes(raw)
    return file


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_usual_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = [delimiter.join(["name", "price", "left"])]
    lines += [delimiter.join([f"n{n}", str(n), "no"]) for n in range(5)]
    frame, source = read_table(_file(tmp_path, "\n".join(lines).encode()))
    assert source.delimiter == delimiter
    assert list(frame.columns) == ["name", "price", "left"]


def test_decimal_commas_in_a_semicolon_file_are_numbers(tmp_path: Path) -> None:
    raw = "price;count\n" + "\n".join(f"{n},5;{n}.{n:03}" for n in range(1, 40))
    frame, _ = read_table(_file(tmp_path, raw.encode()))
    schema = read_schema(frame)
    table, _ = typed(frame, schema)
    assert [column.decimal for column in schema.columns] == [",", ","]
    assert table["price"].iloc[0] == 1.5
    assert table["count"].iloc[0] == 1001.0  # 1.001 is a thousand and one in such a file


@pytest.mark.parametrize(
    ("encoding", "bom"), [("utf-8-sig", b""), ("utf-16", b""), ("cp1252", b""), ("utf-8", b"")]
)
def test_byte_order_marks_and_old_encodings_are_read(
    tmp_path: Path, encoding: str, bom: bytes
) -> None:
    raw = bom + 'Été,Größe\r\n"a, b",1\r\nc,2\r\n'.encode(encoding)
    frame, _ = read_table(_file(tmp_path, raw))
    assert list(frame.columns) == ["Été", "Größe"]
    assert frame.iloc[0, 0] == "a, b"


def test_row_names_without_a_header_do_not_shift_the_columns(tmp_path: Path) -> None:
    frame, _ = read_table(_file(tmp_path, b'"x","y"\n"1",5,6\n"2",7,8\n'))
    assert frame["y"].tolist() == ["6", "8"]


def test_a_line_with_too_many_fields_is_skipped_and_counted(tmp_path: Path) -> None:
    frame, source = read_table(_file(tmp_path, b"a,b\n1,2\n3,4,5,6\n7,8\n9,10\n"))
    assert (len(frame), source.rows_skipped) == (3, 1)


@pytest.mark.parametrize("raw", [b"", b"only one column\n1\n2\n", b"a,b\n", b"\x00\x01\x02,\n"])
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(UnreadableTable):
        read_table(_file(tmp_path, raw))


def test_a_missing_file_and_column_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTable, match=r"nowhere\.csv"):
        read_table(tmp_path / "nowhere.csv")
    frame, _ = read_table(_file(tmp_path, b"Churn,b\nyes,2\nno,3\n"))
    assert column_named(frame, " churn", "label") == "Churn"
    with pytest.raises(NoSuchColumn, match="Churn, b"):
        column_named(frame, "left", "label")


def _series(tmp_path: Path, values: list[str]) -> tuple[object, Kind]:
    lines = [f"{value};{n}" for n, value in enumerate(values)]
    frame, _ = read_table(_file(tmp_path, ("x;y\n" + "\n".join(lines)).encode()))
    column = read_schema(frame).columns[0]
    table, _ = typed(frame, read_schema(frame))
    return table["x"].iloc[0], column.kind


@pytest.mark.parametrize(
    ("values", "first", "kind"),
    [
        (["$1,200.50", "$3.10", ""], 1200.5, Kind.NUMBER),
        (["12 %", "7 %", "9 %"], 12.0, Kind.NUMBER),
        (["1 234", "5", "6 000"], 1234.0, Kind.NUMBER),
        (["NA", "3", "?", "4"], None, Kind.NUMBER),
        (["1970-01-02", "1971-01-01", "1972-05-05"], 1.0, Kind.DATE),
        (["02/01/1970", "25/12/2020", "13/05/2021"], 1.0, Kind.DATE),
        (["01/02/1970", "12/25/2020", "05/13/2021"], 1.0, Kind.DATE),
        (["02.01.1970", "25.12.2020", "13.05.2021"], 1.0, Kind.DATE),
        (["1970-01-02T12:00:00Z", "2021-01-01T00:00:00Z", ""], 1.5, Kind.DATE),
        (["00123", "04711", "00999"], "00123", Kind.CATEGORY),
        (["Yes", "No", "Yes"], "Yes", Kind.CATEGORY),
        (["None", "DSL", "Fiber"], "None", Kind.CATEGORY),
    ],
)
def test_values_mean_what_a_person_would_say(
    tmp_path: Path, values: list[str], first: object, kind: Kind
) -> None:
    found, found_kind = _series(tmp_path, values)
    assert found_kind is kind
    if first is None:
        assert found != found
    else:
        assert found == first


def test_ids_constants_copies_and_prose_are_left_out_with_a_reason(tmp_path: Path) -> None:
    rows = [
        f"U{n:05},{n},same,{n % 7},{n % 7},{'ab'[n % 2]},{'xy'[n % 2]},"
        f"The customer said thing number {n} about it,"
        for n in range(100)
    ]
    header = "user,row,fixed,visits,visits_again,group,group_again,comment,nothing"
    frame, _ = read_table(_file(tmp_path, "\n".join([header, *rows]).encode()))
    schema = read_schema(frame)
    assert schema.names == ["visits", "group"]
    assert {gone.name: gone.why for gone in schema.left_out} == {
        "user": "id_like",
        "row": "id_like",
        "fixed": "constant",
        "visits_again": "duplicate",
        "group_again": "duplicate",
        "comment": "id_like",
        "nothing": "empty",
    }


def test_later_rows_may_lack_columns_have_others_and_stand_in_another_order(
    tmp_path: Path,
) -> None:
    frame, _ = read_table(
        _file(tmp_path, b"a,b\n" + b"".join(b"%d,x\n1,y\n" % n for n in range(9)))
    )
    schema = read_schema(frame)
    other, _ = read_table(_file(tmp_path, b"new,b\n5,z\n6,x\n"))
    table, differences = typed(other, schema)
    assert (differences.missing, differences.extra) == (("a",), ("new",))
    assert table["b"].tolist() == ["z", "x"]
    assert table["a"].isna().all()


@pytest.mark.parametrize(
    ("values", "positive", "said"),
    [
        (["Yes", "No"], "", "Yes"),
        (["1", "0"], "", "1"),
        (["1.0", "0.0"], "", "1"),
        (["TRUE", "FALSE"], "", "TRUE"),
        (["Attrited Customer", "Existing Customer"], "", "Attrited Customer"),
        (["-1", "1"], "", "1"),
        (["weg", "retained"], "", "weg"),
        (["1", "2"], "2.0", "2"),
        (["gold", "silver", "left us"], "LEFT US", "left us"),
    ],
)
def test_the_outcome_is_understood_however_it_is_spelt(
    tmp_path: Path, values: list[str], positive: str, said: str
) -> None:
    lines = [f"{value},1" for value in [*values, "", "NA"]]
    frame, _ = read_table(_file(tmp_path, ("y,x\n" + "\n".join(lines)).encode()))
    left, label = read_label(frame["y"], "y", positive)
    assert label.positive == said
    assert label.rows_without == 2
    assert int((left == 1).sum()) == 1


@pytest.mark.parametrize(
    ("values", "positive", "remedy"),
    [
        (["apple", "pear"], "", "--positive"),
        (["yes", "yes"], "", "Add rows of the other kind"),
        (["yes", "yes"], "yes", "Add rows of the other kind"),
        (["yes", "no"], "maybe", "'yes', 'no'"),
        (["", ""], "", "no value"),
        (["a", "b", "c"], "", "--positive"),
    ],
)
def test_an_unclear_outcome_is_refused_with_the_remedy(
    tmp_path: Path, values: list[str], positive: str, remedy: str
) -> None:
    lines = [f"{value},1" for value in values]
    frame, _ = read_table(_file(tmp_path, ("y,x\n" + "\n".join(lines)).encode()))
    with pytest.raises(UnclearLabel, match=remedy):
        read_label(frame["y"], "y", positive)
