//! The command `plimsoll`; everything it does lies in the library, in [`plimsoll::cli`].

fn main() -> std::process::ExitCode {
    plimsoll::cli::main::main()
}
