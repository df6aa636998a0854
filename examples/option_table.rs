//! Prints the table of options: `option_table markdown` for the README, `option_table man` for the
//! manual page. scripts/option-table puts the text in its place.

use std::process::ExitCode;

use hakmem::config::{self, Kind, OptionRow};

/// The values that an option takes, in words.
fn values(kind: Kind) -> String {
    match kind {
        Kind::Switch => "0 or 1".to_string(),
        Kind::Number { least, most, unit } => format!("{least} to {most} {unit}"),
        Kind::Choice(words) => words.join(", "),
        Kind::Path => "a path".to_string(),
    }
}

/// The value without the variable, in words.
fn default(row: &OptionRow) -> String {
    match row.kind {
        Kind::Switch | Kind::Number { .. } => row.default.to_string(),
        Kind::Choice(words) => words[row.default as usize].to_string(),
        Kind::Path => "none".to_string(),
    }
}

fn print_markdown() {
    println!("| variable | values | default | what it does |");
    println!("|---|---|---|---|");
    for row in config::rows() {
        println!("| `{}` | {} | {} | {} |", row.name, values(row.kind), default(row), row.sentence);
    }
}

fn print_man() {
    for row in config::rows() {
        println!(".TP");
        println!(".B {}", row.name);
        println!("{}", row.sentence);
        println!("Takes {}; default {}.", values(row.kind), default(row));
    }
}

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("markdown") => print_markdown(),
        Some("man") => print_man(),
        _ => {
            eprintln!("usage: option_table markdown|man");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
