//! Runs hooks: commands of the user that change the target's data. A hook gets no shell and no token; its time and its
//! output are limited.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use url::Url;

use crate::measure::missing_resource::ResourceName;
use crate::ndjson::identity::normalize_reference;
use crate::settings::hooks::{Hook, HookCommand, Hooks};
use crate::suite::flow::HookName;

/// The environment variable that gives a hook the target's base URL.
pub const BASE_VARIABLE: &str = "PLIMSOLL_BASE";

/// The most bytes of a hook's output that are read.
const MAX_OUTPUT: usize = 64 << 10;
/// The most bytes of a hook's stderr that are shown.
const MAX_STDERR: usize = 2 << 10;
/// The most resources that are read after one run of a hook.
const MAX_NAMED: usize = 10;
/// The time between two checks whether a hook has ended.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);
/// How long the output of a hook may stay open after the hook has ended.
const OUTPUT_GRACE: Duration = Duration::from_secs(1);

/// Why a hook failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The reason, a lower-case clause without any output of the hook.
    pub trouble: String,
    /// What the hook printed to stderr, for the terminal only.
    pub stderr: String,
}

impl Hooks {
    /// Runs a hook against the target at `base`; returns the resources that it names. Dropping the future ends the
    /// program.
    pub(crate) async fn run(&self, name: HookName, base: &Url) -> Result<Vec<ResourceName>, Failure> {
        let failure = |trouble: String, stderr: &str| Failure { trouble, stderr: stderr.to_owned() };
        let lines = match self.there.get(&name) {
            None => return Err(failure(format!("the hook {name} is not configured"), "")),
            Some(Hook::Function(hook)) => {
                hook().map_err(|why| failure(format!("the hook {name} failed: {why}"), ""))?
            }
            Some(Hook::Command(command)) => {
                let ended = command.run(base).await.map_err(|why| failure(format!("the hook {name} {why}"), ""))?;
                if !ended.good {
                    return Err(failure(format!("the hook {name} ended with {}", ended.how), &ended.stderr));
                }
                let text = String::from_utf8(ended.output)
                    .map_err(|_| failure(format!("the output of the hook {name} is not UTF-8"), &ended.stderr))?;
                text.lines().map(str::to_owned).collect()
            }
        };
        named(&lines).map_err(|why| failure(format!("the hook {name} {why}"), ""))
    }
}

/// Returns the resources that a hook names, one per line, without duplicates, and at most [`MAX_NAMED`].
fn named(lines: &[String]) -> Result<Vec<ResourceName>, String> {
    let mut names: Vec<ResourceName> = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let name = line.trim();
        // A URL, a version or a query could name another resource.
        let read = normalize_reference(name).filter(|(kind, id)| name.len() == kind.len() + 1 + id.len());
        let (kind, id) = read.ok_or_else(|| format!("printed something other than Type/id on line {}", at + 1))?;
        let name = (kind.to_owned(), id.to_owned());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(MAX_NAMED);
    match names.is_empty() {
        true => Err("named no resource; it must print Type/id of each changed resource, one per line".to_owned()),
        false => Ok(names),
    }
}

/// How a program ended.
struct Ended {
    good: bool,
    how: String,
    output: Vec<u8>,
    stderr: String,
}

