//! `figures FOLDER [NAME…]`: draws every golden case anew as SVG, with a page
//! that shows all, and those that are named as PNG too.

#[path = "../tests/figures/cases.rs"]
mod cases;

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next().map(std::path::PathBuf::from) else {
        eprintln!("error: say where to: figures FOLDER [NAME…]");
        std::process::exit(2);
    };
    if let Err(error) = cases::write(&folder) {
        eprintln!("error: {}: {error}", folder.display());
        std::process::exit(1);
    }
    for name in arguments {
        for case in cases::cases().iter().filter(|case| name == case.name) {
            let file = folder.join(format!("{}.png", case.name));
            if let Err(error) = case.figure.save(file) {
                eprintln!("error: {error}");
                std::process::exit(1);
            }
        }
    }
    let page = folder.join("index.html");
    println!("{} figures: {}", cases::cases().len(), page.display());
}
