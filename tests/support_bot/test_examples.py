from pathlib import Path

import pytest

from support_bot.examples import OOS, BadTable, Example, read_table


def written(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_with_quotes_commas_and_line_breaks(tmp_path: Path) -> None:
    path = written(tmp_path, 'text,label\n"Hello, ""you""\nthere",greet\nbye,leave\n')
    assert read_table(path).examples == [
        Example('Hello, "you"\nthere', "greet"),
        Example("bye", "leave"),
    ]


def test_tsv_whose_quotes_are_only_letters(tmp_path: Path) -> None:
    path = written(tmp_path, 'text\tlabel\n"say hello\ta\nplay "help" now\tb\n5" screen\tc\n')
    assert [e.text for e in read_table(path).examples] == [
        '"say hello',
        'play "help" now',
        '5" screen',
    ]


@pytest.mark.parametrize("header", ["text,intent,lang", "Text,Label,Language", "lang,label,TEXT"])
def test_headers_in_any_order_and_case(tmp_path: Path, header: str) -> None:
    row = {"text": "hi", "label": "greet", "intent": "greet", "lang": "nb", "language": "nb"}
    values = ",".join(row[name.lower()] for name in header.split(","))
    table = read_table(written(tmp_path, f"{header}\n{values}\n"))
    assert table.examples == [Example("hi", "greet", "nb")]
    assert table.has_lang


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_that_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "text;label\r\nété;a\r\n".encode(encoding))
    assert read_table(path).examples == [Example("été", "a")]


def test_other_columns_do_not_disturb(tmp_path: Path) -> None:
    path = written(tmp_path, "id,lang,text,intent,block\n1,de,hallo,greet,x#0\n")
    assert read_table(path).examples == [Example("hallo", "greet", "de")]


@pytest.mark.parametrize("label", ["oos", "OOS", "out_of_scope", "out of scope"])
def test_out_of_scope_by_any_of_its_names(tmp_path: Path, label: str) -> None:
    assert read_table(written(tmp_path, f"text,label\nx,{label}\n")).examples[0].intent == OOS


def test_rows_without_text_or_label_are_counted_and_left_out(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "text,label\n,a\nhi,\nhi,a\nalone\n"))
    assert len(table.examples) == 1
    assert table.skipped == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("where is it\tfind\nhow much\tprice\n", "first line must name the columns"),
        ("text,lang\nhi,en\n", "label"),
        ("text,label\n", "no row"),
    ],
)
def test_what_can_not_be_used_is_said_in_a_sentence(
    tmp_path: Path, content: str, says: str
) -> None:
    with pytest.raises(BadTable) as caught:
        read_table(written(tmp_path, content))
    assert says in caught.value.detail


def test_a_missing_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadTable):
        read_table(tmp_path / "none.csv")
