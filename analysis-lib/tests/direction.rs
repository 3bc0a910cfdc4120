//! Data flows one way, and so do `use` lines.
//!
//! Packages are boundaries that the compiler keeps. Within a package, each room of
//! `src/` stands on a floor and uses rooms below its own, and no files use each
//! other in a circle. Of each room it is said how much code it may have.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was recorded, without files and settings.
const NOUNS: &[&str] = &[
    "activity", "lengths", "origin", "parts", "period", "periods", "rows", "windows", "zone",
];

/// Of each package the rooms, from the bottom up: what a line names may be used by
/// the lines below it. A program is a room of its own.
const PACKAGES: [(&str, &[&[&str]]); 5] = [
    (
        "data/src",
        &[
            &["error", "held", "ids"],
            &["text"],
            NOUNS,
            &["zoneinfo"],
            &["doubts"],
            &["report", "settings"],
            &["store"],
            &["source"],
        ],
    ),
    (
        "src",
        &[
            &["program", "spline"],
            &["names", "post", "pull"],
            &["aggregate"],
            &["plot"],
            &["table"],
        ],
    ),
    ("programs/mongodb/src", &[]),
    ("programs/discord/src", &[]),
    ("programs/png/src", &[]),
];

/// The most lines of code (no comments, blanks, tests) of each package and room,
/// printed by `make lint`. Whoever looks for something reads a room, and what cells
/// reach (`activity-data` and `analysis-lib`) a kernel reads at each start: so to
/// raise a number is a decision, and its reason stands beside it. What shrinks takes
/// its number along.
const CEILINGS: &[(&str, usize, &str)] = &[
    ("all", 21_150, "whoever keeps the project reads all of it"),
    (
        "cells",
        14_900,
        "a kernel reads all of it at each start, and links each cell against it",
    ),
    ("data/src", 4_605, "what cells and programs share"),
    ("data/src/lib", 35, "names alone"),
    ("data/src/error", 25, "one type"),
    ("data/src/held", 35, "one type"),
    ("data/src/ids", 50, "members' and channels'"),
    (
        "data/src/text",
        190,
        "strangers' text, and a table of what can't be seen",
    ),
    (
        "data/src/nouns",
        1_830,
        "windows together and one by one, what they say besides, parts, periods, zones, and the rule of time",
    ),
    (
        "data/src/zoneinfo",
        155,
        "the system's rules of time zones, or else the built-in ones",
    ),
    ("data/src/report", 70, "what a pull prints"),
    (
        "data/src/doubts",
        50,
        "a sentence for each way in which windows can be wrong",
    ),
    ("data/src/settings", 195, "the environment and .env"),
    (
        "data/src/store",
        690,
        "columns as bytes, and files that are written whole or not at all",
    ),
    (
        "data/src/source",
        1_310,
        "a document's rules, files of documents, of rows and of DiscordChatExporter's, and the sample",
    ),
    ("src", 10_300, "what cells import"),
    ("src/lib", 25, "names alone"),
    ("src/program", 275, "starting and building the programs"),
    ("src/spline", 1_115, "SciPy's spline, and the rate's"),
    (
        "src/names",
        755,
        "names of members and channels, from files and from Discord",
    ),
    ("src/post", 20, "handing over to the program that posts"),
    (
        "src/pull",
        330,
        "the programs' columns as windows, and a recorder's file",
    ),
    (
        "src/aggregate",
        1_845,
        "a file a question, and the rows that it gives: who stays, raids and events' effects among them",
    ),
    (
        "src/plot",
        5_045,
        "figures, those of one's own too, newcomers, joins and events in each, and what draws them",
    ),
    (
        "src/table",
        900,
        "tables, of whatever is a cell's last value and of events' effects too",
    ),
    (
        "programs/mongodb/src",
        1_865,
        "what speaks to MongoDB, and merges as windows come",
    ),
    (
        "programs/discord/src",
        4_290,
        "what records from Discord, reads its past, into a file too, and posts to it",
    ),
    ("programs/png/src", 85, "pictures of figures"),
];

