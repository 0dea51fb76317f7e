//! Rules of the refresh that are broken on purpose: the random histories find each of them. Else they would prove nothing.

use std::collections::BTreeSet;

use nightshift_failure::{Mutation, broken};

use crate::history::Histories;

/// So many histories have to suffice.
const MOST: u64 = 200;

fn is_found(mutation: Mutation) {
    let _broken = broken(mutation);
    match Histories::new().first_wrong(0..MOST, 0) {
        Some((seed, wrong)) => println!("{mutation:?} is found by history {seed}: {wrong}"),
        None => panic!("{mutation:?} is not found within {MOST} histories"),
    }
}

macro_rules! each_is_found {
    ($($name:ident: $mutation:ident),+ $(,)?) => {
        $(
            #[test]
            #[ignore = "takes minutes; tests/nightly.sh runs it"]
            fn $name() {
                is_found(Mutation::$mutation);
            }
        )+

        /// None is left out.
        #[test]
        fn every_mutation_has_a_test() {
            assert_eq!(BTreeSet::from([$(Mutation::$mutation),+]), BTreeSet::from(Mutation::ALL));
        }
    };
}

each_is_found! {
    keeps_sign_is_found: KeepsSign,
    extremes_stay_is_found: ExtremesStay,
    doubles_give_back_is_found: DoublesGiveBack,
    empty_groups_stay_is_found: EmptyGroupsStay,
    only_what_came_touches_is_found: OnlyWhatCameTouches,
    lookups_touch_nothing_is_found: LookupsTouchNothing,
    went_finds_now_is_found: WentFindsNow,
    values_are_not_asked_for_is_found: ValuesAreNotAskedFor,
    nothing_follows_is_found: NothingFollows,
    timeless_are_forgotten_is_found: TimelessAreForgotten,
    rearranged_unseen_is_found: RearrangedUnseen,
    stale_feeds_is_found: StaleFeeds,
    partials_forget_is_found: PartialsForget,
}