/// Ends the program when the caller stops waiting for it.
struct KillOnDrop(Arc<AtomicBool>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl HookCommand {
    async fn run(&self, base: &Url) -> Result<Ended, String> {
        let child = self.start(base)?;
        let abandoned = Arc::new(AtomicBool::new(false));
        let kill_on_drop = KillOnDrop(Arc::clone(&abandoned));
        let (sender, receiver) = oneshot::channel();
        let timeout = self.timeout;
        // Tests pause the clock of the run, but a program runs in real time.
        std::thread::spawn(move || sender.send(wait_for_end(child, timeout, &abandoned)));
        let ended = receiver.await.unwrap_or_else(|_| Err("could not be watched".to_owned()));
        drop(kill_on_drop);
        ended
    }

    fn start(&self, base: &Url) -> Result<Child, String> {
        let (program, arguments) = self.argv.split_first().ok_or("names no program")?;
        let folder = match self.folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => &self.folder,
        };
        let folder = std::path::absolute(folder).map_err(|e| format!("has no folder to run in: {e}"))?;
        // A bare name is searched in PATH, as by a shell.
        let program = match Path::new(program).components().count() {
            1 if !program.contains(std::path::MAIN_SEPARATOR) => PathBuf::from(program),
            _ => folder.join(program),
        };
        // `$PLIMSOLL_BASE/Patient/17` must be the resource even if the base has no path.
        let base = base.as_str().trim_end_matches('/');
        let mut command = std::process::Command::new(program);
        command.args(arguments).current_dir(folder).env_clear().env(BASE_VARIABLE, base);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|e| format!("cannot be run: {}", e.kind()))
    }
}

/// Waits for a program and reads its output. Ends the program when its time has expired or when `abandoned` is set.
fn wait_for_end(mut child: Child, timeout: Duration, abandoned: &AtomicBool) -> Result<Ended, String> {
    let output = read_pipe(child.stdout.take());
    let stderr = read_pipe(child.stderr.take());
    let began = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if abandoned.load(Ordering::Relaxed) => {
                kill(&mut child);
                return Err("was stopped because the run ended".to_owned());
            }
            Ok(None) if began.elapsed() >= timeout => {
                kill(&mut child);
                return Err(format!(
                    "was still running after {} s and was stopped; raise timeout under [hooks]",
                    timeout.as_secs_f32()
                ));
            }
            Ok(None) => std::thread::sleep(CHECK_INTERVAL),
            Err(error) => {
                kill(&mut child);
                return Err(format!("cannot be waited for: {}", error.kind()));
            }
        }
    };
    // A process that the program started may keep the pipe open.
    let output = output.recv_timeout(OUTPUT_GRACE).map_err(|_| "left a process running that keeps its output open")?;
    if output.len() > MAX_OUTPUT {
        return Err(format!("printed more than {MAX_OUTPUT} bytes"));
    }
    let mut stderr = stderr.recv_timeout(OUTPUT_GRACE).unwrap_or_default();
    stderr.truncate(MAX_STDERR);
    let how = match status.code() {
        Some(code) => format!("exit status {code}"),
        None => "a signal".to_owned(),
    };
    Ok(Ended { good: status.success(), how, output, stderr: String::from_utf8_lossy(&stderr).into_owned() })
}