fn sources(root: &Path) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(root, &mut found);
    found.sort();
    found
}

fn root(package: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(package)
}

/// A file's module: `src/plot/mod.rs` is `["plot"]`.
fn module(root: &Path, file: &Path) -> Vec<String> {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    parts
        .filter(|part| part != "mod" && part != "lib" && part != "main")
        .collect()
}

/// The lines of code: without comments, blanks and what is for tests alone.
fn code_lines(text: &str) -> Vec<&str> {
    let mut code = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let inner = line.trim();
        if inner == "#[cfg(test)]" {
            let indent = &line[..line.len() - line.trim_start().len()];
            let mut item = lines
                .by_ref()
                .skip_while(|line| line.trim().starts_with("#["));
            if item.next().is_some_and(|first| !first.ends_with(';')) {
                // An item ends with a brace that stands where it begins.
                item.find(|line| {
                    line.strip_prefix(indent)
                        .is_some_and(|line| line.starts_with('}'))
                });
            }
        } else if !inner.is_empty() && !inner.starts_with("//") {
            code.push(line);
        }
    }
    code
}

/// Whether a file is a module for tests alone: its parent says so.
fn is_for_tests(file: &Path) -> bool {
    let name = file.file_stem().unwrap().to_string_lossy();
    let folder = file.parent().unwrap();
    let declared = format!("#[cfg(test)]\nmod {name};");
    let parents = ["mod.rs", "lib.rs", "main.rs"].map(|parent| folder.join(parent));
    let mut parents = parents.into_iter().chain([folder.with_extension("rs")]);
    parents.any(|parent| std::fs::read_to_string(parent).is_ok_and(|text| text.contains(&declared)))
}

/// The code, in one text. Names that a file hands on (`pub use`) stand apart.
fn code(file: &Path) -> (String, String) {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = code_lines(&text).into_iter();
    let lines = lines.map(|line| line.split("//").next().unwrap());
    let all = lines.collect::<Vec<_>>().join("\n");
    let (mut own, mut handed_on) = (String::new(), String::new());
    for statement in all.split_inclusive(';') {
        let use_line = statement.find("pub use ").or_else(|| {
            let visible = statement.find("pub(")?;
            statement[visible..].contains(") use ").then_some(visible)
        });
        match use_line {
            Some(begin) => {
                own += &statement[..begin];
                handed_on += &statement[begin..];
            }
            None => own += statement,
        }
    }
    (own, handed_on)
}

/// Every path that begins with `crate::`, `super::` or one of these modules, braces
/// written out.
fn paths(code: &str, modules: &[&str]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for root in ["crate", "super"].iter().chain(modules) {
        for (place, _) in code.match_indices(&format!("{root}::")) {
            let before = code[..place].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let mut open = Vec::new();
            let mut path = String::new();
            for c in code[place..].chars() {
                match c {
                    '{' if path.ends_with("::") => open.push(path.clone()),
                    ',' | '}' if !open.is_empty() => {
                        paths.insert(path.clone());
                        path.clone_from(&open[open.len() - 1]);
                        if c == '}' {
                            open.pop();
                            path = String::from("crate::");
                            if open.is_empty() {
                                break;
                            }
                        }
                    }
                    _ if c.is_whitespace() && !open.is_empty() => {}
                    _ if c.is_alphanumeric() || c == '_' || c == ':' => path.push(c),
                    _ => {
                        paths.insert(path.clone());
                        break;
                    }
                }
            }
        }
    }
    paths
}

/// The files of a package that each file uses.
fn uses(root: &Path) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let files: Vec<PathBuf> = sources(root)
        .into_iter()
        .filter(|file| !is_for_tests(file))
        .collect();
    let package = Package {
        code: files
            .iter()
            .map(|file| (module(root, file), code(file)))
            .collect(),
        files: files
            .iter()
            .map(|file| (module(root, file), file.clone()))
            .collect(),
    };
    let used = |own: &Vec<String>| {
        let children = package
            .files
            .keys()
            .filter(|module| module.len() == own.len() + 1);
        let children = children.filter(|module| module.starts_with(own));
        let children: Vec<&str> = children.map(|module| &**module.last().unwrap()).collect();
        let used = paths(&package.code[own].0, &children).into_iter();
        let homes = used.filter_map(|path| package.home(own, &path));
        homes
            .filter(|home| home != own && !home.is_empty())
            .map(|home| package.files[&home].clone())
            .collect()
    };
    let own = package.files.keys().filter(|own| !own.is_empty());
    own.map(|own| (package.files[own].clone(), used(own)))
        .collect()
}

