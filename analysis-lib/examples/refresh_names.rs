//! Pulls, and asks Discord for the members' names: what `make names` runs, in
//! the notebooks' folder.

use analysis_lib::error::Result;
use analysis_lib::{pull, refresh_names};

fn main() -> Result<()> {
    refresh_names(&pull()?)?;
    Ok(())
}