fn kill(child: &mut Child) {
    // An error means that the program has already ended.
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads a pipe to its end; sends at most one byte more than [`MAX_OUTPUT`].
fn read_pipe(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let (mut kept, mut part) = (Vec::new(), [0_u8; 4096]);
        while let Ok(count @ 1..) = pipe.read(&mut part) {
            let room = (MAX_OUTPUT + 1).saturating_sub(kept.len());
            kept.extend(part.iter().take(count.min(room)));
        }
        // The receiver may be gone.
        let _ = sender.send(kept);
    });
    receiver
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn names(lines: &[&str]) -> Result<Vec<ResourceName>, String> {
        named(&lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_hook_names_resources_and_nothing_else() {
        let own = |kind: &str, id: &str| (kind.to_owned(), id.to_owned());
        let read = names(&[" Patient/1 ", "", "Patient/1", "Condition/a-b.c"]).unwrap();
        assert_eq!(read, [own("Patient", "1"), own("Condition", "a-b.c")]);
        for odd in ["Patient", "patient/1", "Patient/1/_history/2", "http://h/Patient/1", "Patient/../1", "Patient/1 2"]
        {
            assert_eq!(
                names(&["Patient/1", odd]).unwrap_err(),
                "printed something other than Type/id on line 2",
                "{odd}"
            );
        }
        assert!(names(&["", " "]).unwrap_err().contains("named no resource"));
        let many: Vec<String> = (0..50).map(|at| format!("Patient/{at}")).collect();
        assert_eq!(named(&many).unwrap().len(), MAX_NAMED);
    }

    #[cfg(unix)]
    mod programs {
        use super::*;

        fn hooks(script: &str, timeout: Duration) -> Hooks {
            let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
            let command = HookCommand { argv, folder: PathBuf::new(), timeout };
            Hooks { there: [(HookName::Change, Hook::Command(command))].into(), withheld: false }
        }

        fn run(script: &str, timeout: Duration) -> Result<Vec<ResourceName>, Failure> {
            run_at("http://localhost/fhir", script, timeout)
        }

        fn run_at(base: &str, script: &str, timeout: Duration) -> Result<Vec<ResourceName>, Failure> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(hooks(script, timeout).run(HookName::Change, &base.parse().unwrap()))
        }

        const LONG: Duration = Duration::from_secs(60);

        #[test]
        fn a_hook_gets_the_base_and_no_other_variables() {
            // The shell reads its own environment, which is the one of the hook.
            let seen = run(
                "test \"$PLIMSOLL_BASE\" = http://localhost/fhir && test -z \"$HOME$PLIMSOLL_TOKEN\" && echo Patient/1; cat",
                LONG,
            );
            assert_eq!(seen.unwrap(), [("Patient".to_owned(), "1".to_owned())], "stdin is closed, so cat ends");
            let bare = run_at("http://localhost", "test \"$PLIMSOLL_BASE\" = http://localhost && echo Patient/1", LONG);
            assert!(bare.is_ok(), "a base without a path has no trailing slash");
        }

        #[test]
        fn failures_are_reported_without_output_of_the_hook() {
            let failed = run("echo Patient/1; echo 'no such Sailor' >&2; exit 3", LONG).unwrap_err();
            assert_eq!(failed.trouble, "the hook change ended with exit status 3");
            assert_eq!(failed.stderr, "no such Sailor\n");
            assert!(run("kill -9 $$", LONG).unwrap_err().trouble.ends_with("a signal"));
            assert!(run("yes Patient/1 | head -c 100000", LONG).unwrap_err().trouble.contains("more than 65536 bytes"));
            assert!(run("printf '\\377'", LONG).unwrap_err().trouble.contains("not UTF-8"));
            assert!(run("true", LONG).unwrap_err().trouble.contains("named no resource"));
            let slow = run("exec sleep 1000", Duration::from_millis(100)).unwrap_err();
            assert!(slow.trouble.contains("still running after 0.1 s"), "{}", slow.trouble);
            let none =
                HookCommand { argv: vec!["./no-such-program".to_owned()], folder: PathBuf::new(), timeout: LONG };
            let base = "http://localhost/fhir".parse().unwrap();
            assert_eq!(none.start(&base).err().unwrap(), "cannot be run: entity not found");
        }

        #[test]
        fn a_hook_ends_when_its_future_is_dropped() {
            let folder = tempfile::tempdir().unwrap();
            let mark = folder.path().join("pid");
            let script = format!("echo $$ > {}; exec sleep 1000", mark.display());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let base = "http://localhost/fhir".parse().unwrap();
            let hooks = hooks(&script, LONG);
            runtime.block_on(async {
                let waiting = hooks.run(HookName::Change, &base);
                let begun = async {
                    while !std::fs::read_to_string(&mark).is_ok_and(|pid| pid.ends_with('\n')) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                tokio::select! { _ = waiting => panic!("the hook ended by itself"), () = begun => {} }
            });
            let pid = std::fs::read_to_string(&mark).unwrap();
            // The built-in `kill` of the shell works on all systems.
            let alive = || {
                let mut probe = std::process::Command::new("sh");
                probe.args(["-c", &format!("kill -0 {}", pid.trim())]).stderr(std::process::Stdio::null());
                probe.status().unwrap().success()
            };
            while alive() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}