/// A package's modules.
struct Package {
    files: BTreeMap<Vec<String>, PathBuf>,
    /// Each module's own code, and the names that it hands on.
    code: BTreeMap<Vec<String>, (String, String)>,
}

impl Package {
    /// The module in which that stands what a module calls by this path.
    fn home(&self, own: &[String], path: &str) -> Option<Vec<String>> {
        let mut base = own.to_vec();
        let mut parts = path.split("::").filter(|part| !part.is_empty()).peekable();
        match parts.peek() {
            Some(&"crate") => base.clear(),
            // A path that begins with a module of one's own.
            Some(part) if *part != "super" => base.push(parts.next()?.to_owned()),
            _ => {}
        }
        for part in parts {
            match part {
                "crate" => {}
                "super" => drop(base.pop()),
                _ => {
                    base.push(part.to_owned());
                    if self.files.contains_key(&base) {
                        continue;
                    }
                    // A name of the module's, which may be handed on from another.
                    base.pop();
                    let (_, handed_on) = self.code.get(&base)?;
                    let from = handed_on.split(';').find(|line| has_word(line, part));
                    let Some(from) = from.and_then(|line| line.split(" use ").nth(1)) else {
                        break;
                    };
                    let path = from.split('{').next()?.trim().trim_end_matches("::");
                    // `pub use parts::Part` names the thing, `pub use parts::{…}` the module.
                    let path = path
                        .strip_suffix(part)
                        .unwrap_or(path)
                        .trim_end_matches("::");
                    return self.home(&base, &format!("{path}::{part}"));
                }
            }
        }
        self.files.contains_key(&base).then_some(base)
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|own| own == word)
}

fn floor(floors: &[&[&str]], room: &str) -> usize {
    let found = floors.iter().position(|rooms| rooms.contains(&room));
    found.unwrap_or_else(|| panic!("{room} stands on no floor; give it one"))
}

#[test]
fn a_room_uses_rooms_below_its_own() {
    let mut up = Vec::new();
    for (package, floors) in PACKAGES.iter().filter(|(_, floors)| !floors.is_empty()) {
        let root = root(package);
        for (file, used) in uses(&root) {
            for target in used {
                let (own, other) = (&module(&root, &file)[0], &module(&root, &target)[0]);
                let are_nouns = [own, other].iter().all(|room| NOUNS.contains(&&***room));
                if own != other && !are_nouns && floor(floors, other) >= floor(floors, own) {
                    up.push(format!("{} uses {}", file.display(), target.display()));
                }
            }
        }
    }
    assert!(up.is_empty(), "these lead back up:\n{}", up.join("\n"));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    for (package, _) in PACKAGES {
        has_no_circle(&root(package));
    }
}

fn has_no_circle(root: &Path) {
    let mut left = uses(root);
    loop {
        let free: Vec<PathBuf> = left
            .iter()
            .filter(|(_, used)| used.iter().all(|file| !left.contains_key(file)))
            .map(|(file, _)| file.clone())
            .collect();
        if free.is_empty() {
            break;
        }
        left.retain(|file, _| !free.contains(file));
    }
    let circle: Vec<String> = left
        .iter()
        .map(|(file, used)| format!("{}: {used:?}", file.display()))
        .collect();
    assert!(
        circle.is_empty(),
        "these are in a circle, or use one:\n{}",
        circle.join("\n")
    );
}

