//! The only program that speaks to MongoDB.

fn main() -> std::process::ExitCode {
    analysis_lib::pull_program()
}
