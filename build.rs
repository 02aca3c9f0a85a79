//! Lists the fault files, so that a new file needs no line of code. `include_dir!` would not do: on stable Rust a macro
//! cannot name a folder as its input, and Cargo would miss a new file.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// The folders of fault files, in the order in which faults are listed.
const FOLDERS: [&str; 2] = ["fixtures/faults", "fixtures/legal"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        let entries = fs::read_dir(Path::new(&root).join(folder))?.collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<String> =
            entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name.ends_with(".toml"));
        names.sort_unstable();
        files.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    let mut list = String::from("&[\n");
    for file in files {
        writeln!(
            list,
            "    ({file:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {:?}))),",
            format!("/{file}")
        )?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR")?).join("fault_files.rs"), list)?;
    Ok(())
}
