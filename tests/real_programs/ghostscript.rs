//! ghostscript: PostScript rendered to rasters, and its text extracted.

use std::process::Command;

use crate::harness::plan::Plan;
use crate::harness::run::Run;
use crate::harness::served::{Importer, malloc_of};

/// All tests of this file.
pub fn plans() -> Vec<Plan> {
    // The program is a shell around its library.
    const GS: &[Importer] = &[malloc_of("libgs.so.10")];
    vec![Plan::threaded("ghostscript/raster", GS, raster)]
}

fn raster(run: &mut Run) -> Result<(), String> {
    run.bring("drawing.ps")?;
    let mut colour = ghostscript(run, "ppmraw", "page%d.ppm")?;
    // Bands, rendered by two threads.
    colour.args(["-r110", "-dNumRenderingThreads=2", "-dMaxBitmap=100000", "-dBufferSpace=300000"]);
    render(run, colour, &["page1.ppm", "page2.ppm"])?;

    let mut smooth = ghostscript(run, "pnggray", "smooth%d.png")?;
    smooth.args(["-r60", "-dTextAlphaBits=4", "-dGraphicsAlphaBits=4"]);
    render(run, smooth, &["smooth1.png", "smooth2.png"])?;

    let text = ghostscript(run, "txtwrite", "text.txt")?;
    render(run, text, &["text.txt"])
}

fn ghostscript(run: &Run, device: &str, output: &str) -> Result<Command, String> {
    let mut gs = run.command("gs")?;
    gs.args(["-q", "-dSAFER", "-dBATCH", "-dNOPAUSE"]);
    gs.arg(format!("-sDEVICE={device}")).arg(format!("-sOutputFile={output}"));
    Ok(gs)
}

fn render(run: &mut Run, mut gs: Command, outputs: &[&str]) -> Result<(), String> {
    gs.arg("drawing.ps");
    run.observe("messages", gs)?;
    outputs.iter().try_for_each(|output| run.record_file(output))
}
