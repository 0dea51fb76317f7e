//! The allocator and its settings.
//!
//! Queries free and allocate the same amounts of memory again and again. Where the allocator gives pages back in between, the kernel has
//! to clear them anew: 15 % of the time that twelve reports over 30 M rows took (23.6 s, and 20.2 s without; the most memory that
//! the process held was the same). Where memory is short they are given back: with a pool of 512 MiB the program held 1.3 GiB
//! otherwise, and 0.9 GiB so.
//!
//! Pages are of the usual size. Huge ones are cleared as a whole when their first byte is touched, and in a process that lives for
//! seconds that is not earned back: 5 to 6 % of the time of reports, of a night, and of all rollups from nothing.
//! On another machine they took a tenth less where a run followed another of its kind, and nothing less where another program had run
//! in between, as before a night.

use std::env;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// After how many milliseconds unused pages are given back; below zero never. Whoever sets it is not overruled.
const GIVE_BACK: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "-1");
/// Whether the kernel may make pages huge.
const HUGE: (&str, &str) = ("MIMALLOC_ALLOW_THP", "0");

/// A batch with less memory than this, in bytes, has none to keep.
pub(crate) const AMPLE: u64 = 4 << 30;

/// Makes the allocator keep its pages, all of the usual size, if the batch may use ample memory. It reads its settings before `main`, and nothing safe can
/// change them later, so the program starts itself once more in its own place. Where that cannot be done, it goes on as it is: only time is lost.
pub(crate) fn keep_pages(memory: impl FnOnce() -> u64) {
    #[cfg(unix)]
    if env::var_os(GIVE_BACK.0).is_none()
        && memory() >= AMPLE
        && let Ok(program) = env::current_exe()
    {
        use std::os::unix::process::CommandExt as _;
        let mut arguments = env::args_os();
        let mut again = std::process::Command::new(program);
        if let Some(name) = arguments.next() {
            again.arg0(name);
        }
        let _error = again.args(arguments).envs([GIVE_BACK, HUGE]).exec();
    }
}
