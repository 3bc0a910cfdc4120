//! Listens to Discord, and writes into MongoDB how many members are online and
//! write.

fn main() -> std::process::ExitCode {
    analysis_lib::record_program()
}
