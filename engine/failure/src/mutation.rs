//! Rules that tests break on purpose, to see that the random histories find it.

/// A rule of the refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mutation {
    /// What goes from a sum is added to it.
    KeepsSign,
    /// An extreme that may be gone stays.
    ExtremesStay,
    /// A sum of doubles gives back what goes.
    DoublesGiveBack,
    /// A group of which no row is left stays.
    EmptyGroupsStay,
    /// Rows that went touch no bucket.
    OnlyWhatCameTouches,
    /// What changed in a joined table touches no bucket.
    LookupsTouchNothing,
    /// Facts that go are taken from where they would stand now.
    WentFindsNow,
    /// A value that comes is new to its group, and one that goes is gone.
    ValuesAreNotAskedFor,
    /// Buckets after the touched ones are left as they are, whatever depends on earlier ones.
    NothingFollows,
    /// Rows without a time are in no bucket.
    TimelessAreForgotten,
    /// Rows that were put elsewhere are no change, wherever they stood before.
    RearrangedUnseen,
    /// A finer rollup feeds a coarser one whatever versions it stands for.
    StaleFeeds,
    /// What comes to a state of DataFusion's own is forgotten.
    PartialsForget,
}

impl Mutation {
    /// Every one.
    pub const ALL: [Self; 13] = [
        Self::KeepsSign,
        Self::ExtremesStay,
        Self::DoublesGiveBack,
        Self::EmptyGroupsStay,
        Self::OnlyWhatCameTouches,
        Self::LookupsTouchNothing,
        Self::WentFindsNow,
        Self::ValuesAreNotAskedFor,
        Self::NothingFollows,
        Self::TimelessAreForgotten,
        Self::RearrangedUnseen,
        Self::StaleFeeds,
        Self::PartialsForget,
    ];
}

/// Whether a rule is broken; never in a release build.
#[inline]
#[must_use]
pub fn is_broken(mutation: Mutation) -> bool {
    #[cfg(debug_assertions)]
    let broken = armed::is_broken(mutation);
    #[cfg(not(debug_assertions))]
    let broken = {
        let _ = mutation;
        false
    };
    broken
}

/// Breaks a rule in this process for as long as what is given back lives. In a release build it does nothing.
#[must_use]
pub fn broken(mutation: Mutation) -> Broken {
    #[cfg(debug_assertions)]
    armed::set(Some(mutation));
    Broken(mutation)
}

/// A rule that is broken until this is dropped.
#[derive(Debug)]
pub struct Broken(Mutation);

impl Drop for Broken {
    fn drop(&mut self) {
        #[cfg(debug_assertions)]
        armed::set(None);
        let _ = self.0;
    }
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::Mutation;

    const NONE: usize = usize::MAX;

    static BROKEN: AtomicUsize = AtomicUsize::new(NONE);

    pub(super) fn set(mutation: Option<Mutation>) {
        BROKEN.store(mutation.map_or(NONE, |mutation| mutation as usize), Ordering::SeqCst);
    }

    pub(super) fn is_broken(mutation: Mutation) -> bool {
        BROKEN.load(Ordering::SeqCst) == mutation as usize
    }
}