/// Where a reader looks for a method: with its noun, in the one file beside it that
/// may read files and settings, or, of an activity, where parts of it are made.
#[test]
fn methods_of_a_noun_have_known_homes() {
    let homes: [(&str, &[&str]); 2] = [
        (
            "Activity",
            &["activity.rs", "parts.rs", "source/activity.rs"],
        ),
        ("Zone", &["zone.rs", "zoneinfo.rs"]),
    ];
    for (package, _) in PACKAGES {
        let root = root(package);
        for file in sources(&root).iter().filter(|file| !is_for_tests(file)) {
            let code = code_lines(&std::fs::read_to_string(file).unwrap()).join("\n");
            for (noun, homes) in homes {
                let has = ["", "crate::", "super::"]
                    .iter()
                    .any(|path| code.contains(&format!("\nimpl {path}{noun} {{")));
                let is_home =
                    package == "data/src" && homes.iter().any(|home| *file == root.join(home));
                assert!(!has || is_home, "{} has methods of {noun}", file.display());
            }
        }
    }
}

#[test]
fn nouns_know_no_file_no_setting_and_print_nothing() {
    let root = root("data/src");
    for file in sources(&root).iter().filter(|file| {
        let module = module(&root, file);
        module
            .first()
            .is_some_and(|room| NOUNS.contains(&room.as_str()))
    }) {
        let (code, _) = code(file);
        for word in ["println!", "std::fs", "std::env", "std::io", "Settings"] {
            assert!(!code.contains(word), "{} knows {word}", file.display());
        }
    }
}

#[test]
fn paths_are_found_in_every_way_of_writing() {
    let code = "use crate::data::{Activity, time::Zone};\nlet a = crate::plot::escape::clean(b); use super::gaps; fn f(x: crate::Names) -> parts::Part {}";
    let found: Vec<String> = paths(code, &["parts"]).into_iter().collect();
    assert_eq!(
        found,
        [
            "crate::Names",
            "crate::data::Activity",
            "crate::data::time::Zone",
            "crate::plot::escape::clean",
            "parts::Part",
            "super::gaps"
        ]
    );
}

/// Lines of code by package, by room of those that cells reach, of all that cells
/// reach, and of all.
fn sizes() -> BTreeMap<String, usize> {
    let mut sizes = BTreeMap::new();
    for (package, floors) in PACKAGES {
        let root = root(package);
        for file in sources(&root).iter().filter(|file| !is_for_tests(file)) {
            let size = code_lines(&std::fs::read_to_string(file).unwrap()).len();
            let room = module(&root, file)
                .first()
                .cloned()
                .unwrap_or("lib".to_owned());
            let is_noun = package == "data/src" && NOUNS.contains(&&*room);
            let room = if is_noun { "nouns".to_owned() } else { room };
            let cells = (!floors.is_empty()).then(|| "cells".to_owned());
            let room = cells.is_some().then(|| format!("{package}/{room}"));
            for name in ["all".to_owned(), package.to_owned()]
                .into_iter()
                .chain(cells)
                .chain(room)
            {
                *sizes.entry(name).or_default() += size;
            }
        }
    }
    sizes
}

#[test]
fn no_room_has_more_code_than_is_decided() {
    let mut sizes = sizes();
    let mut wrong = Vec::new();
    println!("Lines of code, and the most that are decided:");
    for &(room, most, why) in CEILINGS {
        let size = sizes.remove(room).unwrap_or_default();
        println!("{size:>7} {most:>7}  {room}");
        if size > most {
            wrong.push(format!(
                "{room} has {size} lines of code, more than {most}: {why}"
            ));
        }
        if size == 0 {
            wrong.push(format!("{room} is gone; take its line out"));
        }
    }
    wrong.extend(
        sizes
            .keys()
            .map(|room| format!("{room} has no ceiling; give it one")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_for_tests_and_what_says_nothing_is_no_code() {
    let text = "//! Docs.\nuse a; // kept\n\n#[cfg(test)]\nimpl A {\n    fn b() {}\n}\nfn c() {\n    // Why.\n    d();\n}\n\n#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\nfn e() {}\n";
    assert_eq!(
        code_lines(text),
        ["use a; // kept", "fn c() {", "    d();", "}", "fn e() {}"]
    );
}
