//! Data flows one way, and so do `use` lines.
//!
//! Packages are boundaries that the compiler keeps. Within a package, each room of
//! `src/` stands on a floor and uses rooms below its own, and no files use each
//! other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What was recorded, without files and settings.
const NOUNS: &[&str] = &[
    "activity", "calendar", "lengths", "merging", "origin", "parts", "period", "periods", "rows",
    "windows", "written", "zone",
];

/// Of each package the rooms, from the bottom up: what a line names may be used by
/// the lines below it. A program is a room of its own.
const PACKAGES: [(&str, &[&[&str]]); 5] = [
    (
        "data/src",
        &[
            &["error", "held", "member_id"],
            &["text"],
            NOUNS,
            &["zoneinfo"],
            &["report", "settings"],
            &["store"],
            &["source"],
        ],
    ),
    (
        "src",
        &[
            &["program", "spline"],
            &["names", "pull"],
            &["aggregate"],
            &["plot"],
            &["table"],
        ],
    ),
    ("programs/mongodb/src", &[]),
    ("programs/discord/src", &[]),
    ("programs/png/src", &[]),
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

/// The code, without comments and tests.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that begins with `crate::` or `super::`, braces written out.
fn paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for root in ["crate::", "super::"] {
        for (place, _) in code.match_indices(root) {
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
    let files = sources(root);
    let module = |file: &Path| module(root, file);
    let by_module: BTreeMap<Vec<String>, &PathBuf> =
        files.iter().map(|file| (module(file), file)).collect();
    // `pub use data::{Activity, …};` in `lib.rs`: where the crate's own names are from.
    let facade = match root.join("lib.rs") {
        lib if lib.is_file() => code(&lib),
        _ => String::new(),
    };
    let home = |name: &str| {
        let line = facade.split(';').find(|line| {
            line.trim_start().starts_with("pub use")
                && line
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == name)
        })?;
        let path = line.split("pub use").nth(1)?;
        Some(path.trim().split("::").next()?.to_owned())
    };
    let mut all = BTreeMap::new();
    for file in &files {
        let own = module(file);
        if own.is_empty() {
            continue;
        }
        let mut used = BTreeSet::new();
        for path in paths(&code(file)) {
            let mut parts: Vec<String> = path.split("::").map(str::to_owned).collect();
            let mut base = own.clone();
            if parts[0] == "crate" {
                base.clear();
                parts.remove(0);
                if let Some(home) = parts
                    .first()
                    .filter(|name| !by_module.contains_key(&vec![(*name).clone()]))
                    .and_then(|name| home(name))
                {
                    parts.insert(0, home);
                }
            }
            while parts.first().is_some_and(|part| part == "super") {
                base.pop();
                parts.remove(0);
            }
            base.extend(parts);
            while !base.is_empty() && !by_module.contains_key(&base) {
                base.pop();
            }
            if let Some(&target) = by_module
                .get(&base)
                .filter(|_| !base.is_empty() && base != own)
            {
                used.insert(target.clone());
            }
        }
        all.insert(file.clone(), used);
    }
    all
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
    let module = |file: &Path| module(root, file);
    let mut left = uses(root);
    // A `mod.rs` names its parts to offer them, and parts take from it what they share.
    for (file, used) in &mut left {
        if file.ends_with("mod.rs") || file.with_extension("").is_dir() {
            let own = module(file);
            used.retain(|target| !module(target).starts_with(&own));
        }
    }
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

#[test]
fn nouns_know_no_file_no_setting_and_print_nothing() {
    let root = root("data/src");
    for file in sources(&root).iter().filter(|file| {
        let module = module(&root, file);
        module
            .first()
            .is_some_and(|room| NOUNS.contains(&room.as_str()))
    }) {
        let code = code(file);
        for word in ["println!", "std::fs", "std::env", "std::io", "Settings"] {
            assert!(!code.contains(word), "{} knows {word}", file.display());
        }
    }
}

#[test]
fn paths_are_found_in_every_way_of_writing() {
    let code = "use crate::data::{Activity, time::Zone};\nlet a = crate::plot::escape::clean(b); use super::gaps; fn f(x: crate::Names) {}";
    let found: Vec<String> = paths(code).into_iter().collect();
    assert_eq!(
        found,
        [
            "crate::Names",
            "crate::data::Activity",
            "crate::data::time::Zone",
            "crate::plot::escape::clean",
            "super::gaps"
        ]
    );
}
