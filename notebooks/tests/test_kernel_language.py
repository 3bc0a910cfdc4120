"""The kernel knows all of Rust though its analyzer reads a smaller copy of Rust's
sources: completion with Tab, inspection with Shift-Tab, and cells as before."""

import pytest
from conftest import Kernel

DEPENDENCY = ':dep analysis-lib = { path = "../analysis-lib" }\nuse analysis_lib::*;'


@pytest.fixture(scope="module")
def session():
    kernel = Kernel({})
    assert kernel.run(DEPENDENCY).stderr == ""
    yield kernel
    kernel.close()


def ask(session, request, code):
    """The kernel's answer about the end of this code."""
    asked = getattr(session.client, request)(code, len(code))
    while (reply := session.client.get_shell_msg(timeout=120))["parent_header"].get("msg_id") != asked:
        pass
    assert reply["content"]["status"] == "ok", reply["content"]
    return reply["content"]


@pytest.mark.parametrize(
    ("code", "completed"),
    [
        ("let mut v = vec![1.5]; v.sort_un", {"sort_unstable", "sort_unstable_by", "sort_unstable_by_key"}),
        ("Vec::with_cap", {"with_capacity"}),
        ("String::from(\"a\").to_upper", {"to_uppercase"}),
        ("let s = String::new(); s.char_ind", {"char_indices"}),
        ("[1, 2].iter().fil", {"filter", "filter_map"}),
        ("7_i64.check", {"checked_add", "checked_div", "checked_pow"}),
        ("std::collections::HashMap::<u8, u8>::new().contains_k", {"contains_key"}),
        ("std::thread::spa", {"spawn"}),
        ("plot::online_mem", {"online_members"}),
        ("let activity = Activity::sample()?; activity.last_h", {"last_hours"}),
    ],
)
def test_tab_completes(session, code, completed):
    matches = ask(session, "complete", code)["matches"]
    assert completed <= {match.split("(")[0] for match in matches}, matches


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("Vec::<i32>::with_capacity", ["fn with_capacity(capacity: usize)", "at least the specified capacity"]),
        ("String::from_utf8", ["fn from_utf8(vec: Vec<u8>)", "Converts a vector of bytes"]),
        ("Iterator::enumerate", ["fn enumerate(self)", "gives the current iteration count"]),
        ("i32::pow", ["fn pow(self, mut exp: u32) -> Self", "Raises self to the power of"]),
        ("plot::online_members", ["fn online_members(", "Figure"]),
    ],
)
def test_shift_tab_shows_what_something_is(session, code, says):
    shown = ask(session, "inspect", code)
    assert shown["found"]
    for words in says:
        assert words in shown["data"]["text/plain"].replace("`", ""), shown["data"]["text/plain"]


@pytest.mark.parametrize(
    ("cell", "printed"),
    [
        (
            "use std::thread;\nlet workers: Vec<_> = (0..3).map(|n| thread::spawn(move || n * n)).collect();\n"
            'println!("{:?}", workers.into_iter().map(|w| w.join().unwrap()).collect::<Vec<i32>>());',
            "[0, 1, 4]\n",
        ),
        (
            "use std::collections::{BTreeMap, HashMap};\n"
            'let mut seen = HashMap::from([("a", 1)]); *seen.entry("a").or_insert(0) += 1;\n'
            'println!("{:?}", seen.iter().collect::<BTreeMap<_, _>>());',
            '{"a": 2}\n',
        ),
        (
            'let add: Box<dyn Fn(i32) -> i32> = { let by = 2; Box::new(move |n| n + by) };\nprintln!("{}", add(3));',
            "5\n",
        ),
        (
            "#[derive(Clone, Debug, PartialEq)]\nstruct Room { name: String, people: Vec<u8> }\n"
            "trait Full { fn full(&self) -> bool; }\n"
            "impl Full for Room { fn full(&self) -> bool { self.people.len() > 1 } }\n"
            'let room = Room { name: "hall".into(), people: vec![1, 2] };\nprintln!("{room:?} {}", room.full());',
            'Room { name: "hall", people: [1, 2] } true\n',
        ),
        ('let wide = std::arch::is_x86_feature_detected!("sse2");\nprintln!("{wide}");', "true\n"),
    ],
)
def test_a_cell_of_any_kind_runs(session, cell, printed):
    output = session.run(cell)
    assert output.stdout == printed, output.stderr
    # Its variables are kept with their types, which the analyzer found.
    assert session.run("").stderr == ""


def test_what_a_cell_defined_is_known_in_the_next(session):
    cell = 'let kept = vec![("a", 1.5_f32)];\nlet counted = kept.iter().map(|k| k.1).sum::<f32>();'
    assert session.run(cell).stderr == ""
    assert session.run('println!("{} {}", kept.len(), counted);').stdout == "1 1.5\n"


def test_result_and_error_are_the_cells_own(session):
    cell = "fn half(s: &str) -> Result<i32, std::num::ParseIntError> { s.parse::<i32>().map(|n| n / 2) }"
    assert session.run(cell).stderr == ""
    assert session.run('println!("{:?}", half("8"));').stdout == "Ok(4)\n"


def test_another_crate_can_be_used(session, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text("/// Twice a number.\npub fn twice(n: i32) -> i32 { 2 * n }\n")
    (tmp_path / "Cargo.toml").write_text('[package]\nname = "other"\nversion = "0.1.0"\nedition = "2024"\n')
    output = session.run(f':dep other = {{ path = "{tmp_path}" }}\nlet four = other::twice(2);\nprintln!("{{four}}");')
    assert output.stdout == "4\n", output.stderr
    assert "twice" in str(ask(session, "complete", "other::tw")["matches"])
    # What was known before still is.
    assert "sort_unstable" in str(ask(session, "complete", "let mut v = vec![1]; v.sort_un")["matches"])
