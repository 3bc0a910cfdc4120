//! Settings from the environment and from `.env`; the environment wins.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Zone;
use crate::{Error, MemberId, Result, text};

/// Every setting there is.
const NAMES: &[&str] = &[
    "MONGOKEY",
    "MONGODB_DATABASE",
    "MONGODB_COLLECTION",
    "MONGODB_TIMEOUT",
    "ACTIVITY_FILE",
    "TIMEZONE",
    "SERVER_NAME",
    "NAMES_FILE",
    "ACTIVITY_SNAPSHOT",
    "DISCORD_TOKEN",
    "DISCORD_GUILD_ID",
    "DISCORD_WEBHOOK",
    "POST_PERIOD",
    "POST_ONLY",
    "POST_PINNED",
    "RECORD_MINUTES",
    "HISTORY_SINCE",
    "HIDDEN_MEMBERS",
    "HIDE_BOTS",
    "TZDIR",
    "EVCXR_JUPYTER",
];

/// The values of `.env`, below those of the environment. Read anew whenever
/// something asks, so that a changed `.env` holds from the next cell on.
///
/// Has no `Debug`: it holds secrets.
pub struct Settings {
    file: HashMap<String, String>,
    /// The project's.
    folder: PathBuf,
}

impl Settings {
    /// Reads the first `.env` in the working directory or above it.
    ///
    /// # Errors
    ///
    /// The file can't be read, one of its lines isn't `NAME=value`, or it has a
    /// setting's name in small letters, which would do nothing. The line is named
    /// by number: its text may hold a secret.
    pub fn load() -> Result<Self> {
        let here = std::env::current_dir()
            .map_err(|e| Error::new(format!("the working directory can't be read: {e}")))?;
        let with = |name| {
            let mut folders = here.ancestors();
            folders.find(|folder| folder.join(name).is_file())
        };
        let set = with(".env");
        let file = match set {
            Some(folder) => values(&folder.join(".env"))?,
            None => HashMap::new(),
        };
        let folder = with(".env.example").or(set).unwrap_or(&here).to_owned();
        Ok(Self { file, folder })
    }

    /// The setting's value, unless it is unset or empty.
    pub fn get(&self, name: &str) -> Option<String> {
        std::env::var(name)
            .ok()
            .or_else(|| self.file.get(name).cloned())
            .filter(|value| !value.trim().is_empty())
    }

    /// `ACTIVITY_FILE`: where windows are written, and read, without a MongoDB. A
    /// relative path is relative to the project's folder, which is the first with a
    /// `.env.example` from the working directory up, else the one with the `.env`,
    /// else the working directory. It need not be there.
    pub fn activity_file(&self) -> PathBuf {
        let path = self.get("ACTIVITY_FILE");
        self.folder
            .join(path.as_deref().unwrap_or("activity.jsonl"))
    }

    /// `TIMEZONE`: an IANA name.
    pub fn timezone(&self) -> Result<Zone> {
        let name = self.get("TIMEZONE").unwrap_or("US/Eastern".to_owned());
        self.zone(&name, &format!("TIMEZONE={name}"))
    }

    /// The zone of this name, by the rules in `TZDIR` or in the system's folders.
    /// `shown` is what an error calls the name.
    pub(crate) fn zone(&self, name: &str, shown: &str) -> Result<Zone> {
        let folder = self.get("TZDIR");
        Zone::named(name, folder.as_deref().map(Path::new)).ok_or_else(|| {
            Error::new(format!(
                "{shown} is not a time zone; use an IANA name such as Europe/London, Asia/Baghdad or UTC"
            ))
        })
    }

    /// `MONGODB_TIMEOUT`: seconds, above zero.
    pub fn timeout(&self) -> Result<Duration> {
        let value = self.get("MONGODB_TIMEOUT").unwrap_or("10".to_owned());
        let seconds = value.trim().parse().ok().filter(|&seconds| seconds > 0.0);
        let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        time.ok_or_else(|| {
            Error::new(format!(
                "MONGODB_TIMEOUT={value} is not a number of seconds; use for example 10"
            ))
        })
    }

