//! sqlite3: one million rows imported from CSV, indexed, queried and changed.

use std::fs::File;
use std::time::Duration;

use crate::harness::inputs;
use crate::harness::plan::Plan;
use crate::harness::run::{Run, programs_dir};
use crate::harness::served::{Importer, malloc_of};

const ROWS: u64 = 1_000_000;

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    const SQLITE: &[Importer] = &[malloc_of("sqlite3")];
    // Threaded, because PRAGMA threads makes the sorter start workers.
    let mut plan = Plan::threaded("sqlite3/million_rows", SQLITE, million_rows);
    plan.limit = Duration::from_secs(120);
    vec![plan]
}

fn million_rows(run: &mut Run) -> Result<(), String> {
    run.write("rows.csv", inputs::csv(ROWS).as_bytes())?;
    let script = programs_dir().join("sqlite_rows.sql");
    let input = File::open(&script).map_err(|e| format!("{}: {e}", script.display()))?;
    let mut sqlite = run.command("sqlite3")?;
    sqlite.args(["-batch", "-bail", "rows.db"]).stdin(input);
    run.observe("queries", sqlite)?;
    run.record_file("rows.db")
}
