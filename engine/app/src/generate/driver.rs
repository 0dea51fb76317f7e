//! Who drives. Like customers, drivers are not kept in a list.

use super::catalog::{self, DEPOT_WEIGHTS, DEPOTS};
use super::day::{Day, Moment};
use super::random::{Random, Topic};
use super::record::Record;
use super::words;

/// How many cylinders' trips a driver makes on an average day.
const TRIPS_PER_DRIVER: u32 = 24;
const MOST_PER_DEPOT: u32 = 999;
/// Each driver changes once in this many days.
const CHANGE_PERIOD: i32 = 120;

/// One driver.
#[derive(Clone, Copy)]
pub(super) struct Driver {
    home_depot: u8,
    number: u32,
    /// Its position among all drivers.
    position: i32,
    phase: i32,
}

impl Driver {
    /// The depot's number and three digits.
    pub(super) fn id(&self) -> i64 {
        driver_id(self.home_depot, self.number)
    }
}

fn driver_id(depot: u8, number: u32) -> i64 {
    (i64::from(depot) + 1) * 1_000 + i64::from(number) + 1
}

/// All drivers of the company.
pub(super) struct Drivers {
    seed: u64,
    first_day: Day,
    per_depot: [u32; DEPOTS.len()],
}

impl Drivers {
    pub(super) fn new(seed: u64, first_day: Day, deliveries_per_day: u32) -> Self {
        let weights: u32 = DEPOT_WEIGHTS.iter().sum();
        let per_depot = DEPOT_WEIGHTS.map(|weight| {
            let deliveries = u64::from(deliveries_per_day) * u64::from(weight) / u64::from(weights);
            (deliveries as u32 / TRIPS_PER_DRIVER).clamp(2, MOST_PER_DEPOT)
        });
        Drivers { seed, first_day, per_depot }
    }

    /// Who brings something from a depot; the experienced ones drive more.
    pub(super) fn draw(&self, random: &mut Random, depot: u8) -> i64 {
        let count = self.per_depot.get(usize::from(depot)).copied().unwrap_or(1);
        let first = random.below(count);
        driver_id(depot, first.min(random.below(count + count / 2)))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Driver> {
        let numbered = self.per_depot.iter().enumerate();
        let pairs = numbered.flat_map(|(depot, count)| (0..*count).map(move |number| (depot as u8, number)));
        pairs.enumerate().map(|(position, (home_depot, number))| {
            let mut random = Random::keyed(self.seed, Topic::Driver, u64::from(home_depot), u64::from(number));
            Driver { home_depot, number, position: position as i32, phase: random.between(0, CHANGE_PERIOD - 1) }
        })
    }

    fn total(&self) -> i32 {
        self.per_depot.iter().sum::<u32>() as i32
    }

    /// Whether the driver's row is sent on a day after the first: a change, or the check of one licence a day.
    pub(super) fn is_sent(&self, driver: &Driver, day: Day) -> bool {
        (day.0 + driver.phase) % CHANGE_PERIOD == 0 || day.0.rem_euclid(self.total()) == driver.position
    }

    fn version(&self, driver: &Driver, day: Day) -> i32 {
        let periods = |day: Day| (day.0 + driver.phase).div_euclid(CHANGE_PERIOD);
        periods(day) - periods(self.first_day)
    }

    fn change_stream(&self, driver: &Driver, version: i32) -> Random {
        Random::keyed(self.seed, Topic::DriverChange, driver.id().unsigned_abs(), u64::from(version.unsigned_abs()))
    }

    /// Writes the driver as it is at the end of a day.
    pub(super) fn write(&self, driver: &Driver, day: Day, altered: bool, record: &mut Record) {
        let version = self.version(driver, day);
        // What a change is about: 0 a transfer, 1 a pause until the next change, others a new licence.
        let about = |version: i32| self.change_stream(driver, version).below(12);
        let latest = |wanted: fn(u32) -> bool| (1..=version).rev().find(|version| wanted(about(*version)));
        let facet = |number: u64| Random::keyed(self.seed, Topic::Driver, driver.id().unsigned_abs(), number);

        let mut text = String::new();
        words::person(&mut facet(1), &mut text);
        record.integer(driver.id()).text(&text);
        text.clear();
        text.push_str("DL-");
        let licence = latest(|about| about > 1).unwrap_or(0).unsigned_abs();
        words::digits(&mut facet(100 + u64::from(licence)), 8, &mut text);
        record.word(&text);
        let depot = latest(|about| about == 0).map_or(driver.home_depot, |version| {
            let mut random = self.change_stream(driver, version);
            random.bits();
            random.below(DEPOTS.len() as u32) as u8
        });
        record.integer(i64::from(depot) + 1);
        let opened = catalog::opened(catalog::depot(driver.home_depot));
        let years = self.first_day.since(opened).max(1);
        record.date(opened.plus(facet(2).between(0, years - 1)));
        let paused = version > 0 && about(version) == 1;
        record.boolean(paused == altered).timestamp(self.updated_at(driver, day));
    }

    fn updated_at(&self, driver: &Driver, day: Day) -> Moment {
        let changed = day.plus(-(day.0 + driver.phase).rem_euclid(CHANGE_PERIOD));
        let checked = day.plus(-(day.0 - driver.position).rem_euclid(self.total()));
        let latest = changed.max(checked).max(self.first_day);
        Moment { day: latest, second: 7 * 3600 + 60 * driver.position.unsigned_abs() % 36_000 }
    }
}
