//! What Python's libraries compute from files of random windows.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A script's output, and the folder with its files, which goes with this.
pub(crate) struct Reference {
    folder: PathBuf,
    /// `REFERENCE_SEED` repeats a run.
    pub(crate) seed: String,
    /// A value a line.
    pub(crate) lines: Vec<Value>,
}

impl Reference {
    /// Runs `NAME.py FOLDER SEED` of this folder.
    pub(crate) fn of(name: &str) -> Self {
        let python = std::env::var_os("REFERENCE_PYTHON")
            .expect("REFERENCE_PYTHON names no Python with pandas and SciPy: run `make test`");
        let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let seed = std::env::var("REFERENCE_SEED");
        let seed = seed.unwrap_or_else(|_| std::process::id().to_string());
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/reference")
            .join(format!("{name}.py"));
        let mut command = Command::new(python);
        let output = command
            .arg(script)
            .arg(&folder)
            .arg(&seed)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}.py {seed}: {errors}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        Self {
            folder,
            seed,
            lines: lines.collect(),
        }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // Of a test that failed, the files stay to be looked at.
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
