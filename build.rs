//! Lists the files of folders that are compiled in, so a new file needs no code. `include_dir!` is not enough: on
//! stable Rust a macro cannot declare a folder as its input, so Cargo would not notice a new file.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

/// The generated lists, with their folders in order. The files of a folder are sorted by name.
const LISTS: [(&str, &[&str]); 2] =
    [("fault_files.rs", &["fixtures/faults", "fixtures/legal"]), ("suite_files.rs", &["suites"])];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var("CARGO_MANIFEST_DIR")?;
    let out = env::var("OUT_DIR")?;
    for (list, folders) in LISTS {
        fs::write(Path::new(&out).join(list), files(Path::new(&root), folders)?)?;
    }
    Ok(())
}

/// The TOML files of `folders` as a Rust expression: a slice of paths and texts.
fn files(root: &Path, folders: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut list = String::from("&[\n");
    for folder in folders {
        println!("cargo::rerun-if-changed={folder}");
        let entries = fs::read_dir(root.join(folder))?.collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<String> =
            entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name.ends_with(".toml"));
        names.sort_unstable();
        for name in names {
            let file = format!("{folder}/{name}");
            let path = format!("/{file}");
            writeln!(list, "    ({file:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),")?;
        }
    }
    list.push(']');
    Ok(list)
}
