//! Who holds a lock: a process on a host, and whether it still lives.

use std::fs;

/// The one who runs a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// A person or service, e.g. `chen`.
    pub name: String,
    /// The process that works for them.
    pub process: Process,
}

impl Owner {
    /// This process, working for `name`.
    #[must_use]
    pub fn current(name: impl Into<String>) -> Self {
        Self { name: name.into(), process: Process::current() }
    }
}

/// A process on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The host's name.
    pub host: String,
    /// The process's number on that host.
    pub pid: u32,
    /// What tells it from a later process with the same number: the host's boot and the moment in it at which the process
    /// started. None where the system does not tell (no `/proc`).
    pub started: Option<String>,
}

/// Whether a process still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// It does.
    Alive,
    /// It does not.
    Dead,
    /// It runs on another host, or the system does not tell.
    Unknown,
}

impl Process {
    /// This process.
    #[must_use]
    pub fn current() -> Self {
        let pid = std::process::id();
        Self { host: host(), pid, started: started(pid) }
    }

    /// Whether the process still lives, as far as this host can tell.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        // Our own start can be read wherever another process's can.
        let (Some(expected), Some(_)) = (&self.started, started(std::process::id())) else {
            return Liveness::Unknown;
        };
        if self.host != host() {
            return Liveness::Unknown;
        }
        match started(self.pid) {
            Some(found) if found == *expected => Liveness::Alive,
            _ => Liveness::Dead,
        }
    }
}

fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// Boot and start tick of a process that lives; a zombie does not.
fn started(pid: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (command) state ... starttime ...": the command may hold spaces and parentheses, so count from its last one.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let tick = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| format!("{}/{tick}", boot.trim()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn this_process_lives_and_an_ended_one_does_not() {
        let current = Process::current();
        assert_eq!(current.liveness(), Liveness::Alive);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let other = Process { pid: child.id(), started: started(child.id()), ..current };
        assert_eq!(other.liveness(), Liveness::Alive);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(other.liveness(), Liveness::Dead);
    }

    #[test]
    fn a_later_process_with_the_same_number_is_another_one() {
        let current = Process::current();
        let earlier = Process { started: Some("another boot/1".to_owned()), ..current.clone() };
        assert_eq!(earlier.liveness(), Liveness::Dead);
        let elsewhere = Process { host: format!("not {}", current.host), ..current };
        assert_eq!(elsewhere.liveness(), Liveness::Unknown);
    }
}
