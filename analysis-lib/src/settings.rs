//! Settings from the environment and from `.env`; the environment wins.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;

use crate::{Error, Result};

/// Every setting there is.
const NAMES: [&str; 12] = [
    "MONGOKEY",
    "MONGODB_DATABASE",
    "MONGODB_COLLECTION",
    "MONGODB_TIMEOUT",
    "TIMEZONE",
    "SERVER_NAME",
    "NAMES_FILE",
    "ACTIVITY_SNAPSHOT",
    "DISCORD_TOKEN",
    "DISCORD_GUILD_ID",
    "HIDDEN_MEMBERS",
    "HIDE_BOTS",
];

/// The values of `.env`, below those of the environment. Read anew whenever
/// something asks, so that a changed `.env` holds from the next cell on.
///
/// Has no `Debug`: it holds secrets.
pub(crate) struct Settings {
    file: HashMap<String, String>,
}

impl Settings {
    /// Reads the first `.env` in the working directory or above it.
    ///
    /// # Errors
    ///
    /// The file can't be read, one of its lines isn't `NAME=value`, or it has a
    /// setting's name in small letters, which would do nothing. The line is named
    /// by number: its text may hold a secret.
    pub(crate) fn load() -> Result<Self> {
        let here = std::env::current_dir()
            .map_err(|e| Error::new(format!("the working directory can't be read: {e}")))?;
        match here
            .ancestors()
            .map(|folder| folder.join(".env"))
            .find(|path| path.is_file())
        {
            Some(path) => Self::from_file(&path),
            None => Ok(Self {
                file: HashMap::new(),
            }),
        }
    }

    fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::new(format!(
                "settings file {} can't be read: {e}",
                path.display()
            ))
        })?;
        let mut file = HashMap::new();
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (name, value) = entry.map_err(|e| broken_line(path, &text, &e))?;
            let meant = name.to_uppercase();
            if name != meant && NAMES.contains(&&*meant) {
                return Err(Error::new(format!(
                    "{} sets {name}, which is nothing; write {meant}",
                    path.display()
                )));
            }
            file.insert(name, value);
        }
        Ok(Self { file })
    }

    /// The setting's value, unless it is unset or empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .or_else(|| self.file.get(name).cloned())
            .filter(|value| !value.trim().is_empty())
    }

    /// `TIMEZONE`: an IANA name.
    pub(crate) fn timezone(&self) -> Result<Tz> {
        let name = self.get("TIMEZONE").unwrap_or("US/Eastern".to_owned());
        name.trim().parse().map_err(|_| {
            Error::new(format!(
                "TIMEZONE={name} is not a time zone; use an IANA name such as Europe/London, Asia/Baghdad or UTC"
            ))
        })
    }

    /// `SERVER_NAME`: what titles call a server that isn't the sample.
    pub(crate) fn server_name(&self) -> String {
        self.get("SERVER_NAME").unwrap_or("Iraq BTW".to_owned())
    }

    /// `MONGODB_TIMEOUT`: seconds, above zero.
    pub(crate) fn timeout(&self) -> Result<Duration> {
        let Some(value) = self.get("MONGODB_TIMEOUT") else {
            return Ok(Duration::from_secs(10));
        };
        value
            .trim()
            .parse()
            .ok()
            .filter(|seconds: &f64| *seconds > 0.0)
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| {
                Error::new(format!(
                    "MONGODB_TIMEOUT={value} is not a number of seconds; use for example 10"
                ))
            })
    }

    /// `NAMES_FILE`, if set.
    pub(crate) fn names_file(&self) -> Option<PathBuf> {
        self.get("NAMES_FILE").map(PathBuf::from)
    }
}

fn broken_line(path: &Path, text: &str, error: &dotenvy::Error) -> Error {
    // What the error tells is the line, or its value alone.
    let broken = match error {
        dotenvy::Error::LineParse(broken, _) => broken.lines().next().unwrap_or("").trim(),
        _ => "",
    };
    let is_broken = |line: &str| !line.starts_with('#') && line.ends_with(broken);
    let line = Some(broken)
        .filter(|broken| !broken.is_empty())
        .and_then(|_| text.lines().position(|line| is_broken(line.trim())));
    let place = line.map_or(String::new(), |index| format!(" line {}", index + 1));
    Error::new(format!(
        "{}{place} is not NAME=value; put a value with spaces, # or $ between single quotes: SERVER_NAME='My server'",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_example() {
        let example = include_str!("../../.env.example");
        let names: Vec<&str> = example
            .lines()
            .filter_map(|line| line.strip_prefix("# ")?.split_once('='))
            .map(|(name, _)| name)
            .filter(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
            .collect();
        for name in &names {
            assert!(NAMES.contains(name), "{name}");
        }
        assert_eq!(names.len(), NAMES.len());
    }

    fn error(name: &str, text: &str) -> String {
        let path = std::env::temp_dir().join(format!("settings-{name}-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let error = Settings::from_file(&path).err().unwrap().to_string();
        std::fs::remove_file(&path).unwrap();
        error
    }

    #[test]
    fn a_broken_line_is_named_and_not_shown() {
        for broken in [
            "MONGOKEY",
            "MONGOKEY='secret",
            "MONGOKEY=mongodb://a secret",
            "MONGO KEY=secret",
            "MONGOKEY=${secret",
        ] {
            let error = error("broken", &format!("# {broken}\nTIMEZONE=UTC\n{broken}\n"));
            assert!(error.contains(" line 3 is not NAME=value"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_name_in_small_letters_is_said() {
        let error = error("small", "other=1\nMongoKey='mongodb://secret'\n");
        assert!(
            error.ends_with("sets MongoKey, which is nothing; write MONGOKEY"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }
}