    /// `RECORD_MINUTES`: how long a recorded window is, in milliseconds.
    pub fn record_length(&self) -> Result<i64> {
        let value = self.get("RECORD_MINUTES").unwrap_or("10".to_owned());
        match value.trim().parse() {
            Ok(minutes @ 1..=1_440) => Ok(minutes * 60_000),
            _ => Err(Error::new(format!(
                "RECORD_MINUTES={} is not a whole number of minutes from 1 to 1440; use for example 10",
                text::shorten(&value)
            ))),
        }
    }

    /// `DISCORD_TOKEN`, without ever repeating it in a message. `why` it is needed.
    pub fn discord_token(&self, why: &str) -> Result<String> {
        let token = self.get("DISCORD_TOKEN").ok_or_else(|| {
            Error::new(format!(
                "DISCORD_TOKEN is not set, and {why}: put the token of a bot that is in your server into .env (Developer Portal > application > Bot > Reset Token), and the server's id as DISCORD_GUILD_ID"
            ))
        })?;
        let token = token.trim();
        // Text that can't stand in an HTTP header.
        if !token.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(Error::new(
                "DISCORD_TOKEN holds characters that no token has; copy it again",
            ));
        }
        Ok(token.to_owned())
    }

    /// `DISCORD_GUILD_ID`, which is not zero.
    pub fn discord_server(&self) -> Result<u64> {
        let how = "turn on Developer Mode in Discord's settings, right-click your server and choose Copy Server ID";
        let guild = self
            .get("DISCORD_GUILD_ID")
            .ok_or_else(|| Error::new(format!("DISCORD_GUILD_ID is not set; {how}")))?;
        match MemberId::parse(guild.trim()).map(MemberId::get) {
            Some(id @ 1..) => Ok(id),
            _ => Err(Error::new(format!(
                "DISCORD_GUILD_ID={} is not a server's id; {how}",
                text::shorten(&guild)
            ))),
        }
    }

    /// `DISCORD_WEBHOOK`, unseen. It is a password: nothing repeats it.
    pub fn discord_webhook(&self) -> Result<String> {
        self.get("DISCORD_WEBHOOK").ok_or_else(|| {
            Error::new(
                "DISCORD_WEBHOOK is not set, so there is no channel to post to: in Discord, make one in the channel's settings > Integrations > Webhooks > New Webhook > Copy Webhook URL, and put it into .env",
            )
        })
    }

    /// `NAMES_FILE`, if set.
    pub fn names_file(&self) -> Option<PathBuf> {
        self.get("NAMES_FILE").map(PathBuf::from)
    }
}

/// The values in a file of settings.
fn values(path: &Path) -> Result<HashMap<String, String>> {
    let wrong = |what: String| Error::new(format!("settings file {} {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| wrong(format!("can't be read: {e}")))?;
    // Editors on Windows begin UTF-8 with a byte-order mark, or write UTF-16.
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes))
        .ok()
        .filter(|text| !text.contains('\0'))
        .ok_or_else(|| wrong("is not UTF-8 text; save it as UTF-8".to_owned()))?;
    let mut file = HashMap::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = entry(line).ok_or_else(|| {
            wrong(format!(
                "line {number} is not NAME=value; put a value with spaces, # or $ between single quotes: SERVER_NAME='My server'"
            ))
        })?;
        let meant = name.to_uppercase();
        if name != meant && NAMES.contains(&&*meant) {
            return Err(wrong(format!(
                "sets {name}, which is nothing; write {meant}"
            )));
        }
        if NAMES.contains(&name) && value.starts_with(['“', '”', '„', '‘', '’', '«']) {
            return Err(wrong(format!(
                "has typographic quotes around {name}; write straight ones: {name}='…'"
            )));
        }
        file.insert(name.to_owned(), value);
    }
    Ok(file)
}

/// The name and the value of a line, `NAME=value` as a shell has it, also after
/// `export`. `None`: it is something else.
fn entry(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let name = name.strip_prefix("export ").unwrap_or(name).trim_start();
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (!name.is_empty() && is_name(name)).then_some(())?;
    Some((name, unquoted(value.trim_start())?))
}

