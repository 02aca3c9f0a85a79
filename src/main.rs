//! The command `plimsoll`. Its code is in the library, in [`plimsoll::cli`].

fn main() -> std::process::ExitCode {
    plimsoll::cli::main::main()
}
