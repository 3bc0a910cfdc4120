//! The only program that speaks to MongoDB.

fn main() -> std::process::ExitCode {
    activity_mongodb::main()
}