/// A value without its quotes and what follows it. Between single quotes all stands
/// for itself; elsewhere what follows a backslash does. A variable (`${NAME}`) isn't
/// filled in.
fn unquoted(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut quote = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some('\'') => value.push(c),
            _ if c == '\\' && !rest.as_str().starts_with(char::is_alphanumeric) => {
                value.push(rest.next()?);
            }
            _ if c == '$' && rest.as_str().starts_with('{') => return None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c.is_whitespace() || c == '#' && value.is_empty() => {
                let after = rest.as_str().trim_start();
                let is_over = c == '#' || after.is_empty() || after.starts_with('#');
                return is_over.then_some(value);
            }
            _ => value.push(c),
        }
    }
    quote.is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_example() {
        let example = include_str!("../../../.env.example");
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
        read(name, text.as_bytes()).err().unwrap().to_string()
    }

    #[test]
    fn a_broken_line_is_named_and_not_shown() {
        for broken in [
            "MONGOKEY",
            "MONGOKEY='secret",
            "MONGOKEY=mongodb://a secret",
            "MONGO KEY=secret",
            "MONGOKEY=${secret}",
            "MONGOKEY=\"mongodb://${secret\"",
            "MONGOKEY='secret' more",
            "='secret'",
        ] {
            let error = error("broken", &format!("# {broken}\nTIMEZONE=UTC\n{broken}\n"));
            assert!(error.contains(" line 3 is not NAME=value"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    fn read(name: &str, bytes: &[u8]) -> Result<HashMap<String, String>> {
        let path = std::env::temp_dir().join(format!("settings-{name}-{}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        let read = values(&path);
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn a_file_of_any_editor_is_read_or_to_be_saved_as_utf_8() {
        let read = |bytes: &[u8]| {
            let settings = read("editor", bytes).map_err(|e| e.to_string())?;
            Ok::<_, String>(settings["TIMEZONE"].clone())
        };
        for good in [
            "\u{feff}TIMEZONE=Asia/Baghdad\nSERVER_NAME=X\n",
            "\u{feff}# Settings.\nTIMEZONE=Asia/Baghdad\n",
            "\u{feff}\r\n\r\nTIMEZONE=Asia/Baghdad\r\n",
            "TIMEZONE=Asia/Baghdad",
            "export TIMEZONE = \"Asia/Baghdad\"  # ours\r\n",
            "# Zoë's\nTIMEZONE='Asia/Baghdad'\n",
        ] {
            assert_eq!(
                read(good.as_bytes()),
                Ok("Asia/Baghdad".to_owned()),
                "{good:?}"
            );
        }
        let utf_16 = |text: &str, to_bytes: fn(u16) -> [u8; 2]| {
            text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>()
        };
        for bad in [
            utf_16("\u{feff}TIMEZONE=UTC\r\n", u16::to_le_bytes),
            utf_16("\u{feff}TIMEZONE=UTC\r\n", u16::to_be_bytes),
            utf_16("TIMEZONE=UTC\n", u16::to_le_bytes),
            b"# Jos\xe9\nTIMEZONE=UTC\n".to_vec(),
            b"SERVER_NAME='\x93Caf\xe9\x94'\n".to_vec(),
        ] {
            let error = read(&bad).unwrap_err();
            assert!(
                error.ends_with("is not UTF-8 text; save it as UTF-8"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_value_keeps_all_that_a_shell_would_keep_and_variables_as_they_are() {
        for (line, value) in [
            ("'pa$word'", "pa$word"),
            ("pa\\$word", "pa$word"),
            ("pa$word#1 # a comment", "pa$word#1"),
            ("\"pa\\$word\"", "pa$word"),
            ("\"a \\\"b\\\" # c\"", "a \"b\" # c"),
            ("'a\\$b'", "a\\$b"),
            ("'pa'$secret", "pa$secret"),
            ("C:\\Users\\ann\\names.json", "C:\\Users\\ann\\names.json"),
            ("'it''s'", "its"),
            ("# nothing", ""),
            ("''", ""),
        ] {
            let settings = read("kept", format!("MONGOKEY={line}\n").as_bytes());
            let settings = settings.unwrap_or_else(|e| panic!("{line}: {e}"));
            assert_eq!(settings["MONGOKEY"], value, "{line}");
        }
    }

    #[test]
    fn the_project_s_folder_is_found_from_within() {
        // The tests' working directory is in a package of the project's.
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let found = Settings::load().unwrap().folder;
        assert_eq!(found, project.canonicalize().unwrap());
    }

    #[test]
    fn typographic_quotes_are_said() {
        let error = error("quotes", "MONGOKEY=“mongodb://secret”\n");
        assert!(
            error.ends_with(
                "has typographic quotes around MONGOKEY; write straight ones: MONGOKEY='…'"
            ),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
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
